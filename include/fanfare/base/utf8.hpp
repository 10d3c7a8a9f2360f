#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanfare {

/// How many bytes from the start are whole, valid UTF-8 sequences (RFC 3629: no overlong form, no surrogate,
/// nothing past U+10FFFF).
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view bytes) noexcept;
[[nodiscard]] bool is_valid_utf8(std::string_view bytes) noexcept;

/// Checks UTF-8 that arrives in pieces cut anywhere, and fails at the first byte that no continuation could
/// make valid (RFC 6455 §8.1 wants the connection failed, not the message completed). Thread: one at a time.
class utf8_validator {
 public:
  /// False once the bytes so far cannot begin a valid text; it stays false until reset().
  [[nodiscard]] bool feed(std::string_view chunk) noexcept;
  /// Whether the bytes so far are a valid text that ends here.
  [[nodiscard]] bool complete() const noexcept { return !failed_ && pending_ == 0; }
  void reset() noexcept { *this = {}; }

 private:
  [[nodiscard]] bool lead(unsigned char byte) noexcept;

  bool failed_ = false;
  std::uint8_t pending_ = 0;               // continuation bytes still to come
  std::uint8_t low_ = 0x80, high_ = 0xBF;  // what the next one may be
};

}  // namespace fanfare
