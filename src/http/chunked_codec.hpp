#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// RFC 9112 §7.1 chunked transfer coding: bytes -> body. Pure. Inbound: request_codec.

namespace fanfare::http {

/// Decodes one chunked body, of any number of chunks. Extensions are read over, trailers dropped, both bounded: a peer
/// pays for its body only.
class chunked_codec {
 public:
  enum class step : std::uint8_t { need_more, complete, malformed, too_large };

  explicit chunked_codec(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}

  /// Takes bytes off the front of `input` and appends what they carry to `body`. Not to be fed after another
  /// answer than need_more.
  [[nodiscard]] step feed(std::string_view& input, std::string& body);

  static constexpr std::size_t extension_bytes_max = 4096;  // of one message
  static constexpr std::size_t trailer_bytes_max = 8192;
  static constexpr unsigned size_digits_max = 32;  // leading zeros would let one size line grow without end

 private:
  enum class state : std::uint8_t { size_start, size, extension, size_lf, data, data_cr, data_lf, trailer, final_lf };
  [[nodiscard]] bool take(char c);
  [[nodiscard]] bool take_size(char c);
  [[nodiscard]] bool take_trailer(char c);

  std::size_t body_bytes_max_;
  std::uint64_t left_ = 0;  // of the chunk at hand
  unsigned size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_line_bytes_ = 0;
  bool trailer_cr_ = false;
  state state_ = state::size_start;
  bool done_ = false;
};

}  // namespace fanfare::http
