#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <fanfare/base/utf8.hpp>

#include "websocket/deflate.hpp"
#include "websocket/frame_codec.hpp"

// RFC 6455 §5 and §8.1, RFC 7692 §6: client bytes, cut anywhere -> whole messages, control frames, failures. Sans I/O.
// Inbound before: net/byte_stream. Inbound next: connection_driver.

namespace fanfare::websocket {

struct assembled {
  enum class kind : std::uint8_t { none, text, binary, ping, pong, close, failure };
  kind type = kind::none;
  std::uint16_t code = 0;  // close: the peer's, 1005 for none; failure: the one to close with (§7.1.7)
  std::string bytes;       // message, ping or pong payload, reason
};

struct assembler_limits {
  std::size_t message_bytes_max = 1000000;  // also after inflating
  std::size_t fragments_max = 65536;
};

class message_assembler {
 public:
  /// `inflate` is nullptr where permessage-deflate was not agreed.
  message_assembler(assembler_limits limits, std::unique_ptr<inflater> inflate) noexcept;

  /// Takes from the front of `input`, which it unmasks in place, until something is whole; kind::none once `input` is
  /// empty. After close or failure everything else is swallowed (§1.4: bytes after a close frame are ignored).
  [[nodiscard]] assembled next(std::span<char>& input);

 private:
  assembled fail(std::uint16_t code, std::string_view reason);
  assembled read_header(std::span<char>& input);
  assembled begin_frame();
  assembled begin_data_frame();
  assembled take(std::span<char> part);
  assembled end_frame();
  assembled end_message();
  assembled end_close();
  assembled judge(inflater::status outcome, std::size_t checked);
  [[nodiscard]] std::uint64_t wire_bytes_max() const noexcept;

  assembler_limits limits_;
  std::unique_ptr<inflater> inflate_;

  std::array<char, header_bytes_max> header_bytes_{};  // of a header cut by the end of the input
  std::uint8_t header_size_ = 0;
  bool in_frame_ = false, in_message_ = false, ended_ = false;
  bool is_text_ = false, is_deflated_ = false;  // of the message
  frame_header header_;
  std::uint64_t taken_ = 0;       // payload bytes of the frame
  std::uint64_t wire_bytes_ = 0;  // payload bytes of the message's frames, announced so far
  std::size_t fragments_ = 0;
  utf8_validator utf8_;
  std::string message_, control_;
};

}  // namespace fanfare::websocket
