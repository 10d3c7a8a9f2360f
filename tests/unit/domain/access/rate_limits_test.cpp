#include "domain/access/rate_limits.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;
const steady_time start{1h};

TEST(rate_limits, each_key_has_its_own_bucket) {
  rate_limits limits({.per_second = 10, .burst = 2});
  EXPECT_TRUE(limits.take("a", start).allowed);
  EXPECT_TRUE(limits.take("a", start).allowed);
  const auto refused = limits.take("a", start);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 100ms);
  EXPECT_TRUE(limits.take("b", start).allowed);
  EXPECT_TRUE(limits.take("a", start + 100ms).allowed);
}

TEST(rate_limits, zero_is_no_limit) {
  rate_limits limits({.per_second = 0});
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(limits.take("a", start).allowed);
  EXPECT_EQ(limits.size(), 0U);
}

TEST(rate_limits, idle_keys_are_dropped) {
  rate_limits limits({.per_second = 1, .burst = 1});
  (void)limits.take("a", start);
  (void)limits.take("b", start);
  EXPECT_EQ(limits.size(), 2U);
  (void)limits.take("c", start + 2s);
  EXPECT_EQ(limits.size(), 1U);
}

TEST(rate_limits, keys_are_bounded_and_the_least_used_goes) {
  rate_limits limits({.per_second = 1, .burst = 1}, 2);
  (void)limits.take("a", start);
  (void)limits.take("b", start);
  (void)limits.take("a", start);
  (void)limits.take("c", start);
  EXPECT_EQ(limits.size(), 2U);
  EXPECT_FALSE(limits.take("a", start).allowed) << "b was used least recently";
}

TEST(rate_limits, a_reload_changes_the_limit) {
  rate_limits limits({.per_second = 1, .burst = 1});
  (void)limits.take("a", start);
  limits.set_limit({.per_second = 100, .burst = 100});
  EXPECT_FALSE(limits.take("a", start).allowed) << "no fresh burst";
  EXPECT_TRUE(limits.take("a", start + 10ms).allowed);
}

}  // namespace
}  // namespace fanfare::domain
