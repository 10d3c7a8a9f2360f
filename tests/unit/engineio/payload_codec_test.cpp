#include "engineio/payload_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::engineio {
namespace {

/// Each packet as "<type><data>", binary ones in brackets.
std::vector<std::string> texts(const decoded_payload& decoded) {
  std::vector<std::string> out;
  for (const auto& one : decoded.packets) {
    out.push_back(one.binary ? "[" + one.data + "]" : std::to_string(static_cast<int>(one.type)) + one.data);
  }
  return out;
}

using list = std::vector<std::string>;

TEST(payload_codec, splits_packets) {
  const auto decoded = decode_payload(
      "4test1\x1e"
      "4test2\x1e"
      "3\x1e"
      "1",
      10);
  EXPECT_FALSE(decoded.fault);
  EXPECT_EQ(texts(decoded), (list{"4test1", "4test2", "3", "1"}));
}

TEST(payload_codec, decodes_base64_as_clients_write_it) {
  EXPECT_EQ(texts(decode_payload("4hello\x1e"
                                 "bYWJj",
                                 10)),
            (list{"4hello", "[abc]"}));
  EXPECT_EQ(texts(decode_payload("bYQ==", 10)), (list{"[a]"}));
  EXPECT_EQ(texts(decode_payload("bYQ", 10)), (list{"[a]"}));
  EXPECT_EQ(texts(decode_payload("b", 10)), (list{"[]"}));
  EXPECT_EQ(texts(decode_payload("b-_8=", 10)), (list{"[\xfb\xff]"}));
}

TEST(payload_codec, keeps_utf8_and_control_characters) {
  EXPECT_EQ(texts(decode_payload("4\xe2\x82\xac\xf0\x9f\x98\x80\x1f", 10)),
            (list{"4\xe2\x82\xac\xf0\x9f\x98\x80\x1f"}));
}

struct faulty {
  std::string body;
  errc code;
  std::size_t before;  // packets that are still handed on
};

class payload_faults : public testing::TestWithParam<faulty> {};

TEST_P(payload_faults, are_reported_after_the_packets_before) {
  const auto decoded = decode_payload(GetParam().body, 3);
  ASSERT_TRUE(decoded.fault);
  EXPECT_EQ(decoded.fault->code, GetParam().code);
  EXPECT_EQ(decoded.packets.size(), GetParam().before);
}

INSTANTIATE_TEST_SUITE_P(all, payload_faults,
                         testing::Values(faulty{"", errc::protocol_violation, 0},
                                         faulty{"abc", errc::protocol_violation, 0},
                                         faulty{"7", errc::protocol_violation, 0},
                                         faulty{"4a\x1e", errc::protocol_violation, 1},
                                         faulty{"\x1e"
                                                "4a",
                                                errc::protocol_violation, 0},
                                         faulty{"4a\x1e\x1e"
                                                "4b",
                                                errc::protocol_violation, 1},
                                         faulty{"4a\x1e"
                                                "bA*==",
                                                errc::protocol_violation, 1},
                                         faulty{"bA", errc::protocol_violation, 0},
                                         faulty{"4a\x1e"
                                                "4\xff",
                                                errc::invalid_utf8, 0},
                                         faulty{"4\xed\xa0\x80", errc::invalid_utf8, 0},
                                         faulty{"4\x1e"
                                                "4\x1e"
                                                "4\x1e"
                                                "4",
                                                errc::over_limit, 0}));

TEST(payload_codec, takes_exactly_the_bound) {
  EXPECT_EQ(decode_payload("4\x1e"
                           "4\x1e"
                           "4",
                           3)
                .packets.size(),
            3U);
}

TEST(payload_codec, joins_packets) {
  std::string payload;
  append_packet(payload, *encode_text("hello"));
  append_packet(payload, *encode_binary("\x01\x02\x03\x04"));
  append_packet(payload, *encode_control(packet_type::ping));
  EXPECT_EQ(payload,
            "4hello\x1e"
            "bAQIDBA==\x1e"
            "2");
}

TEST(payload_codec, foretells_sizes) {
  for (std::size_t size = 0; size < 8; ++size) {
    for (const auto& packet : {encode_text(std::string(size, 'x')), encode_binary(std::string(size, 'x'))}) {
      std::string payload = "6";
      append_packet(payload, *packet);
      EXPECT_EQ(payload_bytes(*packet), payload.size() - 1);
    }
  }
}

}  // namespace
}  // namespace fanfare::engineio
