#include "history/redis/redis_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/entries.hpp"
#include "history/redis/redis_rig.hpp"
#include "redis/real/client_rig.hpp"

// What a log in a real Redis has lost, at its end or to its bounds, and how the nodes find out.

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using node = test::listening_node;
using test::named;

struct lost_end : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(a.append({named("x")}));
    b.wait_for("x@1");
    redis::test::live_client(rig.url()).ask({"SAVE"});
  }
  test::redis_rig rig;
  node a{rig, "a"}, b{rig, "b"};
};

TEST_F(lost_end, is_found_by_a_node_that_has_seen_it) {
  ASSERT_TRUE(a.append({named("y")}));
  b.wait_for("y@2");
  rig.server().kill();
  rig.server().start();
  for (auto* each : {&a, &b}) each->wait_for_break();
  ASSERT_TRUE(b.append({named("z")}));
  for (auto* each : {&a, &b}) each->wait_for("z@3");
  for (auto* each : {&a, &b}) EXPECT_THAT(each->notes, ElementsAre("break " + a.log().epoch()));
  EXPECT_NE(a.log().epoch(), "e");
}

TEST_F(lost_end, is_found_though_others_have_been_appended_in_its_place) {
  ASSERT_TRUE(a.append({named("y")}));
  b.wait_for("y@2");
  rig.server().kill();
  const auto held_a = a.hold();
  const auto held_b = b.hold();
  rig.server().start();
  node c(rig, "c");
  EXPECT_EQ(c.log().epoch(), "e");
  ASSERT_TRUE(c.append({named("Y"), named("Z")}));
  held_a->set_value();
  held_b->set_value();
  for (auto* each : {&a, &b, &c}) each->wait_for_break();
  ASSERT_TRUE(a.append({named("end")}));
  for (auto* each : {&a, &b, &c}) each->wait_for("end@4");
  EXPECT_NE(c.log().epoch(), "e") << "a client that has 2 of the lost end is told so";
}

struct lagging : testing::Test {
  test::redis_rig rig;
  node a{rig, "a", {.room_entries_max = 5}}, b{rig, "b", {.room_entries_max = 5}};
};

TEST_F(lagging, a_node_tells_of_what_was_dropped_before_it_could_read_it) {
  ASSERT_TRUE(a.append({named("x")}));
  b.wait_for("x@1");
  const auto held = b.hold();
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(a.append({named(std::to_string(n))}));
  held->set_value();
  b.wait_for("19@21");
  b.wait_for("break e");
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_EQ(rig.count("fanfare_history_breaks_total"), 1);
}

// The simulation's seed 10: whoever left between what came behind the gap and the word of it missed it for ever.
TEST_F(lagging, a_node_gives_nothing_behind_a_gap_before_it_has_told_of_it) {
  ASSERT_TRUE(a.append({named("x")}));
  b.wait_for("x@1");
  std::vector<std::string> before;
  b.log().on_break([&] {
    {
      const std::lock_guard lock(b.mutex);
      before = b.seen;
    }
    b.note("break");
  });
  const auto held = b.hold();
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(a.append({named(std::to_string(n))}));
  held->set_value();
  b.wait_for("19@21");
  b.wait_for_break();
  ASSERT_THAT(before, testing::Not(IsEmpty()));
  EXPECT_THAT(before.back(), testing::EndsWith("@" + std::to_string(before.size())));
  const auto whole = b.read({.rooms = {"a"}, .after = before.size()});
  EXPECT_FALSE(whole.complete) << "its own memory of the log has the gap too";
}

TEST_F(lagging, a_node_misses_nothing_that_a_newer_one_took_the_place_of) {
  ASSERT_TRUE(a.append({named("x")}));
  b.wait_for("x@1");
  const auto held = b.hold();
  for (int n = 0; n < 20; ++n) {
    auto item = test::latest({"a"}, "k", 1);
    item.id = std::to_string(n);
    ASSERT_TRUE(a.append({item}));
  }
  held->set_value();
  b.wait_for("19@21");
  ASSERT_TRUE(b.append({named("end")}));
  EXPECT_THAT(b.notes, IsEmpty());
}

}  // namespace
}  // namespace fanfare::history
