#include "redis/url.hpp"

#include <gtest/gtest.h>

namespace fanfare::redis {
namespace {

// What the URL says in one line, or what is wrong with it.
std::string read(std::string_view text) {
  const auto got = parse_url(text);
  if (!got) {
    EXPECT_EQ(got.error().code, errc::bad_request);
    return got.error().detail;
  }
  std::string out = got->shown();
  if (!got->password.empty()) out += " " + got->user + "|" + got->password;
  if (!got->sentinel_password.empty()) out += " " + got->sentinel_user + "|" + got->sentinel_password;
  return out;
}

TEST(redis_url, takes_every_form) {
  EXPECT_EQ(read("redis://localhost"), "redis://localhost:6379");
  EXPECT_EQ(read("redis://localhost/"), "redis://localhost:6379");
  EXPECT_EQ(read("redis://localhost:7/3"), "redis://localhost:7/3");
  EXPECT_EQ(read("rediss://me:p%40ss%2F@[::1]:7"), "rediss://[::1]:7 me|p@ss/");
  EXPECT_EQ(read("redis://:only@h"), "redis://h:6379 |only");
  EXPECT_EQ(read("redis+sentinel://a,b:1/mine"), "redis+sentinel://a:26379,b:1/mine");
  EXPECT_EQ(read("redis+sentinel://u:p@a/mine/2?sentinel_user=s&sentinel_password=t"),
            "redis+sentinel://a:26379/mine/2 u|p s|t");
  EXPECT_EQ(read("redis+cluster://a,b:1,c"), "redis+cluster://a:6379,b:1,c:6379");
  EXPECT_EQ(read("rediss+cluster://a"), "rediss+cluster://a:6379");
  EXPECT_TRUE(parse_url("rediss+cluster://a")->secure);
}

TEST(redis_url, says_what_is_wrong) {
  const std::string scheme = "must start with redis://, rediss://, redis+sentinel:// or redis+cluster://";
  EXPECT_EQ(read(""), scheme);
  EXPECT_EQ(read("http://a"), scheme);
  EXPECT_EQ(read("redis+other://a"), scheme);
  EXPECT_EQ(read("redis"), "must start with redis://");
  EXPECT_EQ(read("redis://"), "a host is empty");
  EXPECT_EQ(read("redis+cluster://a,,b"), "a host is empty");
  EXPECT_EQ(read("redis://a b"), "holds a space or a control character");
  EXPECT_EQ(read("redis://a#b"), "a # must be written %23");
  EXPECT_EQ(read("redis://a:0"), "the port of a is no number from 1 to 65535");
  EXPECT_EQ(read("redis://a:65536"), "the port of a is no number from 1 to 65535");
  EXPECT_EQ(read("redis://a:"), "the port of a is no number from 1 to 65535");
  EXPECT_EQ(read("redis://::1"), "an IPv6 address needs brackets: [::1]:6379");
  EXPECT_EQ(read("redis://fe80::1"), "an IPv6 address needs brackets: [::1]:6379");
  EXPECT_EQ(read("redis://[::1"), "a host lacks its ]");
  EXPECT_EQ(read("redis://a,b"), "several hosts need redis+sentinel:// or redis+cluster://");
  EXPECT_EQ(read("redis://a/x"), "the database is no number: /0, /1, …");
  EXPECT_EQ(read("redis://a/-1"), "the database is no number: /0, /1, …");
  EXPECT_EQ(read("redis+cluster://a/1"), "a cluster has database 0 only");
  EXPECT_EQ(read("redis+sentinel://a"), "redis+sentinel:// needs the master's name: …/NAME");
  EXPECT_EQ(read("redis://u@a"), "a user needs a password (USER:PASSWORD@, or :PASSWORD@)");
  EXPECT_EQ(read("redis://u:%4@a"),
            "the user or password has a % that two hexadecimal digits do not follow");
  EXPECT_EQ(read("redis://a?x=1"), "does not know the parameter x");
  EXPECT_EQ(read("redis://a?sentinel_user=1"), "does not know the parameter sentinel_user");
}

TEST(redis_url, never_shows_a_password) {
  for (const std::string_view text :
       {"redis://u:secret@a/x", "redis://u:secret@a b", "redis://u:secret@a:99999", "redis://secret@a"}) {
    EXPECT_EQ(read(text).find("secret"), std::string::npos) << text;
  }
  EXPECT_EQ(parse_url("redis://u:secret@a")->shown(), "redis://a:6379");
}

}  // namespace
}  // namespace fanfare::redis
