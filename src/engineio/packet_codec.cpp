#include "engineio/packet_codec.hpp"

#include <memory>
#include <utility>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/json.hpp>

namespace fanfare::engineio {

outbound encode_text(std::string_view text) {
  return std::make_shared<const websocket::framed_message>(false, "4", text);
}

outbound encode_binary(std::string_view bytes) {
  return std::make_shared<const websocket::framed_message>(true, "", bytes);
}

outbound encode_base64(const websocket::framed_message& binary) {
  return std::make_shared<const websocket::framed_message>(false, "b", base64_encode(binary.message()));
}

outbound encode_control(packet_type type, std::string_view data) {
  const char digit = static_cast<char>('0' + static_cast<int>(type));
  return std::make_shared<const websocket::framed_message>(false, std::string_view(&digit, 1), data);
}

result<packet> decode_packet(std::string message, bool binary) {
  if (binary) return packet{packet_type::message, true, std::move(message)};
  if (message.starts_with('b')) {
    // Clients differ in padding and alphabet; Node reads them all, and drops what is no base64, which we do not.
    auto bytes = base64_decode(std::string_view(message).substr(1), base64_rule::lenient);
    if (!bytes) return error{errc::protocol_violation, "invalid base64", {}};
    return packet{packet_type::message, true, std::move(*bytes)};
  }
  if (message.empty() || message.front() < '0' || message.front() > '6') {
    return error{errc::protocol_violation, "unknown packet type", {}};
  }
  const auto type = static_cast<packet_type>(message.front() - '0');
  message.erase(0, 1);
  return packet{type, false, std::move(message)};
}

outbound encode_open(const open_terms& terms) {
  // The order of the members is Node's, so that answers compare byte for byte.
  std::string text = "{\"sid\":";
  json::append_string(text, terms.sid);
  text += terms.upgrade_to_websocket ? ",\"upgrades\":[\"websocket\"]" : ",\"upgrades\":[]";
  text += ",\"pingInterval\":" + std::to_string(terms.ping_interval.count());
  text += ",\"pingTimeout\":" + std::to_string(terms.ping_timeout.count());
  text += ",\"maxPayload\":" + std::to_string(terms.max_payload_bytes) + "}";
  return encode_control(packet_type::open, text);
}

}  // namespace fanfare::engineio
