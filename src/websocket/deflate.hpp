#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// RFC 7692 §7.2 message payloads: plain <-> DEFLATE, each message with its trailing 00 00 ff ff removed. On zlib.
// Inbound next: message_assembler. Outbound next: connection_driver frames what comes out, with RSV1.

namespace fanfare::websocket {

/// Decompresses the messages of one connection, part by part. Memory: none before the first message, then about
/// 7 KiB and the window; with no_context_takeover none between messages.
class inflater {
 public:
  enum class status : std::uint8_t { ok, corrupt, too_large };

  /// `window_bits`: what the peer compresses with, 8 to 15.
  inflater(unsigned window_bits, bool no_context_takeover) noexcept;
  ~inflater();
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  /// Appends what `in` inflates to. Stops as soon as `out` would grow past `out_bytes_max`: a few bytes can ask for
  /// gigabytes.
  [[nodiscard]] status feed(std::string_view in, std::string& out, std::size_t out_bytes_max);
  /// The message ends here. Corrupt when it ends inside a block.
  [[nodiscard]] status finish(std::string& out, std::size_t out_bytes_max);

 private:
  bool open();
  void release() noexcept;

  z_stream stream_{};
  unsigned window_bits_;
  bool no_context_takeover_;
  bool is_open_ = false;
  bool block_ended_ = false;  // the last byte fed ended a BFINAL block
};

/// Compresses the messages of one connection. Memory: as inflater, but about 256 KiB at 15 window bits.
class deflater {
 public:
  /// `window_bits`: 9 to 15; zlib cannot compress raw DEFLATE with 8.
  deflater(int level, unsigned window_bits, bool no_context_takeover) noexcept;
  ~deflater();
  deflater(const deflater&) = delete;
  deflater& operator=(const deflater&) = delete;

  /// Appends the whole message, compressed. False when memory is short: `out` is then as before, and the message may
  /// leave uncompressed.
  [[nodiscard]] bool message(std::string_view in, std::string& out);

 private:
  void release() noexcept;

  z_stream stream_{};
  int level_;
  unsigned window_bits_;
  bool no_context_takeover_;
  bool is_open_ = false;
};

}  // namespace fanfare::websocket
