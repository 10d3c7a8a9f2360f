#include "websocket/close_payload.hpp"

#include <fanfare/base/utf8.hpp>

#include "websocket/frame_codec.hpp"

namespace fanfare::websocket {

close_payload decode_close(std::string_view body) {
  close_payload out;
  if (body.empty()) return out;
  if (body.size() == 1) {
    out.fault = close_code::protocol_error;
    return out;
  }
  out.code = static_cast<std::uint16_t>(static_cast<unsigned char>(body[0]) << 8 | static_cast<unsigned char>(body[1]));
  out.reason = body.substr(2);
  utf8_validator text;
  if (!may_travel(out.code)) {
    out.fault = close_code::protocol_error;
  } else if (!text.feed(out.reason) || !text.complete()) {
    out.fault = close_code::invalid_payload;
  }
  return out;
}

std::string encode_close(std::uint16_t code, std::string_view reason) {
  if (code == 0) return {};
  if (!may_travel(code)) code = close_code::internal_error;
  constexpr std::size_t reason_bytes_max = control_payload_bytes_max - 2;
  if (reason.size() > reason_bytes_max) {
    std::size_t end = reason_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
    reason = reason.substr(0, end);
  }
  std::string body{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return body.append(reason);
}

}  // namespace fanfare::websocket
