#include "websocket/masking.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::websocket {
namespace {

TEST(masking, gives_the_example_of_the_rfc) {
  std::string bytes("\x7f\x9f\x4d\x51\x58", 5);  // RFC 6455 §5.7
  apply_mask(bytes, {0x37, 0xfa, 0x21, 0x3d}, 0);
  EXPECT_EQ(bytes, "Hello");
}

TEST(masking, agrees_with_one_byte_at_a_time_for_every_length_offset_and_alignment) {
  const masking_key key{0xde, 0xad, 0xbe, 0xef};
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t size = 0; size < 100; ++size) {
      for (std::size_t offset = 0; offset < 9; ++offset) {
        std::string bytes(start + size, '\0'), expected;
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
        expected = bytes;
        for (std::size_t i = 0; i < size; ++i) expected[start + i] ^= static_cast<char>(key[(offset + i) % 4]);
        apply_mask(std::span(bytes).subspan(start), key, offset);
        ASSERT_EQ(bytes, expected) << start << ' ' << size << ' ' << offset;
      }
    }
  }
}

}  // namespace
}  // namespace fanfare::websocket
