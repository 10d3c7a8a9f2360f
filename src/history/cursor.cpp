#include "history/cursor.hpp"

#include <algorithm>
#include <charconv>

namespace fanfare::history {

namespace {

constexpr std::size_t epoch_bytes_max = 32;

bool is_letter_or_digit(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

error malformed() { return {errc::bad_request, "the cursor is malformed", {}}; }

}  // namespace

std::string to_text(std::string_view epoch, std::uint64_t position) {
  return std::string(epoch) + "-" + std::to_string(position);
}

result<cursor> parse_cursor(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash > epoch_bytes_max) return malformed();
  const auto epoch = text.substr(0, dash);
  const auto digits = text.substr(dash + 1);
  if (!std::all_of(epoch.begin(), epoch.end(), is_letter_or_digit)) return malformed();
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return malformed();
  cursor out{std::string(epoch), 0};
  const auto* const end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, out.position);
  if (failure != std::errc{} || stop != end) return malformed();
  return out;
}

}  // namespace fanfare::history
