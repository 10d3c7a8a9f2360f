// Engine.IO v4: the packets of a payload, encoded, decode to the same packets, in a polling payload and one by one.
#include <algorithm>
#include <string>
#include <vector>

#include <fanfare/base/utf8.hpp>

#include "engineio/payload_codec.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

bool same(const engineio::packet& a, const engineio::packet& b) {
  return a.type == b.type && a.binary == b.binary && a.data == b.data;
}

engineio::outbound encode(const engineio::packet& one) {
  if (one.binary) return engineio::encode_binary(one.data);
  if (one.type == engineio::packet_type::message) return engineio::encode_text(one.data);
  return engineio::encode_control(one.type, one.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t packets_max = 16;
  const auto body = fuzz::as_text(data, size);
  const auto decoded = engineio::decode_payload(body, packets_max);
  require(decoded.packets.size() <= packets_max, "no more packets than the bound");
  if (!is_valid_utf8(body))
    require(decoded.fault && decoded.packets.empty(), "nothing comes of a body that is not UTF-8");

  std::string again;
  for (const auto& one : decoded.packets) {
    require(!one.binary || one.type == engineio::packet_type::message, "binary is MESSAGE only");
    const auto frame = encode(one);
    const auto before = again.size();
    const auto alone = engineio::decode_packet(std::string(frame->message()), frame->binary());
    require(alone.has_value() && same(*alone, one), "WebSocket: decode(encode(x)) = x");
    engineio::append_packet(again, *frame);
    if (before != 0)
      require(again.size() - before == engineio::payload_bytes(*frame), "payload_bytes is what is added");
  }
  if (!decoded.packets.empty()) {
    const auto second = engineio::decode_payload(again, packets_max);
    require(!second.fault, "polling: what was encoded decodes");
    require(
        std::equal(decoded.packets.begin(), decoded.packets.end(), second.packets.begin(), second.packets.end(), same),
        "polling: decode(encode(x)) = x");
  }
  if (!decoded.fault) {
    const auto separators = static_cast<std::size_t>(std::count(body.begin(), body.end(), engineio::payload_separator));
    require(decoded.packets.size() == separators + 1, "a packet between any two separators");
  }
  return 0;
}
