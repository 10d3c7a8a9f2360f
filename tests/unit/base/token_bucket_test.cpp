#include <fanfare/base/token_bucket.hpp>

#include <gtest/gtest.h>

namespace fanfare {
namespace {

using namespace std::chrono_literals;

constexpr steady_time start{1h};

TEST(token_bucket, lets_a_burst_through_and_then_the_rate) {
  token_bucket bucket(10, 3, start);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(start), std::nullopt);
  EXPECT_EQ(bucket.take(start), 100ms);
  EXPECT_EQ(bucket.take(start + 40ms), 60ms);
  EXPECT_EQ(bucket.take(start + 100ms), std::nullopt);
  EXPECT_EQ(bucket.take(start + 100ms), 100ms);
  EXPECT_FALSE(bucket.full(start + 399ms));
  EXPECT_TRUE(bucket.full(start + 400ms));
  EXPECT_EQ(bucket.take(start + 1h, 3), std::nullopt) << "it gains no more than the burst";
  EXPECT_EQ(bucket.take(start + 1h), 100ms);
}

TEST(token_bucket, who_waits_as_told_is_let_through) {
  for (const double rate : {0.3, 1.0, 3.0, 7.0, 33.3, 999.0}) {
    token_bucket bucket(rate, 1, start);
    auto now = start;
    EXPECT_EQ(bucket.take(now), std::nullopt);
    for (int i = 0; i < 1000; ++i) {
      const auto wait = bucket.take(now);
      ASSERT_TRUE(wait);
      EXPECT_GE(*wait, 1ms);
      now += *wait;
      ASSERT_EQ(bucket.take(now), std::nullopt) << rate;
    }
  }
}

TEST(token_bucket, more_than_the_burst_costs_a_full_bucket) {
  token_bucket bucket(10, 5, start);
  EXPECT_EQ(bucket.take(start, 50), std::nullopt);
  EXPECT_EQ(bucket.take(start, 50), 500ms);
  EXPECT_EQ(bucket.take(start + 500ms, 50), std::nullopt);
}

TEST(token_bucket, no_rate_is_no_limit) {
  token_bucket unlimited;
  token_bucket zero(0, 0, start);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(unlimited.take(start, 1000), std::nullopt);
    EXPECT_EQ(zero.take(start, 1000), std::nullopt);
  }
  EXPECT_TRUE(unlimited.full(start));
}

TEST(token_bucket, time_that_runs_back_gives_nothing) {
  token_bucket bucket(10, 1, start);
  EXPECT_EQ(bucket.take(start), std::nullopt);
  EXPECT_EQ(bucket.take(start - 10s), 100ms);
  EXPECT_EQ(bucket.take(start), 100ms) << "the same second is not gained twice";
}

TEST(token_bucket, configured_anew_it_keeps_what_it_holds) {
  token_bucket bucket(10, 10, start);
  EXPECT_EQ(bucket.take(start, 8), std::nullopt);
  bucket.configure(1, 5);
  EXPECT_EQ(bucket.take(start, 2), std::nullopt);
  EXPECT_EQ(bucket.take(start), 1000ms);
  bucket.configure(1, 0);
  EXPECT_EQ(bucket.take(start + 5s), std::nullopt) << "a burst below one could never grant one";
}

TEST(token_bucket, a_wait_has_an_end) {
  token_bucket bucket(1e-12, 1, start);
  EXPECT_EQ(bucket.take(start), std::nullopt);
  EXPECT_EQ(bucket.take(start), 24h);
}

}  // namespace
}  // namespace fanfare
