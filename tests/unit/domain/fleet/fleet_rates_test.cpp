#include "domain/fleet/fleet_rates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "history/memory_log.hpp"

namespace fanfare::domain {
namespace {

/// Notes what is kept, for the test to hand on.
class noted_log : public history::memory_log {
 public:
  noted_log() : memory_log("e") {}
  void keep(history::fact item, kept done) override {
    told.push_back(std::move(item));
    done({});
  }
  [[nodiscard]] bool ready() const override { return up; }
  bool up = true;
  std::vector<history::fact> told;
};

struct node {
  explicit node(std::string name) : rates(log, std::move(name)) { rates.add("publish", limits); }
  noted_log log;
  rate_limits limits{{10, 100}};
  fleet_rates rates;
};

struct fleet_rates_test : testing::Test {
  static steady_time at(int ms) { return steady_time(milliseconds(1000000 + ms)); }
  /// How many a key gets through now.
  static int take(node& from, const std::string& key, int wanted, int ms = 0) {
    int got = 0;
    for (int i = 0; i < wanted; ++i) got += from.limits.take(key, at(ms)).allowed ? 1 : 0;
    return got;
  }
  static void hand_on(node& from, node& to, int ms = 0) {
    from.rates.tick();
    for (const auto& item : std::exchange(from.log.told, {})) to.rates.hear(item, at(ms));
  }
  node a{"a"}, b{"b"};
};

TEST_F(fleet_rates_test, what_one_node_lets_through_is_missing_on_the_other) {
  EXPECT_EQ(take(a, "k", 80), 80);
  hand_on(a, b);
  EXPECT_EQ(take(b, "k", 100), 20);
  EXPECT_EQ(take(b, "other", 100), 100);
  hand_on(b, a);
  EXPECT_EQ(take(a, "k", 10), 0);
}

TEST_F(fleet_rates_test, who_is_far_from_the_limit_costs_nothing) {
  EXPECT_EQ(take(a, "k", 50), 50);
  a.rates.tick();
  EXPECT_TRUE(a.log.told.empty());
  EXPECT_EQ(take(a, "k", 1), 1);
  a.rates.tick();
  EXPECT_EQ(a.log.told.size(), 1U);
  a.rates.tick();
  EXPECT_EQ(a.log.told.size(), 1U) << "told once";
}

TEST_F(fleet_rates_test, what_a_bucket_has_gained_again_is_not_told) {
  for (int second = 0; second < 100; ++second) EXPECT_EQ(take(a, "k", 10, second * 1000), 10);
  EXPECT_EQ(take(a, "k", 60, 100000), 60);
  hand_on(a, b, 100000);
  EXPECT_EQ(take(b, "k", 100, 100000), 40);
}

TEST_F(fleet_rates_test, a_debt_is_a_burst_at_most_and_is_paid_in_time) {
  EXPECT_EQ(take(a, "k", 100), 100);
  EXPECT_EQ(take(b, "k", 100), 100) << "before they have heard of each other";
  hand_on(a, b);
  hand_on(a, b);
  const auto refused = b.limits.take("k", at(0));
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, milliseconds{10100});
  EXPECT_EQ(take(b, "k", 5, 10000), 0);
  EXPECT_EQ(take(b, "k", 5, 10100), 1);
}

TEST_F(fleet_rates_test, other_facts_and_its_own_and_nonsense_change_nothing) {
  take(a, "k", 80);
  a.rates.tick();
  auto item = a.log.told.at(0);
  a.rates.hear(item, at(0));
  EXPECT_EQ(take(a, "k", 100), 20) << "its own";
  item.name = "revoked x";
  b.rates.hear(item, at(0));
  item.name = "spent a";
  for (const auto* text : {"", "[]", "{\"publish\":7}", "{\"publish\":{\"k\":\"x\"}}", "{\"unknown\":{\"k\":50}}"}) {
    item.content = text;
    b.rates.hear(item, at(0));
  }
  EXPECT_EQ(take(b, "k", 100), 100);
}

TEST_F(fleet_rates_test, many_keys_are_told_a_part_at_a_time_and_wait_for_a_log_that_is_away) {
  for (int i = 0; i < 1500; ++i) take(a, "k" + std::to_string(i), 60);
  a.log.up = false;
  a.rates.tick();
  EXPECT_TRUE(a.log.told.empty());
  a.log.up = true;
  hand_on(a, b);
  hand_on(a, b);
  a.rates.tick();
  EXPECT_TRUE(a.log.told.empty());
  int left = 0;
  for (int i = 0; i < 1500; ++i) left += take(b, "k" + std::to_string(i), 100);
  EXPECT_EQ(left, 1500 * 40);
}

}  // namespace
}  // namespace fanfare::domain
