#include "websocket/frame_codec.hpp"

#include <algorithm>

namespace fanfare::websocket {
namespace {

constexpr std::uint8_t fin_bit = 0x80, rsv1_bit = 0x40, rsv2_and_3_bits = 0x30, opcode_bits = 0x0f;
constexpr std::uint8_t mask_bit = 0x80, length_bits = 0x7f;
constexpr std::uint8_t length_16 = 126, length_64 = 127;

decoded_header bad(std::string_view reason) noexcept { return {decode_status::bad, {}, 0, reason}; }

bool is_known(std::uint8_t code) noexcept { return code <= 2 || (code >= 8 && code <= 10); }

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

decoded_header decode_header(std::string_view bytes) noexcept {
  decoded_header out;
  if (bytes.empty()) return out;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  if ((first & rsv2_and_3_bits) != 0) return bad("reserved bit set");
  if (!is_known(first & opcode_bits)) return bad("reserved opcode");
  frame_header& header = out.header;
  header.fin = (first & fin_bit) != 0;
  header.rsv1 = (first & rsv1_bit) != 0;
  header.code = static_cast<opcode>(first & opcode_bits);
  if (is_control(header.code)) {
    if (!header.fin) return bad("fragmented control frame");
    if (header.rsv1) return bad("reserved bit set");
  }
  if (bytes.size() < 2) return out;

  const auto second = static_cast<std::uint8_t>(bytes[1]);
  header.masked = (second & mask_bit) != 0;
  header.length = second & length_bits;
  if (is_control(header.code) && header.length > control_payload_bytes_max) return bad("control frame too long");
  std::size_t at = 2;
  if (header.length >= length_16) {
    const std::size_t width = header.length == length_16 ? 2 : 8;
    if (width == 8 && bytes.size() > at && (static_cast<std::uint8_t>(bytes[at]) & 0x80) != 0) {
      return bad("length past 63 bits");
    }
    if (bytes.size() < at + width) return out;
    header.length = big_endian(bytes.substr(at, width));
    if (header.length < (width == 2 ? 126U : 65536U)) return bad("length not in its shortest form");
    at += width;
  }
  if (header.masked) {
    if (bytes.size() < at + header.key.size()) return out;
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), header.key.size(), header.key.begin());
    at += header.key.size();
  }
  out.status = decode_status::whole;
  out.size = at;
  return out;
}

std::size_t encode_header(const frame_header& header, char* out) noexcept {
  out[0] = static_cast<char>((header.fin ? fin_bit : 0) | (header.rsv1 ? rsv1_bit : 0) |
                             static_cast<std::uint8_t>(header.code));
  const std::uint8_t mask = header.masked ? mask_bit : 0;
  std::size_t width = 0;
  if (header.length < length_16) {
    out[1] = static_cast<char>(mask | static_cast<std::uint8_t>(header.length));
  } else if (header.length <= 0xffff) {
    out[1] = static_cast<char>(mask | length_16);
    width = 2;
  } else {
    out[1] = static_cast<char>(mask | length_64);
    width = 8;
  }
  std::size_t at = 2;
  for (std::size_t left = width; left > 0; --left) out[at++] = static_cast<char>(header.length >> (8 * (left - 1)));
  if (header.masked) {
    for (const unsigned char byte : header.key) out[at++] = static_cast<char>(byte);
  }
  return at;
}

}  // namespace fanfare::websocket
