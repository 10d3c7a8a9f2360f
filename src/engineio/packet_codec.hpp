#pragma once

// Engine.IO protocol v4 packets <-> bytes (https://socket.io/docs/v4/engine-io-protocol/#packet-encoding). Pure.
// Inbound next: session_fsm. Outbound: the encoders of <fanfare/engineio/packet.hpp> and encode_open.

#include <cstddef>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/engineio/packet.hpp>

namespace fanfare::engineio {

struct packet {
  packet_type type = packet_type::noop;
  bool binary = false;  // of MESSAGE only
  std::string data;
};

/// One packet as WebSocket or a polling payload carries it: a binary message is a MESSAGE as it stands, "b" + base64
/// one in text. Fails: protocol_violation, without a known type.
[[nodiscard]] result<packet> decode_packet(std::string message, bool binary);

/// A binary packet for a client that asked for text alone (b64=1).
[[nodiscard]] outbound encode_base64(const websocket::framed_message& binary);

/// What OPEN tells the client.
struct open_terms {
  std::string_view sid;
  bool upgrade_to_websocket = false;
  milliseconds ping_interval{0};
  milliseconds ping_timeout{0};
  std::size_t max_payload_bytes = 0;
};
[[nodiscard]] outbound encode_open(const open_terms& terms);

}  // namespace fanfare::engineio
