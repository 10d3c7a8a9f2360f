#include "domain/fleet/fleet_members.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "domain/fleet/fleet_rig.hpp"

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using test::node;
using test::shared_facts;

struct fleet_members_test : test::fleet_rig {};

TEST_F(fleet_members_test, tell_where_they_are_and_that_they_drain) {
  node a(all, "a", 0), b(all, "b", 0);
  a.hear();
  b.hear();
  EXPECT_THAT(a.members.nodes(), ElementsAre(node_info{"a", 7, "a:80", false}, node_info{"b", 7, "b:80", false}));
  b.members.set_address("[::1]:8000");
  b.members.set_draining();
  b.tick(10);
  a.hear();
  EXPECT_THAT(a.members.nodes(), ElementsAre(node_info{"a", 7, "a:80", false}, node_info{"b", 7, "[::1]:8000", true}));
  // Who begins now reads the same.
  node c(all, "c", 20);
  EXPECT_EQ(c.members.nodes().at(1), (node_info{"b", 7, "[::1]:8000", true}));
}

TEST_F(fleet_members_test, who_begins_counts_the_silence_of_the_dead_from_their_last_word) {
  node a(all, "a", 0);
  {
    node dead(all, "dead", 0);
    dead.put("r", "ann", 1);
    dead.tick(10);
  }
  for (int now = 100; now <= 700; now += 100) live({&a}, now);
  node b(all, "b", 720);
  EXPECT_THAT(names(b), ElementsAre("a", "b", "dead"));
  for (int now = 730; now <= 1030; now += 100) {
    a.hear();
    b.hear();
    b.tick(now);
  }
  EXPECT_THAT(names(b), ElementsAre("a", "b", "dead")) << "375 ms of silence count, no more";
  b.tick(1100);
  EXPECT_THAT(names(b), ElementsAre("a", "b")) << "not 750 ms after it began";
}

TEST_F(fleet_members_test, tell_each_other_who_comes_and_goes) {
  node a(all, "a", 0), b(all, "b", 0);
  a.put("r", "ann", 2);
  a.put("global", "ann", 2);
  a.tick(10);
  b.hear();
  EXPECT_THAT(b.members.members("r"), ElementsAre(Pair("ann", 2)));
  EXPECT_EQ(b.members.of_user("ann"), 2U);
  EXPECT_EQ(b.members.connections("r"), 2U);
  EXPECT_THAT(b.members.rooms(), ElementsAre(Pair("global", 2), Pair("r", 2)));
  EXPECT_THAT(names(b), ElementsAre("a", "b"));
  EXPECT_THAT(a.members.members("r"), IsEmpty()) << "of the others";
  a.put("r", "ann", 1);
  a.tick(20);
  a.put("r", "ann", 0);
  a.tick(30);
  b.hear();
  EXPECT_THAT(b.members.members("r"), IsEmpty());
  EXPECT_THAT(b.notes, ElementsAre("+global/ann", "+r/ann", "-r/ann"));
}

TEST_F(fleet_members_test, cost_nothing_while_nothing_changes) {
  node a(all, "a", 0), b(all, "b", 0);
  a.tick(1);
  b.hear();
  a.put("r", "ann", 1);
  a.put("r", "ann", 0);
  a.tick(100);
  EXPECT_THAT(all.unheard["b"], IsEmpty()) << "it came and went";
  for (int now = 200; now <= 1100; now += 100) a.tick(now);
  EXPECT_EQ(all.unheard["b"].size(), 3U) << "that it lives, at 300, 600 and 900";
}

TEST_F(fleet_members_test, a_node_that_begins_knows_who_is_there) {
  node a(all, "a", 0);
  a.put("r", "ann", 1);
  a.tick(10);
  node b(all, "b", 20);
  EXPECT_TRUE(b.members.has("r", "ann"));
}

TEST_F(fleet_members_test, a_node_that_dies_is_gone_with_its_time) {
  node b(all, "b", 0);
  {
    node a(all, "a", 0);
    a.put("r", "ann", 1);
    a.tick(10);
  }
  for (int now = 10; now <= 700; now += 100) {
    live({&b}, now);
  }
  EXPECT_TRUE(b.members.has("r", "ann"));
  for (int now = 800; now <= 1000; now += 100) b.tick(now);
  EXPECT_FALSE(b.members.has("r", "ann"));
  EXPECT_THAT(b.notes, ElementsAre("+r/ann", "-r/ann"));
  EXPECT_THAT(names(b), ElementsAre("b"));
  EXPECT_FALSE(
      all.held.contains("here a\x1fr\x1f"
                        "ann"))
      << "and nothing of it is left";
}

TEST_F(fleet_members_test, a_node_that_leaves_is_gone_at_once) {
  node b(all, "b", 0), a(all, "a", 0);
  a.put("r", "ann", 1);
  a.tick(10);
  a.members.leave();
  b.hear();
  EXPECT_FALSE(b.members.has("r", "ann"));
  EXPECT_FALSE(
      all.held.contains("here a\x1fr\x1f"
                        "ann"));
}

TEST_F(fleet_members_test, a_node_that_stood_still_tells_all_again_and_takes_nobody_for_dead) {
  node a(all, "a", 0), b(all, "b", 0);
  a.put("r", "ann", 1);
  a.hear();
  a.tick(10);
  for (int now = 10; now <= 5000; now += 100) {
    live({&b}, now);
  }
  EXPECT_FALSE(b.members.has("r", "ann"));
  a.tick(5000);
  EXPECT_THAT(names(a), ElementsAre("a", "b")) << "it heard nobody because it heard nothing";
  a.hear();
  a.tick(5100);
  b.hear();
  EXPECT_TRUE(b.members.has("r", "ann"));
}

TEST_F(fleet_members_test, what_could_not_be_told_is_told_later) {
  node a(all, "a", 0), b(all, "b", 0);
  a.put("r", "ann", 1);
  a.log.up = false;
  a.tick(10);
  a.log.up = true;
  a.tick(20);
  b.hear();
  EXPECT_TRUE(b.members.has("r", "ann"));
}

TEST_F(fleet_members_test, another_life_of_a_name_takes_back_what_the_first_has_told) {
  node b(all, "b", 0);
  {
    node a(all, "a", 0);
    a.put("r", "ann", 1);
    a.tick(10);
  }
  node a(all, "a", 20);
  a.tick(30);
  b.hear();
  EXPECT_FALSE(b.members.has("r", "ann"));
}

TEST_F(fleet_members_test, nodes_that_disagree_on_a_death_come_to_agree) {
  // z is silent; b notices, while a, the first of the living, stood still meanwhile.
  node b(all, "b", 0), z(all, "z", 0), a(all, "a", 0);
  z.put("r", "ann", 1);
  z.tick(10);
  for (auto* each : {&a, &b, &z}) each->hear();
  for (int now = 100; now <= 1100; now += 100) {
    if (now <= 400) live({&a}, now);
    live({&b}, now);
  }
  EXPECT_FALSE(b.members.has("r", "ann"));
  for (int now = 1150; now <= 3000; now += 100) {
    live({&a, &b, &z}, now);
  }
  EXPECT_TRUE(a.members.has("r", "ann"));
  EXPECT_TRUE(b.members.has("r", "ann"));
}

TEST_F(fleet_members_test, a_life_that_one_node_hears_just_in_time_and_another_too_late_goes_on) {
  node b(all, "b", 0), z(all, "z", 0), a(all, "a", 0);
  z.put("r", "ann", 1);
  z.tick(10);
  for (auto* each : {&a, &b, &z}) each->hear();
  for (int now = 100; now <= 1000; now += 100) {
    live({&a}, now - 50);
    live({&b}, now);
  }
  b.tick(1011);
  z.tick(1012);
  a.hear();
  a.tick(1050);
  for (int now = 1100; now <= 3000; now += 100) {
    live({&a, &b, &z}, now);
  }
  EXPECT_TRUE(a.members.has("r", "ann"));
  EXPECT_TRUE(b.members.has("r", "ann"));
}

// The simulation's seed 11.
TEST_F(fleet_members_test, a_death_that_could_not_be_told_is_told_later) {
  node b(all, "b", 0), z(all, "z", 0);
  z.put("r", "ann", 1);
  z.tick(10);
  for (auto* each : {&b, &z}) each->hear();
  for (int now = 100; now <= 1000; now += 100) live({&b}, now);
  b.log.keeps = false;
  for (int now = 1100; now <= 1300; now += 100) live({&b}, now);
  EXPECT_FALSE(b.members.has("r", "ann")) << "it took z for dead";
  b.log.keeps = true;
  for (int now = 1400; now <= 3000; now += 100) live({&b, &z}, now);
  EXPECT_TRUE(b.members.has("r", "ann")) << "z has heard that, and told all again";
}

TEST_F(fleet_members_test, what_the_dead_have_told_is_taken_back_later_where_it_could_not) {
  node b(all, "b", 0);
  {
    node a(all, "a", 0);
    a.put("r", "ann", 1);
    a.tick(10);
  }
  b.hear();
  for (int now = 100; now <= 1000; now += 100) live({&b}, now);
  b.log.keeps = false;
  for (int now = 1100; now <= 1300; now += 100) live({&b}, now);
  b.log.keeps = true;
  b.tick(1400);
  EXPECT_THAT(all.held, testing::ElementsAre(Pair("node b", testing::_)));
}

// The simulation's seed 23: who was to take it back died over it, and the first of the living knew nothing of it.
TEST_F(fleet_members_test, whoever_finds_what_is_left_of_the_dead_takes_it_back) {
  node a(all, "a", 0);
  all.held
      ["here z\x1fr\x1f"
       "ann"] = {
      "here z\x1fr\x1f"
      "ann",
      1,
      history::never,
      {}};
  node c(all, "c", 10);
  EXPECT_TRUE(c.members.has("r", "ann"));
  for (int now = 100; now <= 1500; now += 100) live({&a, &c}, now);
  EXPECT_FALSE(c.members.has("r", "ann"));
  EXPECT_THAT(all.held, ElementsAre(Pair("node a", testing::_), Pair("node c", testing::_)));
}

TEST_F(fleet_members_test, any_course_of_things_ends_in_the_truth) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    shared_facts shared;
    std::mt19937 random(seed);
    const auto upto = [&random](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n)(random); };
    std::vector<std::unique_ptr<node>> nodes;
    int born = 0;
    std::int64_t now = 1000;
    const auto bear = [&] { nodes.push_back(std::make_unique<node>(shared, "n" + std::to_string(born++), now)); };
    for (int n = 0; n < 3; ++n) bear();
    const auto live = [&] {
      for (auto& each : nodes) {
        each->hear();
        each->tick(now);
      }
    };
    for (int step = 0; step < 200; ++step) {
      now += upto(100);
      auto& one = *nodes[upto(static_cast<unsigned>(nodes.size()) - 1)];
      switch (upto(9)) {
        case 0:
          if (nodes.size() > 1) nodes.erase(nodes.begin() + upto(static_cast<unsigned>(nodes.size()) - 1));
          break;
        case 1:
          if (nodes.size() < 4) bear();
          break;
        case 2:
          one.miss(now);
          break;
        case 3:
          one.log.up = !one.log.up;
          break;
        case 4:
          shared.held.clear();
          for (auto& each : nodes) each->miss(now);
          break;
        case 5:
          now += 2000;
          break;  // all stand still
        case 6:
          live();
          break;
        default:
          one.put("r" + std::to_string(upto(2)), "u" + std::to_string(upto(2)), upto(2));
          if (upto(1) == 0) one.tick(now);
      }
    }
    for (auto& each : nodes) each->log.up = true;
    for (int n = 0; n < 40; ++n) {
      now += 100;
      live();
    }
    for (const auto& each : nodes) {
      for (int r = 0; r <= 2; ++r) {
        std::map<std::string, std::size_t> truth;
        const auto room = "r" + std::to_string(r);
        for (const auto& other : nodes) {
          if (other == each) continue;
          for (const auto& [where, count] : other->here) {
            if (where.first == room && count != 0) truth[where.second] += count;
          }
        }
        ASSERT_EQ(each->members.members(room), truth) << each->called << " about " << room;
      }
      ASSERT_EQ(each->members.nodes().size(), nodes.size());
    }
  }
}

}  // namespace
}  // namespace fanfare::domain
