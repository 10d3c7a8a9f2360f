#include "domain/access/revocations.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using namespace std::chrono_literals;
const system_time now{100000s};

principal token(const char* sub, const char* jti, std::optional<system_time> issued) {
  principal who;
  who.sub = sub;
  who.jti = jti;
  who.issued_at = issued;
  return who;
}

TEST(revocations, by_token) {
  revocations list;
  ASSERT_TRUE(list.revoke_token("t1", now, now + 1h));
  EXPECT_TRUE(list.revoked(token("u1", "t1", now), now));
  EXPECT_FALSE(list.revoked(token("u1", "t2", now), now));
  EXPECT_FALSE(list.revoked(token("u1", "", now), now));
  EXPECT_FALSE(list.revoked(token("t1", "u1", now), now)) << "a user of that name is another matter";
  EXPECT_FALSE(list.revoked(token("u1", "t1", now), now + 1h)) << "it has expired by itself";
}

TEST(revocations, may_be_kept_and_restored) {
  revocations list, again;
  ASSERT_TRUE(list.revoke_token("t1", now, now + 1h));
  ASSERT_TRUE(list.revoke_user("u1", now, now + 2h));
  EXPECT_FALSE(list.find("jt2"));
  again.restore(*list.find("jt1"), now);
  again.restore(*list.find("uu1"), now);
  EXPECT_TRUE(again.revoked(token("x", "t1", now), now));
  EXPECT_TRUE(again.revoked(token("u1", "", now), now));
  EXPECT_FALSE(again.revoked(token("u1", "", now + 1s), now + 1s)) << "issued afterwards";
  revocations late;
  late.restore(*list.find("jt1"), now + 1h);
  EXPECT_EQ(late.size(), 0U) << "what it names has expired";
}

TEST(revocations, again_prolongs_and_never_shortens) {
  revocations list;
  ASSERT_TRUE(list.revoke_token("t1", now, now + 1h));
  ASSERT_TRUE(list.revoke_token("t1", now, now + 2h));
  EXPECT_TRUE(list.revoked(token("u1", "t1", now), now + 90min));
  ASSERT_TRUE(list.revoke_token("t1", now, now + 1h));
  EXPECT_TRUE(list.revoked(token("u1", "t1", now), now + 90min));
  ASSERT_TRUE(list.revoke_user("u2", now, now + 1h));
  ASSERT_TRUE(list.revoke_user("u2", now, now + 2h));
  EXPECT_TRUE(list.revoked(token("u2", "", now), now + 90min));
}

TEST(revocations, by_user_up_to_now) {
  revocations list;
  ASSERT_TRUE(list.revoke_user("u1", now, now + 1h));
  EXPECT_TRUE(list.revoked(token("u1", "", now - 1s), now));
  EXPECT_TRUE(list.revoked(token("u1", "", now), now));
  EXPECT_TRUE(list.revoked(token("u1", "", std::nullopt), now)) << "nothing says it is newer";
  EXPECT_FALSE(list.revoked(token("u1", "", now + 1s), now + 1s)) << "the user has logged in again";
  EXPECT_FALSE(list.revoked(token("u2", "", now), now));
  EXPECT_FALSE(list.revoked(token("u1", "", now), now + 1h));
  ASSERT_TRUE(list.revoke_user("u1", now + 10s, now + 20s));
  EXPECT_TRUE(list.revoked(token("u1", "", now + 1s), now + 30min)) << "the longer of the two";
  EXPECT_EQ(list.size(), 1U);
}

TEST(revocations, are_bounded_but_never_forget_one_that_counts) {
  revocations list(2);
  ASSERT_TRUE(list.revoke_token("a", now, now + 1s));
  ASSERT_TRUE(list.revoke_token("b", now, now + 1h));
  EXPECT_EQ(list.revoke_token("c", now, now + 1h).error().code, errc::over_limit);
  EXPECT_TRUE(list.revoke_token("b", now, now + 2h)) << "known ones may be prolonged";
  EXPECT_TRUE(list.revoke_token("c", now + 1s, now + 1h)) << "a has expired";
  EXPECT_TRUE(list.revoked(token("u", "b", now), now));
  EXPECT_EQ(list.size(), 2U);
}

}  // namespace
}  // namespace fanfare::domain
