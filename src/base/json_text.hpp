// What json_parser and json_writer share: finding how far a string runs on without anything to escape. Pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace fanfare::json {

struct plain_run {
  std::size_t length = 0;
  bool ascii = true;
};

/// The bytes from the start up to the first quote, backslash or control character (RFC 8259 §7), eight at a time.
inline plain_run find_plain_run(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t tops = 0x8080808080808080U;
  const auto below = [](std::uint64_t word, std::uint64_t bound) { return (word - ones * bound) & ~word & tops; };
  plain_run run;
  std::uint64_t seen = 0;
  for (; run.length + 8 <= text.size(); run.length += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + run.length, 8);
    if ((below(word ^ (ones * '"'), 1) | below(word ^ (ones * '\\'), 1) | below(word, 0x20)) != 0) break;
    seen |= word;
  }
  for (; run.length < text.size(); ++run.length) {
    const auto byte = static_cast<unsigned char>(text[run.length]);
    if (byte < 0x20 || byte == '"' || byte == '\\') break;
    seen |= byte;
  }
  run.ascii = (seen & tops) == 0;
  return run;
}

}  // namespace fanfare::json
