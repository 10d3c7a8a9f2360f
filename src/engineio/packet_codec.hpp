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

/// One WebSocket message. A binary one is a MESSAGE as it stands. Fails: protocol_violation, without a known type.
[[nodiscard]] result<packet> decode_packet(std::string message, bool binary);

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
