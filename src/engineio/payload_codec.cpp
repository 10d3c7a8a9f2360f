#include "engineio/payload_codec.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/utf8.hpp>

namespace fanfare::engineio {

decoded_payload decode_payload(std::string_view body, std::size_t packets_max) {
  decoded_payload decoded;
  if (!is_valid_utf8(body)) {
    decoded.fault = error{errc::invalid_utf8, "invalid UTF-8", {}};
    return decoded;
  }
  const auto count = static_cast<std::size_t>(std::count(body.begin(), body.end(), payload_separator)) + 1;
  if (count > packets_max) {
    decoded.fault = error{errc::over_limit, "too many packets", {}};
    return decoded;
  }
  decoded.packets.reserve(count);
  for (bool more = true; more;) {
    const auto end = body.find(payload_separator);
    auto part = decode_packet(std::string(body.substr(0, end)), false);
    if (!part) {
      decoded.fault = part.error();
      return decoded;
    }
    decoded.packets.push_back(std::move(*part));
    more = end != std::string_view::npos;
    if (more) body.remove_prefix(end + 1);
  }
  return decoded;
}

std::size_t payload_bytes(const websocket::framed_message& packet) noexcept {
  const std::size_t size = packet.message().size();
  return 1 + (packet.binary() ? 1 + (size + 2) / 3 * 4 : size);
}

void append_packet(std::string& payload, const websocket::framed_message& packet) {
  if (!payload.empty()) payload += payload_separator;
  if (packet.binary()) {
    payload += 'b';
    payload += base64_encode(packet.message());
  } else {
    payload += packet.message();
  }
}

}  // namespace fanfare::engineio
