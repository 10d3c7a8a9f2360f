#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// RFC 6455 §5.5.1 body of a close frame: bytes <-> code and reason. Pure.

namespace fanfare::websocket {

/// RFC 6455 §7.4.1 and the IANA registry, as far as this floor uses them.
namespace close_code {
inline constexpr std::uint16_t normal = 1000, protocol_error = 1002, no_status = 1005, abnormal = 1006,
                               invalid_payload = 1007, message_too_big = 1009, internal_error = 1011;
}

/// Whether a close frame may carry the code: 1004, 1005, 1006 and 1015 are reserved, 1016 to 2999 unassigned.
[[nodiscard]] constexpr bool may_travel(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

struct close_payload {
  std::uint16_t code = close_code::no_status;  // 1005 stands for an empty body
  std::string reason;
  std::uint16_t fault = 0;  // the code with which to fail the connection, 0 when the body is good
};

[[nodiscard]] close_payload decode_close(std::string_view body);

/// Code 0 gives an empty body; a code that may not travel becomes 1011, as only a caller's mistake brings it here.
/// The reason is cut to 123 bytes between characters.
[[nodiscard]] std::string encode_close(std::uint16_t code, std::string_view reason);

}  // namespace fanfare::websocket
