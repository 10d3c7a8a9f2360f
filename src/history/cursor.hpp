#pragma once

// The opaque `cursor` of an event: "<epoch>-<position>", good for every room. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare::history {

struct cursor {
  std::string epoch;
  std::uint64_t position = 0;
  friend bool operator==(const cursor&, const cursor&) = default;
};

[[nodiscard]] std::string to_text(std::string_view epoch, std::uint64_t position);
/// Strict: 1 to 32 letters and digits, '-', a decimal without leading zeros that fits 64 bits.
/// Fails: bad_request.
[[nodiscard]] result<cursor> parse_cursor(std::string_view text);

}  // namespace fanfare::history
