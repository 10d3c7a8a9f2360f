#pragma once

#include <string>
#include <string_view>

#include <fanfare/http/message.hpp>

// RFC 9112 §4 responses: http::response -> bytes. Pure. Outbound next: connection, which sends the body behind the
// head.

namespace fanfare::http {

struct response_framing {
  bool keep_alive = true;
  bool http_1_0 = false;  // the request's version: keep-alive must then be said
  std::string_view date;  // RFC 9110 §5.6.7; empty: none
};

/// Status line and header fields, up to and with the empty line. Content-Length, Connection and Date are written by
/// the framing and not taken from the answer; bytes that would end a line early are replaced by spaces.
[[nodiscard]] std::string serialize_head(const response& answer, const response_framing& framing);

/// Whether an answer of this status may have a body (RFC 9110 §6.4.1).
[[nodiscard]] bool status_has_body(unsigned status) noexcept;

/// IMF-fixdate of a time in seconds since 1970.
[[nodiscard]] std::string http_date(long long unix_seconds);

}  // namespace fanfare::http
