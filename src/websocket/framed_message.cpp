#include <fanfare/websocket/connection.hpp>

#include "websocket/frame_codec.hpp"

namespace fanfare::websocket {

framed_message::framed_message(bool binary, std::string_view prefix, std::string_view payload) : binary_(binary) {
  frame_header header;
  header.code = binary ? opcode::binary : opcode::text;
  header.length = prefix.size() + payload.size();
  char encoded[header_bytes_max];
  header_size_ = static_cast<std::uint8_t>(encode_header(header, encoded));
  std::string bytes;
  bytes.reserve(header_size_ + prefix.size() + payload.size());
  bytes.append(encoded, header_size_).append(prefix).append(payload);
  frame_ = shared_bytes(std::move(bytes));
}

}  // namespace fanfare::websocket
