#include "engineio/packet_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fanfare::engineio {
namespace {

TEST(packet_codec, encodes_every_type) {
  EXPECT_EQ(encode_text("hello")->message(), "4hello");
  EXPECT_EQ(encode_text("")->message(), "4");
  EXPECT_FALSE(encode_text("hello")->binary());
  EXPECT_EQ(encode_binary("\x01\x02")->message(), "\x01\x02");
  EXPECT_TRUE(encode_binary("")->binary());
  EXPECT_EQ(encode_control(packet_type::close)->message(), "1");
  EXPECT_EQ(encode_control(packet_type::ping, "probe")->message(), "2probe");
  EXPECT_EQ(encode_control(packet_type::noop)->message(), "6");
}

TEST(packet_codec, writes_open_as_node_does) {
  const auto polling = encode_open({"abc", true, milliseconds{25000}, milliseconds{20000}, 1000000});
  EXPECT_EQ(polling->message(),
            R"(0{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  const auto direct = encode_open({"abc", false, milliseconds{300}, milliseconds{200}, 1});
  EXPECT_EQ(direct->message(), R"(0{"sid":"abc","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1})");
}

TEST(packet_codec, decodes_every_type) {
  for (int digit = 0; digit <= 6; ++digit) {
    const auto decoded = decode_packet(std::to_string(digit) + "data", false);
    ASSERT_TRUE(decoded.has_value()) << digit;
    EXPECT_EQ(static_cast<int>(decoded.value().type), digit);
    EXPECT_EQ(decoded.value().data, "data");
    EXPECT_FALSE(decoded.value().binary);
  }
}

TEST(packet_codec, takes_a_binary_message_as_it_stands) {
  const auto decoded = decode_packet("abc", true);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded.value().type, packet_type::message);
  EXPECT_TRUE(decoded.value().binary);
  EXPECT_EQ(decoded.value().data, "abc");
  EXPECT_TRUE(decode_packet("", true).has_value());
}

TEST(packet_codec, takes_base64_in_text_for_binary) {
  for (const std::string& text : std::vector<std::string>{"bAQID", "bAQI=", "bAQI", "b"}) {
    const auto decoded = decode_packet(text, false);
    ASSERT_TRUE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.value().type, packet_type::message);
    EXPECT_TRUE(decoded.value().binary);
    EXPECT_EQ(encode_base64(*encode_binary(decoded.value().data))->message().substr(0, 4), text.substr(0, 4));
  }
  EXPECT_EQ(decode_packet("bAQID", false).value().data, "\x01\x02\x03");
  EXPECT_FALSE(encode_base64(*encode_binary("x"))->binary());
}

TEST(packet_codec, refuses_unknown_types) {
  for (const std::string& text : std::vector<std::string>{"", "7", "abc", "/", "b!", " 4", "\xff"}) {
    const auto decoded = decode_packet(text, false);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, errc::protocol_violation);
  }
}

}  // namespace
}  // namespace fanfare::engineio
