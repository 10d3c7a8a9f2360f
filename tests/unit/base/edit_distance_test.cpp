#include <gtest/gtest.h>

#include <fanfare/base/edit_distance.hpp>

namespace fanfare {
namespace {

TEST(edit_distance, counts_slips) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("subscribe", "subscribe"), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("subscibe", "subscribe"), 1U) << "left out";
  EXPECT_EQ(edit_distance("subsccribe", "subscribe"), 1U) << "too many";
  EXPECT_EQ(edit_distance("sobscribe", "subscribe"), 1U) << "changed";
  EXPECT_EQ(edit_distance("subscirbe", "subscribe"), 1U) << "swapped";
  EXPECT_EQ(edit_distance("ping", "publish"), edit_distance("publish", "ping"));
}

}  // namespace
}  // namespace fanfare
