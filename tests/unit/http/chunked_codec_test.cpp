#include "http/chunked_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace fanfare::http {
namespace {

using step = chunked_codec::step;

step decode(std::string_view bytes, std::size_t body_bytes_max, std::string& body) {
  chunked_codec codec(body_bytes_max);
  return codec.feed(bytes, body);
}

TEST(chunked_codec, refuses_a_size_past_64_bits) {
  std::string body;
  const auto any = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(decode("FFFFFFFFFFFFFFFFF\r\n", any, body), step::malformed);
  EXPECT_EQ(decode("7FFFFFFFFFFFFFF\r\n", any, body), step::need_more);
  EXPECT_EQ(decode("00000000000000000001\r\na\r\n0\r\n\r\n", any, body), step::complete);
  EXPECT_EQ(body, "a");
}

TEST(chunked_codec, counts_all_chunks_against_the_bound) {
  std::string body;
  EXPECT_EQ(decode("2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", 4, body), step::complete);
  body.clear();
  EXPECT_EQ(decode("2\r\nab\r\n3", 4, body), step::too_large) << "before its bytes";
}

TEST(chunked_codec, bounds_extensions_of_all_chunks_together) {
  std::string bytes;
  const std::string chunk = "1;" + std::string(1000, 'x') + "\r\na\r\n";
  for (int i = 0; i < 4; ++i) bytes += chunk;
  std::string body;
  EXPECT_EQ(decode(bytes, 100, body), step::need_more);
  EXPECT_EQ(decode(bytes + chunk, 100, body), step::malformed);
}

TEST(chunked_codec, bounds_the_digits_of_each_size_but_not_the_number_of_chunks) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += "0001\r\na\r\n";
  std::string body;
  EXPECT_EQ(decode(bytes + "0\r\n\r\n", 5000, body), step::complete);
  EXPECT_EQ(body.size(), 5000U);
  EXPECT_EQ(decode(std::string(chunked_codec::size_digits_max, '0') + "\r\n\r\n", 1, body), step::complete);
  EXPECT_EQ(decode(std::string(chunked_codec::size_digits_max + 1, '0'), 1, body), step::malformed);
}

TEST(chunked_codec, leaves_what_follows) {
  chunked_codec codec(10);
  std::string body;
  std::string_view bytes = "1\r\na\r\n0\r\nX: y\r\n\r\nGET";
  EXPECT_EQ(codec.feed(bytes, body), step::complete);
  EXPECT_EQ(bytes, "GET");
}

}  // namespace
}  // namespace fanfare::http
