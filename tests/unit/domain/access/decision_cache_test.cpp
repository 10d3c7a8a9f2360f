#include "domain/access/decision_cache.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

constexpr steady_time start{};

TEST(DecisionCache, KeepsBothAnswersForItsTimeOnly) {
  decision_cache cache(milliseconds{100}, 10);
  EXPECT_EQ(cache.find("q", start), std::nullopt);
  cache.put("q", true, start);
  cache.put("r", false, start);
  EXPECT_EQ(cache.find("q", start + milliseconds{99}), true);
  EXPECT_EQ(cache.find("r", start + milliseconds{99}), false);
  EXPECT_EQ(cache.find("q", start + milliseconds{100}), std::nullopt);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(DecisionCache, ANewAnswerReplacesTheOldOne) {
  decision_cache cache(milliseconds{100}, 10);
  cache.put("q", true, start);
  cache.put("q", false, start + milliseconds{50});
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.find("q", start + milliseconds{120}), false);
}

TEST(DecisionCache, HoldsItsBound) {
  decision_cache cache(milliseconds{100}, 2);
  for (const auto* question : {"a", "b", "c"}) cache.put(question, true, start);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.find("a", start), std::nullopt);
  EXPECT_EQ(cache.find("c", start), true);
}

TEST(DecisionCache, KeepsNothingWhenTurnedOff) {
  decision_cache timeless(milliseconds{0}, 2), empty(milliseconds{100}, 0);
  timeless.put("a", true, start);
  empty.put("a", true, start);
  EXPECT_EQ(timeless.find("a", start), std::nullopt);
  EXPECT_EQ(empty.find("a", start), std::nullopt);
}

}  // namespace
}  // namespace fanfare::domain
