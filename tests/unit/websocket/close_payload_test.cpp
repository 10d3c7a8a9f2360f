#include "websocket/close_payload.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::websocket {
namespace {

using namespace std::string_literals;

std::string body(unsigned code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason);
}

TEST(close_payload, takes_exactly_the_codes_that_may_travel) {
  for (unsigned code = 0; code <= 65535; ++code) {
    const bool good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code < 5000);
    const auto read = decode_close(body(code));
    ASSERT_EQ(read.fault, good ? 0 : 1002) << code;
    ASSERT_EQ(read.code, code);
  }
}

TEST(close_payload, reads_empty_short_and_reasoned_bodies) {
  EXPECT_EQ(decode_close("").code, 1005);
  EXPECT_EQ(decode_close("").fault, 0);
  EXPECT_EQ(decode_close("\x03").fault, 1002);
  EXPECT_EQ(decode_close(body(1000, "gr\xc3\xbc\xc3\x9f")).reason, "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(decode_close(body(1000, "\xff")).fault, 1007);
  EXPECT_EQ(decode_close(body(1000, "cut \xc3")).fault, 1007);
}

TEST(close_payload, writes_what_may_travel) {
  EXPECT_EQ(encode_close(0, "lost"), "");
  EXPECT_EQ(encode_close(1000, "bye"),
            "\x03\xe8"s
            "bye");
  EXPECT_EQ(encode_close(1006, ""), "\x03\xf3"s);
  EXPECT_EQ(encode_close(70, "x"),
            "\x03\xf3"s
            "x");
}

TEST(close_payload, cuts_a_long_reason_between_characters) {
  EXPECT_EQ(encode_close(1000, std::string(123, 'a')).size(), 125U);
  EXPECT_EQ(encode_close(1000, std::string(500, 'a')).size(), 125U);
  const std::string reason = std::string(122, 'a') + "\xe2\x82\xac";
  EXPECT_EQ(encode_close(1000, reason), "\x03\xe8" + std::string(122, 'a'));
}

}  // namespace
}  // namespace fanfare::websocket
