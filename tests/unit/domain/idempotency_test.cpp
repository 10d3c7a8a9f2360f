#include "domain/idempotency.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;
using state = idempotency::state;
const steady_time start{1h};

TEST(idempotency, gives_the_same_answer_within_the_window) {
  idempotency seen({.window = 60s});
  EXPECT_EQ(seen.look("k", start), state::unknown);
  seen.reserve("k", start);
  seen.reserve("k", start);
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.look("k", start), state::pending);
  seen.settle("k", {{"id", "e-1"}}, start + 1s);
  idempotency::answers given;
  EXPECT_EQ(seen.look("k", start + 60s, &given), state::answered);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].cursor, "e-1");
  EXPECT_EQ(seen.look("k", start + 60s), state::answered);
  EXPECT_EQ(seen.look("k", start + 61s), state::unknown);
  EXPECT_EQ(seen.size(), 0U);
}

TEST(idempotency, tells_what_a_key_was_of) {
  idempotency seen({});
  std::string digest = "none";
  EXPECT_EQ(seen.look("k", start, nullptr, &digest), state::unknown);
  EXPECT_EQ(digest, "none");
  seen.reserve("k", start, "of the body");
  EXPECT_EQ(seen.look("k", start, nullptr, &digest), state::pending);
  EXPECT_EQ(digest, "of the body");
  seen.settle("k", {{"id", "e-1"}}, start);
  digest.clear();
  EXPECT_EQ(seen.look("k", start, nullptr, &digest), state::answered);
  EXPECT_EQ(digest, "of the body");
}

TEST(idempotency, what_failed_is_forgotten) {
  idempotency seen({});
  seen.reserve("k", start);
  seen.drop("k");
  seen.drop("k");
  EXPECT_EQ(seen.look("k", start), state::unknown);
}

TEST(idempotency, answers_are_bounded_and_the_oldest_go_first) {
  idempotency seen({.answers_max = 4, .window = 60s});
  for (const auto* key : {"a", "b", "c"}) {
    seen.reserve(key, start);
    seen.settle(key, {{"id", "c"}}, start);
  }
  seen.reserve("many", start);
  seen.settle("many", {{"1", "c"}, {"2", "c"}, {"3", "c"}}, start);
  EXPECT_EQ(seen.look("a", start), state::unknown);
  EXPECT_EQ(seen.look("b", start), state::unknown);
  EXPECT_EQ(seen.look("c", start), state::answered);
  EXPECT_EQ(seen.look("many", start), state::answered);
  EXPECT_EQ(seen.size(), 2U);
}

TEST(idempotency, settling_what_is_gone_does_nothing) {
  idempotency seen({.answers_max = 1});
  seen.reserve("a", start);
  seen.reserve("b", start);
  seen.settle("a", {{"id", "c"}}, start);
  EXPECT_EQ(seen.look("a", start), state::unknown);
  EXPECT_EQ(seen.look("b", start), state::pending);
}

}  // namespace
}  // namespace fanfare::domain
