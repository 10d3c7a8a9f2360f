#include "domain/broadcaster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <fanfare/base/json.hpp>

#include "history/memory_log.hpp"

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

/// Remembers what it was told to deliver.
class recorder : public delivery {
 public:
  struct item {
    std::string type, id, cursor, json;
    std::vector<std::string> rooms;
    std::uint64_t sequence;
    std::string conflate_key;
  };
  void deliver(const outgoing& event) override {
    items.push_back({event.type, std::string(event.envelope.find("id")->as_string()),
                     std::string(event.envelope.find("cursor")->as_string()), json::write(event.envelope), event.rooms,
                     event.sequence, event.conflate_key});
  }
  std::vector<item> items;
};

/// A log whose answers come when the test lets them, as those of a remote store do.
class slow_log : public history::log {
 public:
  void observe(observer work) override { observer_ = std::move(work); }
  void append(std::vector<history::entry> batch, appended done) override {
    pending.push_back({std::move(batch), std::move(done)});
  }
  [[nodiscard]] result<history::page> read(const std::vector<std::string>&, std::uint64_t, std::uint64_t,
                                           std::size_t) const override {
    return errc::unavailable;
  }
  [[nodiscard]] std::uint64_t head() const override { return head_; }
  [[nodiscard]] std::uint64_t oldest() const override { return 1; }
  [[nodiscard]] const std::string& epoch() const noexcept override { return epoch_; }
  [[nodiscard]] usage used() const override { return {}; }

  /// Settles the oldest append; as another node's entries would come, without the live envelope.
  void settle(bool well = true) {
    auto [batch, done] = std::move(pending.front());
    pending.erase(pending.begin());
    if (!well) return done(errc::unavailable);
    std::vector<std::uint64_t> positions;
    for (auto& item : batch) {
      item.position = ++head_;
      item.envelope = nullptr;
      positions.push_back(item.position);
      observer_(item);
    }
    done(positions);
  }
  struct waiting {
    std::vector<history::entry> batch;
    appended done;
  };
  std::vector<waiting> pending;

 private:
  observer observer_;
  std::uint64_t head_ = 0;
  std::string epoch_ = "slow";
};

struct broadcaster_test : testing::Test {
  catalogue types;
  history::memory_log log{"e"};
  recorder out;
  metrics::registry numbers;
  broadcaster events{types, log, out, {.batch_max = 5, .event_bytes_max = 2000, .replay_max = 5, .metrics = &numbers}};

  static publish_context context(std::string key = {}) {
    publish_context given;
    given.publisher = "ci";
    given.idempotency_key = std::move(key);
    given.now = system_time(1767323045678ms);
    given.steady_now = steady_time(1h);
    return given;
  }
  static draft updated(std::string project, std::string id = {}) {
    draft item;
    item.type = "project.updated";
    item.data = object{{"project_id", std::move(project)}, {"changes", object{}}};
    item.id = std::move(id);
    return item;
  }
  result<publish_answer> publish(std::vector<draft> drafts, publish_context given = context(), bool batch = true) {
    result<publish_answer> answer = errc::internal;
    events.publish(
        std::move(drafts), std::move(given), [&answer](auto given) { answer = std::move(given); }, batch);
    return answer;
  }
  static broadcaster::join_rooms joins() {
    return [](const auto&, auto) { return result<void>(); };
  }
  [[nodiscard]] double count(const char* name) {
    for (const auto& sample : numbers.collect()) {
      if (sample.name == name) return sample.amount;
    }
    return -1;
  }
};

TEST_F(broadcaster_test, completes_and_delivers) {
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

TEST_F(broadcaster_test, keeps_what_the_publisher_says) {
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

TEST_F(broadcaster_test, hands_conflation_keys_on) {
  draft item;
  item.type = "agent.status_changed";
  item.data = object{{"agent_id", "a1"}, {"status", "idle"}};
  ASSERT_TRUE(publish({item}));
  EXPECT_EQ(out.items[0].conflate_key,
            "agent.status_changed\x1f"
            "a1");
}

TEST_F(broadcaster_test, all_of_a_batch_or_none) {
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

TEST_F(broadcaster_test, refuses_what_it_must) {
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
}

TEST_F(broadcaster_test, asks_whether_the_publisher_may) {
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

TEST_F(broadcaster_test, a_type_without_rooms_needs_them_named) {
  catalogue own;
  ASSERT_TRUE(own.add_schema(R"({"title":"note.added","type":"object","x-fanfare-kept":false})"));
  history::memory_log other("f");
  broadcaster notes(own, other, out);
  draft item;
  item.type = "note.added";
  auto code = errc::internal;
  notes.publish({item}, context(), [&code](const auto& answer) { code = answer.error().code; });
  EXPECT_EQ(code, errc::bad_request);
}

TEST_F(broadcaster_test, what_is_not_kept_carries_the_head_and_no_sequence) {
  catalogue own;
  ASSERT_TRUE(
      own.add_schema(R"({"title":"note.added","type":"object","x-fanfare-kept":false,"x-fanfare-rooms":["global"]})"));
  history::memory_log other("f");
  broadcaster notes(own, other, out);
  draft note;
  note.type = "note.added";
  notes.publish({updated("p1"), note}, context(), [](const auto& answer) {
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->events[1].cursor, "f-1");
  });
  ASSERT_THAT(out.items, SizeIs(2));
  EXPECT_EQ(out.items[1].cursor, "f-1");
  EXPECT_EQ(out.items[1].sequence, 0U);
  EXPECT_EQ(notes.head_cursor(), "f-1");
  EXPECT_THAT(notes.read({"global"}, std::nullopt, 10)->events, IsEmpty());
}

TEST_F(broadcaster_test, an_event_id_seen_before_is_answered_the_same) {
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

TEST_F(broadcaster_test, ids_count_per_publisher_and_source) {
  ASSERT_TRUE(publish({updated("p1", "x")}));
  auto other = context();
  other.publisher = "someone";
  ASSERT_TRUE(publish({updated("p1", "x")}, other));
  auto item = updated("p1", "x");
  item.source = "/elsewhere";
  ASSERT_TRUE(publish({item}));
  EXPECT_THAT(out.items, SizeIs(3));
}

TEST_F(broadcaster_test, an_idempotency_key_answers_for_the_whole_request) {
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

TEST_F(broadcaster_test, a_failed_publish_may_be_tried_again) {
  slow_log slow;
  broadcaster remote(types, slow, out);
  std::vector<std::string> answers;
  const auto note = [&answers](const result<publish_answer>& answer) {
    answers.push_back(answer ? answer->events[0].cursor + (answer->repeated ? " again" : "") : "failed");
  };
  remote.publish({updated("p1", "x")}, context("k"), note);
  slow.settle(false);
  remote.publish({updated("p1", "x")}, context("k"), note);
  slow.settle();
  remote.publish({updated("p1", "x")}, context("k"), note);
  EXPECT_THAT(answers, ElementsAre("failed", "slow-1", "slow-1 again"));
  EXPECT_THAT(out.items, SizeIs(1));
}

TEST_F(broadcaster_test, a_repeat_waits_for_the_first) {
  slow_log slow;
  broadcaster remote(types, slow, out, {.waiting_max = 2});
  std::vector<std::string> answers;
  const auto note = [&answers](const result<publish_answer>& answer) {
    answers.push_back(answer ? answer->events[0].cursor + (answer->repeated ? " again" : "")
                             : std::string(describe(answer.error().code).metric_label));
  };
  remote.publish({updated("p1", "x")}, context("k"), note);
  remote.publish({updated("p1", "x")}, context("k"), note);
  remote.publish({updated("p1", "x")}, context(), note);
  remote.publish({updated("p1", "x")}, context(), note);
  EXPECT_THAT(answers, ElementsAre("overload")) << "no more than two wait";
  EXPECT_THAT(slow.pending, SizeIs(1));
  slow.settle();
  EXPECT_THAT(answers, ElementsAre("overload", "slow-1", "slow-1 again", "slow-1 again"));
  EXPECT_THAT(out.items, SizeIs(1));
}

TEST_F(broadcaster_test, a_waiting_repeat_takes_over_when_the_first_fails) {
  slow_log slow;
  broadcaster remote(types, slow, out);
  std::vector<bool> answers;
  const auto note = [&answers](const auto& answer) { answers.push_back(answer.has_value()); };
  remote.publish({updated("p1", "x")}, context(), note);
  remote.publish({updated("p1", "x")}, context(), note);
  slow.settle(false);
  ASSERT_THAT(slow.pending, SizeIs(1));
  slow.settle();
  EXPECT_THAT(answers, ElementsAre(false, true));
}

TEST_F(broadcaster_test, subscribers_get_what_they_missed_then_the_head) {
  ASSERT_TRUE(publish({updated("p1"), updated("p2"), updated("p1")}));
  std::uint64_t after = 0;
  const auto entered = events.subscribe({{"project:p1"}, "e-1", nullptr}, [&](const auto& rooms, auto head) {
    EXPECT_THAT(rooms, ElementsAre("project:p1"));
    after = head;
    return result<void>();
  });
  ASSERT_TRUE(entered);
  EXPECT_EQ(after, 3U);
  EXPECT_EQ(entered->cursor, "e-3");
  EXPECT_TRUE(entered->recovered);
  ASSERT_THAT(entered->events, SizeIs(1));
  EXPECT_EQ(entered->events[0].type, "project.updated");
  EXPECT_EQ(json::write(entered->events[0].envelope), out.items[2].json) << "as it was sent live";
}

TEST_F(broadcaster_test, without_since_nothing_is_replayed) {
  ASSERT_TRUE(publish({updated("p1")}));
  const auto entered = events.subscribe({{"project:p1"}, std::nullopt, nullptr}, joins());
  EXPECT_FALSE(entered->recovered);
  EXPECT_THAT(entered->events, IsEmpty());
  EXPECT_EQ(entered->cursor, "e-1");
}

TEST_F(broadcaster_test, cursors_that_lead_nowhere) {
  ASSERT_TRUE(publish({updated("p1")}));
  for (const auto* since : {"other-1", "e-2", "e-99999999999"}) {
    const auto entered = events.subscribe({{"project:p1"}, since, nullptr}, joins());
    ASSERT_TRUE(entered) << since;
    EXPECT_FALSE(entered->recovered) << since;
    EXPECT_THAT(entered->events, IsEmpty());
  }
  for (const auto* since : {"", "e", "e-", "e-1x", "1"}) {
    const auto entered = events.subscribe({{"project:p1"}, since, nullptr}, joins());
    ASSERT_FALSE(entered) << since;
    EXPECT_EQ(entered.error().pointer, "/since");
  }
  EXPECT_FALSE(events.subscribe({{}, std::nullopt, nullptr}, joins()));
}

TEST_F(broadcaster_test, too_much_missed_is_not_recovered) {
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(publish({updated("p1")}));
  EXPECT_FALSE(events.subscribe({{"project:p1"}, "e-0", nullptr}, joins())->recovered);
  EXPECT_THAT(events.subscribe({{"project:p1"}, "e-1", nullptr}, joins())->events, SizeIs(5));
}

TEST_F(broadcaster_test, a_join_that_fails_fails_the_subscription) {
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  const auto entered =
      events.subscribe({{"project:p1"}, std::nullopt, only}, [](const auto&, auto) { return errc::over_limit; });
  EXPECT_EQ(entered.error().code, errc::over_limit);
  EXPECT_EQ(events.active_filters(), 0U) << "its filter is given back";
}

TEST_F(broadcaster_test, filtered_subscribers_have_a_room_of_their_own) {
  const auto only = *filter::parse(object{{"exact", object{{"/data/project_id", "p1"}}}});
  ASSERT_TRUE(publish({updated("p1"), updated("p2")}));
  auto wish = updated("p3");
  wish.rooms = {"global"};
  ASSERT_TRUE(publish({wish}));
  const auto entered = events.subscribe({{"global", "project:p1"}, "e-0", only}, joins());
  ASSERT_TRUE(entered);
  ASSERT_THAT(entered->joined, SizeIs(2));
  EXPECT_EQ(public_room(entered->joined[0]), "global");
  EXPECT_NE(entered->joined[0], "global");
  EXPECT_TRUE(entered->recovered);
  EXPECT_THAT(entered->events, SizeIs(1)) << "the replay is filtered too";
  ASSERT_TRUE(publish({updated("p1"), updated("p2")}));
  EXPECT_THAT(out.items[3].rooms, ElementsAre("project:p1", entered->joined[1]));
  EXPECT_THAT(out.items[4].rooms, ElementsAre("project:p2"));
  for (const auto& room : entered->joined) events.release(room);
  ASSERT_TRUE(publish({updated("p1")}));
  EXPECT_THAT(out.items[5].rooms, ElementsAre("project:p1"));
}

TEST_F(broadcaster_test, a_delivery_may_give_filters_back) {
  // A socket whose queue a broadcast overflows closes at once, in the middle of the delivery.
  struct closing : delivery {
    void deliver(const outgoing&) override {
      EXPECT_EQ(from->head_cursor(), "f-1");
      from->release(room);
    }
    broadcaster* from = nullptr;
    std::string room;
  } closes;
  history::memory_log other("f");
  broadcaster source(types, other, closes);
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  closes.from = &source;
  closes.room = source.subscribe({{"global"}, std::nullopt, only}, joins())->joined[0];
  source.publish({updated("p1")}, context(), [](const auto& answer) { EXPECT_TRUE(answer); });
  EXPECT_EQ(source.active_filters(), 0U);
}

TEST_F(broadcaster_test, filters_in_use_are_bounded) {
  history::memory_log other("f");
  broadcaster small(types, other, out, {.filters_max = 1});
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  EXPECT_EQ(small.subscribe({{"global", "project:p1"}, std::nullopt, only}, joins()).error().code, errc::over_limit);
  EXPECT_EQ(small.active_filters(), 0U);
}

TEST_F(broadcaster_test, history_is_read_in_pages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publish({updated("p1")}));
  auto page = *events.read({"project:p1"}, std::nullopt, 2);
  EXPECT_THAT(page.events, SizeIs(2));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.cursor, "e-2");
  page = *events.read({"project:p1"}, page.cursor, 10);
  EXPECT_THAT(page.events, SizeIs(3));
  EXPECT_FALSE(page.more);
  EXPECT_TRUE(page.recovered);
  EXPECT_EQ(page.cursor, "e-5");
  page = *events.read({"project:p1"}, "gone-4", 10);
  EXPECT_FALSE(page.recovered);
  EXPECT_THAT(page.events, SizeIs(5)) << "all there is";
  EXPECT_THAT(events.read({"project:p1"}, "e-0", 0)->events, SizeIs(1));
  EXPECT_EQ(events.read({"project:p1"}, "nonsense", 10).error().pointer, "/since");
}

TEST_F(broadcaster_test, history_that_cannot_be_read_is_no_recovery) {
  slow_log slow;
  broadcaster remote(types, slow, out);
  EXPECT_EQ(remote.read({"global"}, std::nullopt, 1).error().code, errc::unavailable);
  const auto entered = remote.subscribe({{"global"}, "slow-0", nullptr}, joins());
  ASSERT_TRUE(entered);
  EXPECT_FALSE(entered->recovered);
}

TEST_F(broadcaster_test, many_threads_publish_each_event_once) {
  std::vector<std::thread> publishers;
  std::atomic<int> fresh{0}, answered{0};
  for (int n = 0; n < 4; ++n) {
    publishers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        events.publish({updated("p1", "id" + std::to_string(i))}, context(), [&](const auto& answer) {
          ++answered;
          if (answer && !answer->repeated) ++fresh;
        });
      }
    });
  }
  for (auto& each : publishers) each.join();
  EXPECT_EQ(answered, 800);
  EXPECT_EQ(fresh, 200);
  ASSERT_THAT(out.items, SizeIs(200));
  for (std::size_t i = 0; i < out.items.size(); ++i) ASSERT_EQ(out.items[i].sequence, i + 1);
}

}  // namespace
}  // namespace fanfare::domain
