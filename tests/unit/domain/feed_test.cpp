// feed, and what replay brings of it: subscriptions, filters, history.

#include "domain/publishing_rig.hpp"

namespace fanfare::domain {
namespace {

using feed_test = publishing_test;

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(feed_test, subscribers_get_what_they_missed_then_the_head) {
  ASSERT_TRUE(publish({updated("p1"), updated("p2"), updated("p1")}));
  std::uint64_t after = 0;
  const auto entered = subscribe(events, {{"project:p1"}, "e-1", nullptr}, [&](const auto& rooms, auto head) {
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

TEST_F(feed_test, without_since_nothing_is_replayed) {
  ASSERT_TRUE(publish({updated("p1")}));
  const auto entered = subscribe(events, {{"project:p1"}, std::nullopt, nullptr}, joins());
  EXPECT_FALSE(entered->recovered);
  EXPECT_THAT(entered->events, IsEmpty());
  EXPECT_EQ(entered->cursor, "e-1");
}

TEST_F(feed_test, since_may_be_a_time) {
  for (const int second : {0, 10, 20}) {
    auto given = context();
    given.now += std::chrono::seconds(second);  // 2026-01-02T03:04:05.678Z
    ASSERT_TRUE(publish({updated("p1")}, given));
  }
  const auto since = [this](const char* time) { return *subscribe(events, {{"project:p1"}, time}, joins()); };
  EXPECT_THAT(since("2026-01-02T03:04:10Z").events, SizeIs(2));
  EXPECT_TRUE(since("2026-01-02T03:04:10Z").recovered);
  EXPECT_THAT(since("2026-01-02T04:04:25.678+01:00").events, SizeIs(1));
  EXPECT_THAT(since("1969-01-01T00:00:00Z").events, SizeIs(3));
  EXPECT_THAT(since("2030-01-01T00:00:00Z").events, IsEmpty());
  EXPECT_THAT(history_of(events, "project:p1", "2026-01-02T03:04:10Z")->events, SizeIs(2));
}

TEST_F(feed_test, cursors_that_lead_nowhere) {
  ASSERT_TRUE(publish({updated("p1")}));
  for (const auto* since : {"other-1", "e-2", "e-99999999999"}) {
    const auto entered = subscribe(events, {{"project:p1"}, since, nullptr}, joins());
    ASSERT_TRUE(entered) << since;
    EXPECT_FALSE(entered->recovered) << since;
    EXPECT_THAT(entered->events, IsEmpty());
  }
  for (const auto* since : {"", "e", "e-", "e-1x", "1"}) {
    const auto entered = subscribe(events, {{"project:p1"}, since, nullptr}, joins());
    ASSERT_FALSE(entered) << since;
    EXPECT_EQ(entered.error().pointer, "/since");
  }
}

TEST_F(feed_test, a_join_that_fails_fails_the_subscription) {
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  const auto entered =
      subscribe(events, {{"project:p1"}, std::nullopt, only}, [](const auto&, auto) { return errc::over_limit; });
  EXPECT_EQ(entered.error().code, errc::over_limit);
  EXPECT_EQ(events.active_filters(), 0U) << "its filter is given back";
}

TEST_F(feed_test, filtered_subscribers_have_a_room_of_their_own) {
  const auto only = *filter::parse(object{{"exact", object{{"/data/project_id", "p1"}}}});
  ASSERT_TRUE(publish({updated("p1"), updated("p2")}));
  auto wish = updated("p3");
  wish.rooms = {"global"};
  ASSERT_TRUE(publish({wish}));
  const auto entered = subscribe(events, {{"global", "project:p1"}, "e-0", only}, joins());
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

TEST_F(feed_test, evaluates_each_distinct_filter_once_an_event) {
  // Three filters, each written in several ways, and forty clients that subscribe and two back-ends that publish on
  // threads of their own: the number of evaluations knows events and filters only.
  const std::vector<std::vector<const char*>> written{
      {R"({"exact":{"type":"project.updated","/data/project_id":"p1"}})",
       R"({"exact":{"/data/project_id":"p1","type":"project.updated"}})",
       R"([{"exact":{"type":"project.updated"}},{"exact":{"/data/project_id":"p1"}}])"},
      {R"({"prefix":{"type":"project."}})", R"({"all":[{"prefix":{"type":"project."}}]})"},
      {R"({"not":{"exact":{"type":"project.updated"}}})"}};
  constexpr int clients = 40;
  constexpr int published = 50;
  const auto of_both = [](const auto& work) {
    std::thread one([&work] { work(0); });
    std::thread two([&work] { work(1); });
    one.join();
    two.join();
  };
  of_both([&](int thread) {
    for (int n = thread; n < clients; n += 2) {
      const auto& ways = written[static_cast<std::size_t>(n) % written.size()];
      const auto only = *filter::parse(*json::parse(ways[static_cast<std::size_t>(n / 3) % ways.size()]));
      EXPECT_TRUE(subscribe(events, {{"project:p1", "global"}, std::nullopt, only}, joins()));
    }
  });
  EXPECT_EQ(events.active_filters(), 2 * written.size()) << "of both rooms";
  EXPECT_EQ(count("fanfare_filter_evaluations_total"), 0) << "nothing has been published";
  of_both([this](int) {
    for (int n = 0; n < published / 2; ++n) {
      auto item = updated("p1");
      item.rooms = {"project:p1", "global"};
      EXPECT_TRUE(publish({item}));
    }
  });
  EXPECT_EQ(count("fanfare_filter_evaluations_total"), published * static_cast<int>(written.size()));
  EXPECT_THAT(out.items, SizeIs(published));
  for (const auto& item : out.items) EXPECT_THAT(item.rooms, SizeIs(2 + 2 * 2)) << "two of three match, in both rooms";
  ASSERT_TRUE(publish({updated("p2")}));
  EXPECT_EQ(count("fanfare_filter_evaluations_total"), published * static_cast<int>(written.size()))
      << "nobody filters project:p2";
}

TEST_F(feed_test, a_delivery_may_give_filters_back) {
  // A socket whose queue a broadcast overflows closes at once, in the middle of the delivery.
  struct closing : delivery {
    void deliver(const outgoing&) override {
      EXPECT_EQ(from->head_cursor(), "f-1");
      from->release(room);
    }
    feed* from = nullptr;
    std::string room;
  } closes;
  history::memory_log other("f");
  node source(types, other, closes);
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  closes.from = &source.events;
  closes.room = subscribe(source.events, {{"global"}, std::nullopt, only}, joins())->joined[0];
  source.publisher.publish({updated("p1")}, context(), [](const auto& answer) { EXPECT_TRUE(answer); });
  EXPECT_EQ(source.events.active_filters(), 0U);
}

TEST_F(feed_test, filters_in_use_are_bounded) {
  history::memory_log other("f");
  feed small(other, out, {.filters_max = 1});
  const auto only = *filter::parse(object{{"exact", object{{"type", "x"}}}});
  EXPECT_EQ(subscribe(small, {{"global", "project:p1"}, std::nullopt, only}, joins()).error().code, errc::over_limit);
  EXPECT_EQ(small.active_filters(), 0U);
}

TEST_F(feed_test, history_is_read_in_pages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(publish({updated("p1")}));
  auto page = *history_of(events, "project:p1", std::nullopt, 2);
  EXPECT_THAT(page.events, SizeIs(2));
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.cursor, "e-2");
  page = *history_of(events, "project:p1", page.cursor);
  EXPECT_THAT(page.events, SizeIs(3));
  EXPECT_FALSE(page.more);
  EXPECT_TRUE(page.recovered);
  EXPECT_EQ(page.cursor, "e-5");
  page = *history_of(events, "project:p1", "gone-4");
  EXPECT_FALSE(page.recovered);
  EXPECT_THAT(page.events, SizeIs(5)) << "all there is";
  EXPECT_THAT(history_of(events, "project:p1", "e-0", 0)->events, SizeIs(1));
  EXPECT_EQ(history_of(events, "project:p1", "nonsense").error().pointer, "/since");
}

TEST_F(feed_test, history_that_cannot_be_read_is_no_recovery) {
  slow_log slow;
  node remote(types, slow, out);
  EXPECT_EQ(history_of(remote.events, "global").error().code, errc::unavailable);
  remote.publisher.publish({updated("p1")}, context(), [](const auto& answer) { EXPECT_TRUE(answer); });
  slow.settle();
  const auto entered = subscribe(remote.events, {{"global"}, "slow-0", nullptr}, joins());
  ASSERT_TRUE(entered);
  EXPECT_FALSE(entered->recovered);
}

TEST_F(feed_test, who_comes_from_a_node_that_is_ahead_waits_for_this_one) {
  slow_log slow;
  node lagging(types, slow, out);
  test::fake_executor worker;
  std::vector<std::string> told;
  const auto wait = [&](const std::string& since) {
    lagging.events.catch_up(since, worker, [&told, since] { told.push_back(since); });
  };
  for (const auto* at_once : {"slow-0", "other-9", "2026-01-02T03:04:10Z", ""}) wait(at_once);
  EXPECT_THAT(told, SizeIs(4));
  told.clear();
  for (const auto* later : {"slow-2", "slow-1", "slow-9"}) wait(later);
  lagging.publisher.publish({updated("p1")}, context(), [](const auto&) {});
  slow.settle();
  EXPECT_THAT(told, IsEmpty()) << "on its own worker";
  worker.run();
  EXPECT_THAT(told, ElementsAre("slow-1"));
  worker.advance(milliseconds{4999});
  EXPECT_THAT(told, SizeIs(1));
  worker.advance(milliseconds{1});
  EXPECT_THAT(told, ElementsAre("slow-1", "slow-2", "slow-9")) << "but not for ever";
  told.clear();
  for (int n = 0; n < 10000; ++n) wait("slow-7");
  EXPECT_THAT(told, IsEmpty());
  wait("slow-6");
  EXPECT_THAT(told, ElementsAre("slow-6")) << "no more than so many wait";
  worker.advance(milliseconds{5000});
  EXPECT_THAT(told, SizeIs(10001)) << "and who has waited long enough makes room";
  told.clear();
  wait("slow-5");
  slow.break_off("next", 7);
  worker.run();
  EXPECT_THAT(told, ElementsAre("slow-5")) << "there is nothing to wait for any more";
  EXPECT_EQ(lagging.events.head_cursor(), "next-7");
}

TEST_F(feed_test, many_threads_publish_each_event_once) {
  std::vector<std::thread> publishers;
  std::atomic<int> fresh{0}, answered{0};
  for (int n = 0; n < 4; ++n) {
    publishers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        publisher.publish({updated("p1", "id" + std::to_string(i))}, context(), [&](const auto& answer) {
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
