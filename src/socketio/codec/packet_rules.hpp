// What Socket.IO v5 allows in a packet, whatever parser carries it (socket.io-parser isDataValid). Pure.
// Used by: json_parser, msgpack_parser, socket_impl (what a program may emit).
#pragma once

#include <string_view>

#include <fanfare/socketio/packet.hpp>

namespace fanfare::socketio {

/// Number.MAX_SAFE_INTEGER: past it JavaScript would answer another acknowledgement than the one asked for.
inline constexpr std::uint64_t packet_id_max = 9007199254740991;

/// Names with a meaning of their own ("connect", "disconnect", …), which no peer may send as an event.
[[nodiscard]] bool is_reserved_event(std::string_view name) noexcept;

/// Checks the data of a decoded packet against its type and the bounds. `present` tells null from nothing at all.
/// Fails: bad_request, over_limit.
[[nodiscard]] result<void> check_data(packet_type type, const value& data, bool present, const packet_limits& limits);

/// The event's name as listeners know it; numbers are names too (socket.io-parser accepts them).
[[nodiscard]] std::string event_name(const value& name);

}  // namespace fanfare::socketio
