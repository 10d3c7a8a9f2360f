#include "http/client/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>

// What client_test does not reach: the parser's own bounds and ends. Cuts, chunks and faults are in client_test.

namespace fanfare::http {
namespace {

TEST(response_parser, gives_status_fields_in_order_and_body) {
  response_parser parser(1000, 1000, false);
  const auto whole = parser.feed("HTTP/1.1 404 Gone\r\nB: 1\r\nA: 2\r\nB: 3\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(whole && *whole);
  EXPECT_TRUE(parser.keep_alive());
  const auto answer = parser.take();
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.body.view(), "no");
  std::string fields;
  for (const auto& [name, content] : answer.headers) fields += name + "=" + content + " ";
  EXPECT_EQ(fields, "B=1 B=3 A=2 Content-Length=2 ") << "those of one name together, in order";
}

TEST(response_parser, says_whether_the_connection_lives_on) {
  for (const auto& [head, lives] :
       {std::pair{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true},
        std::pair{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false},
        std::pair{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false}}) {
    response_parser parser(1000, 1000, false);
    const auto whole = parser.feed(head);
    ASSERT_TRUE(whole && *whole) << head;
    EXPECT_EQ(parser.keep_alive(), lives) << head;
  }
}

TEST(response_parser, a_chunked_body_is_bounded_too) {
  response_parser parser(1000, 5, false);
  const auto whole =
      parser.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, errc::payload_too_large);
}

TEST(response_parser, an_end_before_a_byte_or_within_the_header_is_no_answer) {
  response_parser empty(1000, 1000, false);
  EXPECT_FALSE(empty.finish());
  response_parser begun(1000, 1000, false);
  ASSERT_TRUE(begun.feed("HTTP/1.1 200 OK\r\nA:"));
  EXPECT_EQ(begun.finish().error().code, errc::unavailable);
}

}  // namespace
}  // namespace fanfare::http
