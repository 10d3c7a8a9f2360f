#include "domain/publishing_rig.hpp"

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(publishing_test, completes_and_delivers) {
  const auto answer = publish({updated("p1")});
  ASSERT_TRUE(answer) << answer.error().detail;
  ASSERT_THAT(answer->events, SizeIs(1));
  ASSERT_THAT(out.items, SizeIs(1));
  const auto& sent = out.items[0];
  EXPECT_EQ(sent.type, "project.updated");
  EXPECT_EQ(answer->events[0].id, sent.id);
  EXPECT_EQ(answer->events[0].cursor, "e-1");
  EXPECT_EQ(sent.json,
            R"({"specversion":"1.0","id":")" + sent.id +
                R"(","type":"project.updated","source":"/fanfare","subject":"project:p1",)"
                R"("time":"2026-01-02T03:04:05.678Z","data":{"project_id":"p1","changes":{}},"cursor":"e-1"})");
  EXPECT_THAT(sent.rooms, ElementsAre("project:p1"));
  EXPECT_EQ(sent.sequence, 1U);
  EXPECT_EQ(sent.conflate_key, "");
  EXPECT_FALSE(answer->repeated);
  EXPECT_EQ(events.head_cursor(), "e-1");
  EXPECT_EQ(count("fanfare_events_published_total"), 1);
}

TEST_F(publishing_test, keeps_what_the_publisher_says) {
  auto item = updated("p1", "mine");
  item.rooms = {"global", "user:u1", "global"};
  item.source = "/ci";
  item.time = "2020-01-01T00:00:00.000Z";
  ASSERT_TRUE(publish({item}));
  EXPECT_EQ(out.items[0].id, "mine");
  EXPECT_THAT(out.items[0].rooms, ElementsAre("global", "user:u1"));
  EXPECT_NE(out.items[0].json.find(R"("source":"/ci","subject":"global","time":"2020-01-01T00:00:00.000Z")"),
            std::string::npos);
}

TEST_F(publishing_test, hands_conflation_keys_on) {
  draft item;
  item.type = "agent.status_changed";
  item.data = object{{"agent_id", "a1"}, {"status", "idle"}};
  ASSERT_TRUE(publish({item}));
  EXPECT_EQ(out.items[0].conflate_key,
            "agent.status_changed\x1f"
            "a1");
}

TEST_F(publishing_test, all_of_a_batch_or_none) {
  auto bad = updated("p2");
  bad.data.if_object()->erase("project_id");
  const auto answer = publish({updated("p1"), bad});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::bad_request);
  EXPECT_EQ(answer.error().pointer, "/1/data/project_id");
  EXPECT_EQ(publish({bad}, context(), false).error().pointer, "/data/project_id");
  EXPECT_THAT(out.items, IsEmpty());
  EXPECT_EQ(log.head(), 0U);
  ASSERT_TRUE(publish({updated("p1"), updated("p2"), updated("p3")}));
  EXPECT_THAT(out.items, SizeIs(3));
  EXPECT_EQ(count("fanfare_publish_refused_total"), 2);
}

TEST_F(publishing_test, refuses_what_it_must) {
  const auto fault = [this](draft item) {
    const auto answer = publish({std::move(item)}, context(), false);
    EXPECT_FALSE(answer);
    return answer ? "accepted" : answer.error().pointer;
  };
  auto item = updated("p1");
  item.type = "project.renamed";
  EXPECT_EQ(fault(item), "/type");
  item.type = "pong";
  EXPECT_EQ(fault(item), "/type") << "only the server sends it";
  item = updated("p1");
  item.rooms = {"global", "no room"};
  EXPECT_EQ(fault(item), "/rooms/1");
  EXPECT_EQ(publish({}).error().code, errc::bad_request);
  EXPECT_EQ(publish(std::vector<draft>(6, updated("p1"))).error().code, errc::over_limit);
  item = updated("p1");
  item.data.if_object()->set("name", std::string(3000, 'x'));
  EXPECT_EQ(publish({item}).error().code, errc::payload_too_large);
  item = updated("p1");
  item.rooms = std::vector<std::string>(101, "global");
  EXPECT_EQ(publish({item}).error().code, errc::over_limit);
  EXPECT_EQ(publish({updated("p1")}, context(std::string(257, 'k'))).error().code, errc::bad_request);
  EXPECT_THAT(out.items, IsEmpty());
  EXPECT_EQ(count("fanfare_publish_refused_total"), 8);
  const auto by = [this](const char* cause) {
    return numbers.counter("fanfare_publish_refused_total", "", {{"cause", cause}}).get();
  };
  EXPECT_EQ(by("bad_request"), 5);
  EXPECT_EQ(by("over_limit"), 2);
  EXPECT_EQ(by("payload_too_large"), 1);
}

TEST_F(publishing_test, asks_whether_the_publisher_may) {
  auto given = context();
  given.may_publish = [](const std::string& room) {
    return room == "project:p1" ? result<void>() : result<void>(errc::forbidden);
  };
  EXPECT_TRUE(publish({updated("p1")}, given));
  const auto answer = publish({updated("p1"), updated("p2")}, given);
  EXPECT_EQ(answer.error().code, errc::forbidden);
  EXPECT_EQ(answer.error().pointer, "/1/rooms/0");
  EXPECT_THAT(out.items, SizeIs(1));
}

TEST_F(publishing_test, a_type_without_rooms_needs_them_named) {
  catalogue own;
  ASSERT_TRUE(own.add_schema(R"({"title":"note.added","type":"object","x-fanfare-kept":false})"));
  history::memory_log other("f");
  node notes(own, other, out);
  draft item;
  item.type = "note.added";
  auto code = errc::internal;
  notes.publisher.publish({item}, context(), [&code](const auto& answer) { code = answer.error().code; });
  EXPECT_EQ(code, errc::bad_request);
}

TEST_F(publishing_test, what_is_not_kept_carries_the_head_and_no_sequence) {
  catalogue own;
  ASSERT_TRUE(
      own.add_schema(R"({"title":"note.added","type":"object","x-fanfare-kept":false,"x-fanfare-rooms":["global"]})"));
  history::memory_log other("f");
  node notes(own, other, out);
  draft note;
  note.type = "note.added";
  notes.publisher.publish({updated("p1"), note}, context(), [](const auto& answer) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->events[1].cursor, "f-1");
  });
  ASSERT_THAT(out.items, SizeIs(2));
  EXPECT_EQ(out.items[1].cursor, "f-1");
  EXPECT_EQ(out.items[1].sequence, 0U);
  EXPECT_EQ(notes.events.head_cursor(), "f-1");
  EXPECT_THAT(history_of(notes.events, "global")->events, IsEmpty());
}

TEST_F(publishing_test, an_event_id_seen_before_is_answered_the_same) {
  const auto first = *publish({updated("p1", "x")});
  const auto again = *publish({updated("p1", "x")});
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.events[0].cursor, first.events[0].cursor);
  EXPECT_THAT(out.items, SizeIs(1));
  const auto mixed = *publish({updated("p1", "y"), updated("p1", "x"), updated("p1", "y")});
  EXPECT_FALSE(mixed.repeated);
  EXPECT_EQ(mixed.events[0].cursor, "e-2");
  EXPECT_EQ(mixed.events[1].cursor, "e-1");
  EXPECT_EQ(mixed.events[2].cursor, "e-2") << "the same id twice in one batch";
  EXPECT_THAT(out.items, SizeIs(2));
  EXPECT_EQ(count("fanfare_events_repeated_total"), 3);
}

TEST_F(publishing_test, ids_count_per_publisher_and_source) {
  ASSERT_TRUE(publish({updated("p1", "x")}));
  auto other = context();
  other.publisher = "someone";
  ASSERT_TRUE(publish({updated("p1", "x")}, other));
  auto item = updated("p1", "x");
  item.source = "/elsewhere";
  ASSERT_TRUE(publish({item}));
  EXPECT_THAT(out.items, SizeIs(3));
}

TEST_F(publishing_test, an_idempotency_key_answers_for_the_whole_request) {
  const auto first = *publish({updated("p1"), updated("p2")}, context("k"));
  const auto again = *publish({updated("p1"), updated("p2")}, context("k"));
  EXPECT_TRUE(again.repeated);
  ASSERT_THAT(again.events, SizeIs(2));
  EXPECT_EQ(again.events[1].id, first.events[1].id);
  EXPECT_EQ(again.events[1].cursor, "e-2");
  EXPECT_THAT(out.items, SizeIs(2));
  auto later = context("k");
  later.steady_now += 601s;
  EXPECT_FALSE(publish({updated("p1")}, later)->repeated) << "the window is over";
}

TEST_F(publishing_test, an_idempotency_key_belongs_to_one_request) {
  const auto with = [](std::string digest) {
    auto given = context("k");
    given.request_digest = std::move(digest);
    return given;
  };
  ASSERT_TRUE(publish({updated("p1")}, with("one")));
  EXPECT_EQ(publish({updated("p2")}, with("two")).error().code, errc::idempotency_mismatch);
  EXPECT_TRUE(publish({updated("p1")}, with("one"))->repeated);
  EXPECT_THAT(out.items, SizeIs(1));

  slow_log slow;
  node remote(types, slow, out);
  std::vector<errc> refusals;
  const auto note = [&refusals](const result<publish_answer>& answer) {
    if (!answer) refusals.push_back(answer.error().code);
  };
  remote.publisher.publish({updated("p1")}, with("one"), note);
  remote.publisher.publish({updated("p2")}, with("two"), note);
  EXPECT_THAT(refusals, ElementsAre(errc::idempotency_mismatch)) << "also while the first is under way";
  EXPECT_THAT(slow.pending, SizeIs(1));
}

TEST_F(publishing_test, rooms_are_of_the_kinds_there_are) {
  node strict(types, log, out, {.room_kinds = {"project", "agent", "user", "global", "team"}});
  const auto refusal = [&strict](std::vector<std::string> rooms) {
    auto item = updated("p1");
    item.rooms = std::move(rooms);
    std::string told = "taken";
    strict.publisher.publish({item}, context(), [&told](const result<publish_answer>& answer) {
      if (!answer) told = answer.error().pointer + " " + answer.error().detail;
    });
    return told;
  };
  EXPECT_EQ(refusal({"team:1", "projct:1"}), R"(/0/rooms/1 there is no such kind of room; did you mean "project"?)");
  EXPECT_EQ(refusal({"team:1", "global"}), "taken");
}

TEST_F(publishing_test, a_failed_publish_may_be_tried_again) {
  slow_log slow;
  node remote(types, slow, out);
  std::vector<std::string> answers;
  const auto note = [&answers](const result<publish_answer>& answer) {
    answers.push_back(answer ? answer->events[0].cursor + (answer->repeated ? " again" : "") : "failed");
  };
  remote.publisher.publish({updated("p1", "x")}, context("k"), note);
  slow.settle(false);
  remote.publisher.publish({updated("p1", "x")}, context("k"), note);
  slow.settle();
  remote.publisher.publish({updated("p1", "x")}, context("k"), note);
  EXPECT_THAT(answers, ElementsAre("failed", "slow-1", "slow-1 again"));
  EXPECT_THAT(out.items, SizeIs(1));
}

TEST_F(publishing_test, what_another_node_was_asked_before_is_answered_as_then) {
  slow_log slow;
  node remote(types, slow, out);
  std::vector<std::string> answers;
  const auto note = [&answers](const result<publish_answer>& answer) {
    answers.emplace_back(answer ? (answer->repeated ? "again" : "new")
                                : std::string(describe(answer.error().code).metric_label));
    for (std::size_t i = 0; answer && i < answer->events.size(); ++i) {
      answers.back() += " " + answer->events[i].id + "@" + answer->events[i].cursor;
    }
  };
  remote.publisher.publish({updated("p1", "x"), updated("p1", "y")}, context(), note);
  slow.settle({{4, 9}, {{slow.pending[0].answers[0].key, "", {{"x", 4, 0}}, 0}}});
  for (const auto* digest : {"theirs", "another"}) {
    auto given = context("k");
    given.request_digest = "theirs";
    given.idempotency_key += digest;
    remote.publisher.publish({updated("p1")}, given, note);
    slow.settle({{6}, {{slow.pending[0].answers.back().key, digest, {{"z", 6, 0}}, 0}}});
  }
  EXPECT_THAT(answers, ElementsAre("new x@slow-4 y@slow-9", "again z@slow-6", "idempotency_mismatch"));
  EXPECT_THAT(out.items, IsEmpty()) << "the log brings what is new by itself";
}

TEST_F(publishing_test, a_repeat_waits_for_the_first) {
  slow_log slow;
  node remote(types, slow, out, {.waiting_max = 2});
  std::vector<std::string> answers;
  const auto note = [&answers](const result<publish_answer>& answer) {
    answers.push_back(answer ? answer->events[0].cursor + (answer->repeated ? " again" : "")
                             : std::string(describe(answer.error().code).metric_label));
  };
  remote.publisher.publish({updated("p1", "x")}, context("k"), note);
  remote.publisher.publish({updated("p1", "x")}, context("k"), note);
  remote.publisher.publish({updated("p1", "x")}, context(), note);
  remote.publisher.publish({updated("p1", "x")}, context(), note);
  EXPECT_THAT(answers, ElementsAre("overload")) << "no more than two wait";
  EXPECT_THAT(slow.pending, SizeIs(1));
  slow.settle();
  EXPECT_THAT(answers, ElementsAre("overload", "slow-1", "slow-1 again", "slow-1 again"));
  EXPECT_THAT(out.items, SizeIs(1));
}

TEST_F(publishing_test, a_waiting_repeat_takes_over_when_the_first_fails) {
  slow_log slow;
  node remote(types, slow, out);
  std::vector<bool> answers;
  const auto note = [&answers](const auto& answer) { answers.push_back(answer.has_value()); };
  remote.publisher.publish({updated("p1", "x")}, context(), note);
  remote.publisher.publish({updated("p1", "x")}, context(), note);
  slow.settle(false);
  ASSERT_THAT(slow.pending, SizeIs(1));
  slow.settle();
  EXPECT_THAT(answers, ElementsAre(false, true));
}

}  // namespace
}  // namespace fanfare::domain
