#include "history/redis/redis_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "history/entries.hpp"
#include "history/redis/redis_rig.hpp"
#include "redis/real/client_rig.hpp"

// Nodes that share a log in a real Redis: one order, repeats and facts of each other, and what an outage leaves.

namespace fanfare::history {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

using node = test::listening_node;
using test::named;
using test::passing;
using test::remembering;

TEST(redis_log_test, all_nodes_see_one_order_with_what_is_not_kept_in_its_place) {
  test::redis_rig rig;
  node a(rig, "a"), b(rig, "b");
  std::vector<std::thread> writers;
  for (int n = 0; n < 4; ++n) {
    writers.emplace_back([&, n] {
      auto& to = n % 2 == 0 ? a : b;
      for (int i = 0; i < 50; ++i) {
        const auto id = std::to_string(n) + "." + std::to_string(i);
        ASSERT_TRUE(to.append({named(id), passing(id + "p")}));
      }
    });
  }
  for (auto& each : writers) each.join();
  ASSERT_TRUE(a.append({named("last")}));
  for (auto* each : {&a, &b}) each->wait_for("last@201");
  EXPECT_EQ(a.seen.size(), 401U);
  EXPECT_EQ(a.seen, b.seen);
  EXPECT_EQ(a.log().epoch(), b.log().epoch());
  EXPECT_EQ(b.read({.rooms = {"a"}}).entries.size(), 201U);
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_THAT(b.notes, IsEmpty());
}

TEST(redis_log_test, answers_what_another_node_has_been_asked) {
  test::redis_rig rig;
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append({named("x"), named("y")},
                       {{"key x", "", {{"x", 0, 0}}, 1}, {"all", "d", {{"x", 0, 0}, {"y", 0, 1}}, 1}}));
  b.wait_for("y@2");
  // One event of two has come before; the other is appended.
  auto again = b.append({named("x"), named("z")}, remembering("key x", "", "x"));
  ASSERT_TRUE(again);
  EXPECT_THAT(again->positions, ElementsAre(1, 3));
  EXPECT_EQ(again->repeats, (std::vector<answer>{{"key x", "", {{"x", 1, 0}}, 0}}));
  // The whole request, as it was answered then.
  again = b.append({named("p"), named("q")}, {{"all", "other", {{"p", 0, 0}, {"q", 0, 1}}, 1}});
  ASSERT_TRUE(again);
  EXPECT_THAT(again->positions, ElementsAre(1, 2));
  EXPECT_EQ(again->repeats, (std::vector<answer>{{"all", "d", {{"x", 1, 0}, {"y", 2, 1}}, 0}}));
  ASSERT_TRUE(b.append({named("end")}));
  a.wait_for("end@4");
  EXPECT_THAT(a.seen, ElementsAre("x@1", "y@2", "z@3", "end@4"));
  EXPECT_EQ(a.seen, b.seen);
}

TEST(redis_log_test, facts_reach_the_other_nodes_and_those_that_begin_later) {
  test::redis_rig rig;
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.keep({"f", 7, 5000, "some \x01 content"}));
  ASSERT_TRUE(a.keep({"g", 8, never}));
  ASSERT_TRUE(a.keep({"h", 9, 6000}));
  ASSERT_TRUE(a.keep({"h", 9, 0}));
  b.wait_for("fact g=8");
  b.wait_for("fact h=9");
  EXPECT_THAT(a.notes, IsEmpty()) << "it knows what it keeps";
  node late(rig, "late");
  std::ranges::sort(late.facts, {}, &fact::name);
  EXPECT_THAT(late.facts, ElementsAre(fact{"f", 7, 5000, "some \x01 content"}, fact{"g", 8, never, ""}));
}

TEST(redis_log_test, a_node_that_lags_hears_of_facts_that_are_gone_from_the_stream) {
  test::redis_rig rig;
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append({named("x")}));
  b.wait_for("x@1");
  const auto held = b.hold();
  ASSERT_TRUE(a.keep({"wanted", 1, never}));
  // More than the stream holds of what passes.
  std::atomic<int> kept{0};
  std::promise<void> all;
  for (int n = 0; n < 11000; ++n) {
    a.log().keep({"f" + std::to_string(n % 2000), n, never}, [&](const auto& outcome) {
      EXPECT_TRUE(outcome);
      if (++kept == 11000) all.set_value();
    });
  }
  all.get_future().wait();
  held->set_value();
  b.wait_for_fact("wanted");
  ASSERT_TRUE(a.keep({"after", 1, never}));
  b.wait_for("fact after=1");
  EXPECT_EQ(b.facts.size(), 2001U) << "read in portions";
  EXPECT_THAT(b.notes, testing::Not(Contains("break e")));
}

TEST(redis_log_test, facts_that_cannot_be_read_are_not_taken_for_none) {
  test::redis_rig rig;
  redis::test::live_client operator_(rig.url());
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.keep({"f", 1, never}));
  b.wait_for("fact f=1");
  operator_.ask({"ACL", "SETUSER", "default", "-hscan"});
  EXPECT_THROW(node(rig, "late", {}, [](redis_log_options& options) { options.start_timeout = milliseconds{300}; }),
               std::runtime_error);
  operator_.ask({"ACL", "SETUSER", "default", "+hscan"});
  node late(rig, "late");
  EXPECT_EQ(late.facts.size(), 1U);
}

TEST(redis_log_test, what_is_too_large_for_one_answer_is_read_in_smaller_pages) {
  test::redis_rig rig;
  rig.reply_bytes_max = 40000;
  node b(rig, "b");
  const auto held = b.hold();
  rig.reply_bytes_max = 67108864;
  node a(rig, "a");
  for (int n = 0; n < 60; ++n) {
    auto item = test::event({"a"}, 1, 2000);
    item.id = std::to_string(n);
    ASSERT_TRUE(a.append({item}));
  }
  held->set_value();
  b.wait_for("59@60");
  EXPECT_EQ(b.seen, a.seen);
  EXPECT_THAT(b.notes, IsEmpty());
}

TEST(redis_log_test, answers_to_publishers_are_bounded) {
  test::redis_rig rig;
  const auto two = [](redis_log_options& options) { options.appender.answers_max = 2; };
  node a(rig, "a", {}, two), b(rig, "b", {}, two);
  for (const auto* id : {"x", "y", "z"}) ASSERT_TRUE(a.append({named(id)}, remembering(id, "", id)));
  EXPECT_THAT(b.append({named("z")}, remembering("z", "", "z"))->positions, ElementsAre(3));
  EXPECT_THAT(b.append({named("x")}, remembering("x", "", "x"))->positions, ElementsAre(4))
      << "the oldest is forgotten";
}

TEST(redis_log_test, a_redis_that_will_not_write_is_told_and_asked_again) {
  test::redis_rig rig("maxmemory-policy noeviction\n");
  redis::test::live_client operator_(rig.url());
  node a(rig, "a");
  operator_.ask({"CONFIG", "SET", "maxmemory", "1"});
  for (int n = 0; n < 2; ++n) EXPECT_EQ(a.append({named("full")}).error().code, errc::unavailable);
  EXPECT_FALSE(a.log().ready());
  operator_.ask({"CONFIG", "SET", "maxmemory", "0"});
  ASSERT_TRUE(a.append({named("x")}));
  EXPECT_TRUE(a.log().ready());
  EXPECT_THAT(a.seen, ElementsAre("x@1"));
  EXPECT_THAT(a.notes, ElementsAre("trouble", "well"));
}

// The simulation's seed 7, with an early form of it: who is not ready is given nothing to append, and stayed so.
TEST(redis_log_test, a_redis_that_writes_again_is_found_though_nobody_appends) {
  test::redis_rig rig("maxmemory-policy noeviction\n");
  redis::test::live_client operator_(rig.url());
  node a(rig, "a");
  operator_.ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_FALSE(a.append({named("full")}));
  a.log().trim(1);
  operator_.ask({"CONFIG", "SET", "maxmemory", "0"});
  a.log().trim(1);
  a.wait_for("well");
  EXPECT_TRUE(a.log().ready());
  EXPECT_THAT(a.notes, ElementsAre("trouble", "well"));
}

TEST(redis_log_test, a_node_that_begins_goes_on_where_the_log_is) {
  test::redis_rig rig;
  std::string epoch;
  {
    node a(rig, "a");
    epoch = a.log().epoch();
    ASSERT_TRUE(a.append({named("x"), named("y"), passing("p")}));
  }
  node b(rig, "b");
  EXPECT_EQ(b.log().epoch(), epoch);
  EXPECT_EQ(b.log().head(), 2U);
  EXPECT_EQ(test::positions(b.read({.rooms = {"a"}})).size(), 2U) << "from Redis";
  ASSERT_TRUE(b.append({named("z")}));
  EXPECT_THAT(b.seen, ElementsAre("z@3"));
}

TEST(redis_log_test, what_is_appended_while_redis_is_away_waits_for_it) {
  test::redis_rig rig("appendonly yes\nappendfsync always\n");
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append({named("before")}));
  b.wait_for("before@1");
  rig.server().kill();
  auto kept = a.begin({named("during")});
  ASSERT_TRUE(a.append({passing("local")}));
  rig.server().start();
  ASSERT_TRUE(kept.get());
  ASSERT_TRUE(b.append({named("after")}));
  for (auto* each : {&a, &b}) each->wait_for("after@3");
  EXPECT_THAT(b.seen, ElementsAre("before@1", "during@2", "after@3"));
  EXPECT_THAT(a.seen, testing::UnorderedElementsAre("before@1", "local@1", "during@2", "after@3"));
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_THAT(b.notes, IsEmpty());
}

TEST(redis_log_test, a_redis_that_stands_still_is_told_and_nothing_is_appended_twice) {
  test::redis_rig rig;
  node b(rig, "b");
  rig.request_timeout = milliseconds{200};
  node a(rig, "a", {}, [](redis_log_options& options) { options.patience = milliseconds{200}; });
  ASSERT_TRUE(a.append({named("before")}));
  rig.server().freeze();
  EXPECT_EQ(a.append({named("during")}, remembering("k", "", "during")).error().code, errc::unavailable);
  a.wait_for("trouble");
  EXPECT_FALSE(a.log().ready());
  EXPECT_EQ(a.append({named("at once")}).error().code, errc::unavailable);
  EXPECT_TRUE(a.append({passing("local")}));
  rig.server().thaw();
  a.wait_for("well");
  EXPECT_TRUE(a.log().ready());
  const auto again = a.append({named("during")}, remembering("k", "", "during"));
  ASSERT_TRUE(again) << "its publisher asks again";
  ASSERT_TRUE(b.append({named("end")}));
  for (auto* each : {&a, &b}) each->wait_for("end@3");
  EXPECT_THAT(b.seen, ElementsAre("before@1", "during@2", "end@3"));
}

TEST(redis_log_test, an_emptied_redis_begins_another_log) {
  test::redis_rig rig;
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append({named("x"), named("y")}));
  b.wait_for("y@2");
  rig.server().kill();
  rig.server().start();
  for (auto* each : {&a, &b}) each->wait_for_break();
  ASSERT_TRUE(a.append({named("z")}));
  for (auto* each : {&a, &b}) each->wait_for("z@3");
  EXPECT_THAT(a.notes, ElementsAre("break " + a.log().epoch()));
  EXPECT_THAT(b.notes, ElementsAre("break " + a.log().epoch()));
  EXPECT_NE(a.log().epoch(), "e");
  EXPECT_EQ(a.log().epoch(), b.log().epoch());
  EXPECT_THAT(test::positions(a.read({.rooms = {"a"}})), ElementsAre(3)) << "no position is used twice";
}

// The simulation's seed 73: a master that lost its end may have lost facts alone, which have no positions.
TEST(redis_log_test, facts_are_read_anew_from_another_life_of_redis) {
  test::redis_rig rig("appendonly yes\nappendfsync always\n");
  node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append({named("x")}));
  b.wait_for("x@1");
  ASSERT_TRUE(a.keep({"f", 7, never}));
  rig.server().kill();
  rig.server().start();
  b.wait_for_fact("f");
  EXPECT_THAT(b.notes, testing::Not(Contains("break e")));
}

TEST(redis_log_test, ends_while_a_call_is_under_way) {
  test::redis_rig rig;
  node b(rig, "b");
  std::future<result<placed>> late;
  {
    node a(rig, "a", {}, [](redis_log_options& options) { options.patience = milliseconds{50}; });
    rig.server().freeze();
    late = a.begin({named("x")});
    a.log().close();
  }
  rig.server().thaw();
  EXPECT_EQ(late.get().error().code, errc::unavailable);
}

TEST(redis_log_test, replicas_that_are_too_few_refuse) {
  test::redis_rig rig;
  node a(rig, "a", {}, [](redis_log_options& options) {
    options.appender.min_replicas = 1;
    options.appender.replica_timeout = milliseconds{20};
  });
  EXPECT_EQ(a.append({named("x")}).error().code, errc::unavailable);
  EXPECT_TRUE(a.append({passing("p")})) << "what is not kept needs none";
}

TEST(redis_log_test, says_why_it_cannot_begin) {
  test::redis_rig rig("requirepass secret\n");
  try {
    rig.make("a", {}, [](redis_log_options& options) { options.start_timeout = milliseconds{100}; });
    FAIL();
  } catch (const std::runtime_error& why) {
    EXPECT_THAT(why.what(), testing::HasSubstr("NOAUTH"));
  }
}

}  // namespace
}  // namespace fanfare::history
