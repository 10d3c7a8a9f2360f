#include <algorithm>
#include <array>
#include <cstddef>

#include <fanfare/base/error.hpp>

namespace fanfare {

namespace {

// Client codes are the contract's short list: what a program can act on. What went wrong in detail is the metric's.
constexpr std::array table{
    // code, client_code, metric_label, http_status, websocket_close, message
    error_row{errc::bad_request, "bad_request", "bad_request", 400, 1008, "The request is malformed."},
    error_row{errc::unauthorized, "unauthorized", "unauthorized", 401, 1008, "A valid credential is needed."},
    error_row{errc::token_missing, "token_missing", "token_missing", 401, 1008, "A token is needed."},
    error_row{errc::token_invalid, "token_invalid", "token_invalid", 401, 1008, "The token is not valid."},
    error_row{errc::token_expired, "token_expired", "token_expired", 401, 1008, "The token has expired."},
    error_row{errc::forbidden, "forbidden", "forbidden", 403, 1008, "This is not allowed."},
    error_row{errc::unknown_room, "unknown_room", "unknown_room", 404, 1008, "There is no such room."},
    error_row{errc::not_found, "not_found", "not_found", 404, 1008, "There is nothing here."},
    error_row{errc::method_not_allowed, "method_not_allowed", "method_not_allowed", 405, 1008,
              "The method is not allowed here."},
    error_row{errc::unsupported_media_type, "unsupported_media_type", "unsupported_media_type", 415, 1003,
              "The media type is not supported."},
    error_row{errc::idempotency_mismatch, "idempotency_mismatch", "idempotency_mismatch", 422, 1008,
              "The idempotency key belongs to another request."},
    error_row{errc::payload_too_large, "over_limit", "payload_too_large", 413, 1009, "The payload is too large."},
    error_row{errc::header_too_large, "over_limit", "header_too_large", 431, 1009, "The header is too large."},
    error_row{errc::over_limit, "over_limit", "over_limit", 429, 1008, "A limit has been reached."},
    error_row{errc::rate_limited, "rate_limited", "rate_limited", 429, 1008, "Too many requests."},
    error_row{errc::overload, "unavailable", "overload", 503, 1013, "The server is overloaded."},
    error_row{errc::draining, "draining", "draining", 503, 1012, "The server is shutting down."},
    error_row{errc::unavailable, "unavailable", "unavailable", 503, 1013, "The service is unavailable."},
    error_row{errc::timeout, "timeout", "timeout", 408, 1008, "It took too long."},
    error_row{errc::protocol_violation, "bad_request", "protocol_violation", 400, 1002, "The protocol was violated."},
    error_row{errc::invalid_utf8, "bad_request", "invalid_utf8", 400, 1007, "The text is not UTF-8."},
    error_row{errc::too_deep, "bad_request", "too_deep", 400, 1008, "The value is nested too deep."},
    error_row{errc::closed, "unavailable", "closed", 503, 1001, "The connection was closed."},
    error_row{errc::internal, "internal", "internal", 500, 1011, "The server failed."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].code != static_cast<errc>(i)) return false;
  }
  return table.back().code == errc::internal;  // the last of the enumeration
}
static_assert(in_order(), "the table has one row for each errc, in its order");

}  // namespace

const error_row& describe(errc code) noexcept {
  return table[std::min(static_cast<std::size_t>(code), table.size() - 1)];
}

}  // namespace fanfare
