#include "http/response_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::http {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(response_codec, writes_a_head) {
  auto answer = response::text(200, "hello");
  answer.headers.add("X-A", "b");
  EXPECT_EQ(serialize_head(answer, {true, false, "now"}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: b\r\nDate: now\r\n"
            "Content-Length: 5\r\n\r\n");
}

TEST(response_codec, says_what_becomes_of_the_connection) {
  const response answer{204, {}, {}};
  EXPECT_EQ(serialize_head(answer, {true, false, ""}), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(serialize_head(answer, {false, false, ""}), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(serialize_head(answer, {true, true, ""}), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(response_codec, lets_nobody_split_a_response) {
  response answer{200, {}, {}};
  answer.headers.add("Location", "/a\r\nSet-Cookie: x=1");
  answer.headers.add("Bad Name", "x");
  answer.headers.add("", "x");
  answer.headers.add("X\r\nY", "x");
  EXPECT_EQ(serialize_head(answer, {}),
            "HTTP/1.1 200 OK\r\nLocation: /a  Set-Cookie: x=1\r\nContent-Length: 0\r\n\r\n");
}

TEST(response_codec, frames_the_body_itself) {
  auto answer = response::text(200, "abc");
  for (const auto* name : {"content-length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive"}) {
    answer.headers.add(name, "99");
  }
  EXPECT_THAT(serialize_head(answer, {}), Not(HasSubstr("99")));
}

TEST(response_codec, knows_who_has_a_body) {
  for (const unsigned status : {100U, 101U, 204U, 304U}) EXPECT_FALSE(status_has_body(status));
  for (const unsigned status : {200U, 400U, 503U}) EXPECT_TRUE(status_has_body(status));
}

TEST(response_codec, writes_dates) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace fanfare::http
