#include "api/dashboard/delivery_latency.hpp"

#include <gtest/gtest.h>

namespace fanfare::api {
namespace {

constexpr steady_time start{std::chrono::hours{1}};

TEST(DeliveryLatency, GivesNearestRanks) {
  delivery_latency latency;
  EXPECT_EQ(latency.lately(start).samples, 0u);
  for (int ms = 100; ms >= 1; --ms) latency.record(start - milliseconds{ms}, start);
  const auto found = latency.lately(start);
  EXPECT_EQ(found.samples, 100u);
  EXPECT_DOUBLE_EQ(found.p50_ms, 50);
  EXPECT_DOUBLE_EQ(found.p99_ms, 99);
}

TEST(DeliveryLatency, ForgetsWhatIsOldAndHoldsSoManyOnly) {
  delivery_latency latency;
  latency.record(start - milliseconds{9}, start);
  EXPECT_EQ(latency.lately(start + delivery_latency::window).samples, 1u);
  EXPECT_EQ(latency.lately(start + delivery_latency::window + milliseconds{1}).samples, 0u);
  for (std::size_t i = 0; i < delivery_latency::samples_max + 5; ++i) latency.record(start - milliseconds{1}, start);
  EXPECT_EQ(latency.lately(start).samples, delivery_latency::samples_max);
  EXPECT_DOUBLE_EQ(latency.lately(start).p99_ms, 1) << "the first has been overwritten";
}

TEST(DeliveryLatency, MeasuresNoMoreThanOneInAPause) {
  delivery_latency latency;
  EXPECT_TRUE(latency.due(start));
  EXPECT_FALSE(latency.due(start));
  EXPECT_FALSE(latency.due(start + delivery_latency::pause - std::chrono::nanoseconds{1}));
  EXPECT_TRUE(latency.due(start + delivery_latency::pause));
}

}  // namespace
}  // namespace fanfare::api
