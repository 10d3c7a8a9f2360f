#include <gtest/gtest.h>

#include <fanfare/websocket/connection.hpp>

#include "websocket/frame_codec.hpp"

namespace fanfare::websocket {
namespace {

TEST(framed_message, joins_prefix_and_payload_behind_one_unmasked_header) {
  const framed_message message(false, "4", "hello");
  EXPECT_EQ(message.frame().view(), std::string_view("\x81\x06"
                                                     "4hello"));
  EXPECT_EQ(message.message(), "4hello");
  EXPECT_FALSE(message.binary());
}

TEST(framed_message, keeps_the_message_readable_at_every_header_size) {
  for (const std::size_t size : {0U, 125U, 126U, 65535U, 65536U}) {
    const std::string payload(size, 'x');
    const framed_message message(true, "", payload);
    EXPECT_TRUE(message.binary());
    EXPECT_EQ(message.message(), payload);
    const auto read = decode_header(message.frame().view());
    EXPECT_EQ(read.header.code, opcode::binary);
    EXPECT_EQ(read.header.length, size);
    EXPECT_EQ(read.size + size, message.frame().size());
  }
}

}  // namespace
}  // namespace fanfare::websocket
