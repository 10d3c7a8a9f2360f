#pragma once

// Whether a request may be served, and the answer to one that may not: the checks, codes and bodies of Node's
// engine.io 6.6 (Server.verify, abortRequest, abortUpgrade). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/engineio/server.hpp>

#include "engineio/counters.hpp"

namespace fanfare::engineio {

/// Node's error numbers; the first six of `cause` have the same order.
enum class protocol_error : std::uint8_t {
  unknown_transport = 0,
  unknown_sid = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_protocol_version = 5,
};
[[nodiscard]] cause cause_of(protocol_error failure) noexcept;

/// What a request says of itself. Of a repeated parameter the last counts, as in Node.
struct request_terms {
  std::string transport;
  std::string sid;       // empty: a handshake
  bool v4 = false;       // EIO=4; anything else is taken for 3, which is not served
  bool upgrade = false;  // asks for a WebSocket
  bool get = false;
};
[[nodiscard]] request_terms read_terms(const http::request& request);

/// Checks that need no session, in Node's order. For a handshake, the protocol version is checked after
/// allow_request, by verify_version.
[[nodiscard]] std::optional<protocol_error> verify_request(const request_terms& terms, const server_options& options);
[[nodiscard]] std::optional<protocol_error> verify_version(const request_terms& terms);
/// Checks against the transport of the session found; "" when there is none.
[[nodiscard]] std::optional<protocol_error> verify_session(const request_terms& terms, std::string_view transport);

/// {"code":…,"message":…} to an HTTP request, the bare message to an upgrade request, which gets 400 whatever is
/// wrong (Node: abortUpgrade).
[[nodiscard]] http::response error_answer(const request_terms& terms, protocol_error failure);
[[nodiscard]] http::response refusal_answer(const request_terms& terms, const refusal& refused);
/// 503: sessions_max reached.
[[nodiscard]] http::response full_answer(const request_terms& terms);

}  // namespace fanfare::engineio
