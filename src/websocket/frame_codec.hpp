#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// RFC 6455 §5.2 frame header: bytes <-> frame_header. Pure.
// Inbound next: message_assembler. Outbound next: send_queue.

namespace fanfare::websocket {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

[[nodiscard]] constexpr bool is_control(opcode code) noexcept { return static_cast<std::uint8_t>(code) >= 8; }

inline constexpr std::size_t header_bytes_max = 14;
inline constexpr std::size_t server_header_bytes_max = 10;  // without a masking key
inline constexpr std::size_t control_payload_bytes_max = 125;

using masking_key = std::array<unsigned char, 4>;

struct frame_header {
  bool fin = true;
  bool rsv1 = false;  // RFC 7692 §6: the message is compressed
  opcode code = opcode::text;
  bool masked = false;
  std::uint64_t length = 0;  // of the payload, below 2^63
  masking_key key{};         // meaningful when masked
};

enum class decode_status : std::uint8_t { whole, partial, bad };

struct decoded_header {
  decode_status status = decode_status::partial;
  frame_header header;
  std::size_t size = 0;     // bytes of the header, when whole
  std::string_view reason;  // what was wrong, when bad
};

/// Reads the header at the front of `bytes`. Faults are found in the order of the bytes, as early as they show, so
/// that the verdict does not depend on how the bytes were split. RSV1 passes on data frames: whether it may be set
/// is for the assembler, who knows what was agreed. Masking is not judged.
[[nodiscard]] decoded_header decode_header(std::string_view bytes) noexcept;

/// Writes the header with the minimal length encoding; gives its size. `out` has room for header_bytes_max.
std::size_t encode_header(const frame_header& header, char* out) noexcept;

}  // namespace fanfare::websocket
