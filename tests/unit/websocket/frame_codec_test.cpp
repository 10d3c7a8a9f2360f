#include "websocket/frame_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::websocket {
namespace {

using namespace std::string_literals;

struct row {
  std::string bytes;
  frame_header header;
};

const std::vector<row>& rows() {
  static const masking_key key{1, 2, 3, 4};
  static const std::vector<row> table = {
      {"\x81\x00"s, {true, false, opcode::text, false, 0, {}}},
      {"\x01\x03"s, {false, false, opcode::text, false, 3, {}}},
      {"\x80\x7d"s, {true, false, opcode::continuation, false, 125, {}}},
      {"\xc2\x85\x01\x02\x03\x04"s, {true, true, opcode::binary, true, 5, key}},
      {"\x82\x7e\x00\x7e"s, {true, false, opcode::binary, false, 126, {}}},
      {"\x82\x7e\xff\xff"s, {true, false, opcode::binary, false, 65535, {}}},
      {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s, {true, false, opcode::binary, false, 65536, {}}},
      {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"s,
       {true, false, opcode::binary, true, 0x7fffffffffffffffU, key}},
      {"\x88\x80\x01\x02\x03\x04"s, {true, false, opcode::close, true, 0, key}},
      {"\x89\x7d"s, {true, false, opcode::ping, false, 125, {}}},
      {"\x8a\x00"s, {true, false, opcode::pong, false, 0, {}}},
  };
  return table;
}

TEST(frame_codec, encodes_each_header) {
  for (const auto& [bytes, header] : rows()) {
    char out[header_bytes_max];
    EXPECT_EQ(std::string(out, encode_header(header, out)), bytes);
  }
}

TEST(frame_codec, decodes_each_header_and_waits_for_every_shorter_front) {
  for (const auto& [bytes, header] : rows()) {
    const auto read = decode_header(bytes + "rest");
    ASSERT_EQ(read.status, decode_status::whole);
    EXPECT_EQ(read.size, bytes.size());
    EXPECT_EQ(read.header.fin, header.fin);
    EXPECT_EQ(read.header.rsv1, header.rsv1);
    EXPECT_EQ(read.header.code, header.code);
    EXPECT_EQ(read.header.masked, header.masked);
    EXPECT_EQ(read.header.length, header.length);
    EXPECT_EQ(read.header.key, header.key);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(decode_header(std::string_view(bytes).substr(0, size)).status, decode_status::partial) << size;
    }
  }
}

TEST(frame_codec, finds_faults_as_early_as_they_show) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"\xa1"s, "reserved bit set"},
      {"\x91"s, "reserved bit set"},
      {"\xb1"s, "reserved bit set"},
      {"\xc9"s, "reserved bit set"},
      {"\xc8"s, "reserved bit set"},
      {"\x09"s, "fragmented control frame"},
      {"\x08"s, "fragmented control frame"},
      {"\x88\x7e"s, "control frame too long"},
      {"\x89\xff"s, "control frame too long"},
      {"\x82\x7f\x80"s, "length past 63 bits"},
      {"\x82\x7e\x00\x7d"s, "length not in its shortest form"},
      {"\x82\x7e\x00\x00"s, "length not in its shortest form"},
      {"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"s, "length not in its shortest form"},
      {"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01"s, "length not in its shortest form"},
  };
  for (const auto& [bytes, reason] : table) {
    EXPECT_EQ(decode_header(bytes).status, decode_status::bad) << reason;
    EXPECT_EQ(decode_header(bytes).reason, reason);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(decode_header(std::string_view(bytes).substr(0, size)).status, decode_status::partial) << reason;
    }
  }
}

TEST(frame_codec, refuses_every_reserved_opcode) {
  for (unsigned code = 0; code < 16; ++code) {
    const std::string bytes{static_cast<char>(0x80 | code), '\0'};
    const bool reserved = (code >= 3 && code <= 7) || code >= 11;
    EXPECT_EQ(decode_header(bytes).status, reserved ? decode_status::bad : decode_status::whole) << code;
  }
}

}  // namespace
}  // namespace fanfare::websocket
