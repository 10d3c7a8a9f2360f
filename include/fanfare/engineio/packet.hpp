#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <fanfare/websocket/connection.hpp>

namespace fanfare::engineio {

/// Engine.IO v4 packet types; on the wire a text packet starts with the digit.
enum class packet_type : std::uint8_t { open = 0, close = 1, ping = 2, pong = 3, message = 4, upgrade = 5, noop = 6 };

/// A packet on its way out, framed once for WebSocket and sliced for polling: immutable, shared by all who get it.
using outbound = websocket::framed_message_ptr;

/// MESSAGE with text ("4" + text) or binary (bare on WebSocket, "b" + base64 in a polling payload).
[[nodiscard]] outbound encode_text(std::string_view text);
[[nodiscard]] outbound encode_binary(std::string_view bytes);
[[nodiscard]] outbound encode_control(packet_type type, std::string_view data = {});

/// How one packet is queued.
struct send_options {
  bool is_volatile = false;  // dropped when it cannot leave at once
  bool compress = true;      // where the transport can
  std::string conflate_key;  // an unsent packet with the same key is removed first; "" never
  bool pause_after = false;  // over WebSocket what follows comes in another write, a moment later
};

}  // namespace fanfare::engineio
