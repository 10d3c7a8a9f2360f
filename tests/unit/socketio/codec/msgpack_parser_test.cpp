#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include <fanfare/socketio/msgpack_codec.hpp>
#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::from_hex;

std::string encode(const packet& out) {
  const auto frames = test::on_wire(msgpack_parser()->make({})->encode(out));
  return frames.size() == 1 ? frames.front() : "several";
}

std::string decode(std::string_view hex, const packet_limits& limits = {}) {
  const auto decoded = msgpack_parser()->make(limits)->decode(from_hex(hex), true);
  if (!decoded) return "error " + decoded.error().detail;
  if (!*decoded) return "wait";
  const auto& in = **decoded;
  auto text = std::to_string(static_cast<int>(in.type)) + " " + in.nsp;
  if (in.id) text += " " + std::to_string(*in.id);
  return in.data.is_null() ? text : text + " " + json::write(in.data);
}

// The bytes of socket.io-msgpack-parser 3.0.2, for packets as Node's server makes them.
TEST(msgpack_parser, writes_what_node_writes) {
  using enum packet_type;
  EXPECT_EQ(encode({disconnect, "/a", {}, {}}), "b82a47479706501a36e7370a22f61");
  EXPECT_EQ(encode({event, "/", {}, array{"e", 1, shared_bytes("\1\2")}}),
            "b83a47479706502a46461746193a16501c4020102a36e7370a12f");
  EXPECT_EQ(encode({event, "/a", 5, array{"e"}}), "b84a47479706502a46461746191a165a2696405a36e7370a22f61");
  EXPECT_EQ(encode({ack, "/", 5, array{"x"}}), "b84a2696405a47479706503a46461746191a178a36e7370a12f");
}

TEST(msgpack_parser, reads_what_node_writes) {
  EXPECT_EQ(decode("83a47479706502a46461746193a16501c4020102a36e7370a12f"), R"(2 / ["e",1,null])");
  EXPECT_EQ(decode("85a47479706502a46461746192a16581a16101a76f7074696f6e7381a8636f6d7072657373c3a2696403a36e7370a12f"),
            R"(2 / 3 ["e",{"a":1}])");
  EXPECT_EQ(decode("83a47479706500a464617461d40000a36e7370a12f"), "0 /");  // data: undefined
  EXPECT_EQ(decode("83a47479706500a36e7370a12fa46461746181a5746f6b656ea178"), R"(0 / {"token":"x"})");
  EXPECT_EQ(decode("82a47479706501a36e7370a22f61"), "1 /a");
  EXPECT_EQ(decode("83a47479706504a36e7370a12fa464617461a178"), R"(4 / "x")");
  EXPECT_EQ(decode("84a47479706503a36e7370a12fa46461746190a2696401"), "3 / 1 []");
}

TEST(msgpack_parser, refuses_what_node_refuses) {
  static constexpr std::pair<std::string_view, std::string_view> rows[] = {
      {"83a47479706505a36e7370a12fa46461746191a161", "invalid packet type"},
      {"82a474797065ffa36e7370a12f", "invalid packet type"},
      {"83a474797065a132a36e7370a12fa46461746191a161", "invalid packet type"},
      {"82a474797065cb3ff8000000000000a36e7370a12f", "invalid packet type"},
      {"82a36e7370a12fa46461746191a161", "invalid packet type"},
      {"82a47479706502a46461746191a161", "invalid namespace"},
      {"83a47479706502a36e737001a46461746191a161", "invalid namespace"},
      {"82a47479706502a36e7370a12f", "invalid payload"},
      {"83a47479706500a36e7370a12fa46461746190", "invalid payload"},
      {"83a47479706501a36e7370a12fa46461746180", "invalid payload"},
      {"83a47479706504a36e7370a12fa46461746101", "invalid payload"},
      {"84a47479706502a36e7370a12fa46461746191a161a26964a131", "invalid packet id"},
      {"84a47479706502a36e7370a12fa46461746191a161a26964cb3ff8000000000000", "invalid packet id"},
      {"84a47479706503a36e7370a12fa46461746180a2696401", "invalid payload"},
  };
  for (const auto& [hex, why] : rows) EXPECT_EQ(decode(hex), "error " + std::string(why)) << hex;
  for (const auto* hex : {"", "90", "01", "83a47479706502a36e7370a12fa46461746180",  // data is a map
                          "83a47479706502a36e7370a12fa46461746190",                  // no name
                          "83a47479706502a36e7370a12fa46461746191a7636f6e6e656374",  // reserved name
                          "84a47479706502a36e7370a12fa46461746191a161a26964ff"}) {   // id -1
    EXPECT_EQ(decode(hex).substr(0, 5), "error") << hex;
  }
  EXPECT_FALSE(msgpack_parser()->make({})->decode("2[\"a\"]", false));
}

TEST(msgpack_parser, keeps_its_bounds) {
  const auto code = [](const value& data, const std::string& nsp, const packet_limits& limits) {
    const auto bytes = msgpack::encode(object{{"type", 2}, {"data", data}, {"nsp", nsp}});
    const auto decoded = msgpack_parser()->make(limits)->decode(bytes, true);
    return decoded ? std::optional<errc>{} : decoded.error().code;
  };
  const auto bytes = [](std::size_t size) { return shared_bytes(std::string(size, 'x')); };
  packet_limits limits;
  limits.attachments_max = 2;
  limits.attachment_bytes_max = 10;
  limits.namespace_bytes_max = 4;
  limits.event_name_bytes_max = 4;
  limits.depth_max = 3;
  EXPECT_EQ(code(array{"abcd", bytes(5), object{{"x", bytes(5)}}}, "/abc", limits), std::nullopt);
  EXPECT_EQ(code(array{"a", bytes(5), object{{"x", bytes(6)}}}, "/", limits), errc::payload_too_large);
  EXPECT_EQ(code(array{"a", bytes(1), bytes(1), bytes(1)}, "/", limits), errc::over_limit);
  EXPECT_EQ(code(array{"abcde"}, "/", limits), errc::over_limit);
  EXPECT_EQ(code(array{"a"}, "/abcd", limits), errc::over_limit);
  EXPECT_EQ(code(array{"a", array{value(array{})}}, "/", limits), std::nullopt);
  EXPECT_EQ(code(array{"a", array{value(array{value(array{})})}}, "/", limits), errc::too_deep);
}

}  // namespace
}  // namespace fanfare::socketio
