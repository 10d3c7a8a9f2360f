#include "domain/presence_notices.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

TEST(PresenceNotices, GathersARoomsNewsIntoOne) {
  presence_notices notices;
  EXPECT_TRUE(notices.note("project:1", "ann", true));
  EXPECT_FALSE(notices.note("project:1", "ben", true));
  EXPECT_FALSE(notices.note("project:1", "eve", false));
  EXPECT_TRUE(notices.note("project:2", "ann", true));
  const auto change = notices.take("project:1");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->joined, (std::vector<std::string>{"ann", "ben"}));
  EXPECT_EQ(change->left, std::vector<std::string>{"eve"});
  EXPECT_FALSE(change->truncated);
  EXPECT_FALSE(notices.take("project:1"));
  EXPECT_TRUE(notices.note("project:1", "ann", false));
}

TEST(PresenceNotices, WhoComesAndGoesAgainIsNoNews) {
  presence_notices notices;
  EXPECT_TRUE(notices.note("project:1", "ann", true));
  EXPECT_FALSE(notices.note("project:1", "ann", false));
  EXPECT_FALSE(notices.take("project:1"));
}

TEST(PresenceNotices, NamesNoMoreThanItsBound) {
  presence_notices notices(2);
  for (const auto* user : {"a", "b", "c"}) static_cast<void>(notices.note("project:1", user, true));
  const auto change = notices.take("project:1");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->joined.size(), 2U);
  EXPECT_TRUE(change->truncated);
}

}  // namespace
}  // namespace fanfare::domain
