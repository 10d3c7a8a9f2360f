#pragma once

// Floor 7. Newline-delimited JSON: bytes, as they come -> lines. Pure.
// Inbound: line_stream. Outbound: publish_body.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanfare::api {

/// Holds no more than one line within its bound: of a longer one the rest is read over. Lines end in LF or CR LF; blank
/// ones are left out, but counted; a byte order mark before the first is ignored (RFC 8259 §8.1).
class line_assembler {
 public:
  explicit line_assembler(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  struct line {
    std::uint64_t number = 0;  // from 1
    std::string_view text;     // without white space around it; valid until the next call, and as long as `input` is
    bool too_long = false;     // then text is empty; said as soon as it is known
    bool operator==(const line&) const = default;
  };
  /// Takes bytes off the front of `input`, up to the end of a line; nothing when it holds none.
  [[nodiscard]] std::optional<line> next(std::string_view& input);
  /// At the body's end: the last line, if no newline ended it; nothing when asked again.
  [[nodiscard]] std::optional<line> finish();
  /// Of the line that is not whole yet, also what was read over.
  [[nodiscard]] std::uint64_t pending_bytes() const noexcept { return pending_bytes_; }
  /// The line that is not whole yet, or was the last one.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

 private:
  [[nodiscard]] std::optional<line> whole(std::string_view text) const;

  std::size_t line_bytes_max_;
  std::string held_;  // of a line that began in an earlier input
  std::uint64_t number_ = 0;
  std::uint64_t pending_bytes_ = 0;
  bool within_ = false;    // in a line
  bool skipping_ = false;  // it has been refused
};

}  // namespace fanfare::api
