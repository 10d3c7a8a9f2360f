#pragma once

#include <string>
#include <string_view>

#include "websocket/frame_codec.hpp"
#include "websocket/masking.hpp"

// What a client sends, as bytes.

namespace fanfare::websocket::test {

struct frame_shape {
  bool fin = true;
  bool rsv1 = false;
  bool masked = true;
  masking_key key = {0x37, 0xfa, 0x21, 0x3d};
};

inline std::string client_frame(opcode code, std::string_view payload, const frame_shape& shape = {}) {
  frame_header header{shape.fin, shape.rsv1, code, shape.masked, payload.size(), shape.key};
  char encoded[header_bytes_max];
  std::string frame(encoded, encode_header(header, encoded));
  std::string body(payload);
  if (shape.masked) apply_mask(body, shape.key, 0);
  return frame + body;
}

inline std::string text_frame(std::string_view payload) { return client_frame(opcode::text, payload); }
inline std::string part(opcode code, std::string_view payload, bool fin) {
  return client_frame(code, payload, {.fin = fin});
}
inline std::string compressed_frame(opcode code, std::string_view payload, bool fin = true) {
  return client_frame(code, payload, {.fin = fin, .rsv1 = true});
}
inline std::string close_frame(std::uint16_t code, std::string_view reason = {}) {
  return client_frame(opcode::close, std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason));
}

}  // namespace fanfare::websocket::test
