#pragma once

// Engine.IO v4 polling payloads: packets joined by U+001E, binary ones as "b" + base64 (protocol, "HTTP
// long-polling"). Pure.
// Inbound: the body of a POST -> packets for session_fsm. Outbound: packets of send_queue -> the body of a GET's
// answer.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "engineio/packet_codec.hpp"

namespace fanfare::engineio {

constexpr char payload_separator = '\x1e';

/// The packets up to the first faulty one, which is left out: those before it have been sent in good faith, and Node
/// hands them on too.
struct decoded_payload {
  std::vector<packet> packets;
  std::optional<error> fault;  // protocol_violation, invalid_utf8 (of the whole body), over_limit (no packet is given)
};
[[nodiscard]] decoded_payload decode_payload(std::string_view body, std::size_t packets_max);

/// What append_packet adds to a payload that is not empty.
[[nodiscard]] std::size_t payload_bytes(const websocket::framed_message& packet) noexcept;
void append_packet(std::string& payload, const websocket::framed_message& packet);

}  // namespace fanfare::engineio
