// Numbers and their text: a double's text gives that double back in as few digits as can, and a JSON number leaves
// as it came.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fanfare/base/json.hpp>

#include "base/number_text.hpp"
#include "fuzz_input.hpp"

namespace text = fanfare::number_text;
using fanfare::fuzz::require;

namespace {

/// The digits that count: of the significand, without sign, point, and zeros at either end.
std::string significant(std::string_view number) {
  std::string digits;
  for (const char c : number.substr(0, std::min(number.find_first_of("eE"), number.size()))) {
    if (c >= '0' && c <= '9' && !(digits.empty() && c == '0')) digits += c;
  }
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

void check_double(double number) {
  if (!std::isfinite(number)) return;
  std::string written;
  text::append(written, number);
  require(text::to_double(written) == number, "to_double(append(x)) = x");
  char shortest[64];
  const auto end = std::to_chars(shortest, shortest + sizeof shortest, number, std::chars_format::scientific).ptr;
  const auto digits = significant(std::string_view(shortest, static_cast<std::size_t>(end - shortest)));
  require(significant(written).size() <= digits.size(), "no digit more than the shortest form");
  const auto parsed = fanfare::json::parse(written);
  require(parsed.has_value() && parsed->as_double() == number, "a double's text is a JSON number");
}

void check_lexeme(std::string_view lexeme) {
  const auto parsed = fanfare::json::parse(lexeme);
  if (!parsed || !parsed->is_number()) return;
  const std::string bare(lexeme.substr(lexeme.find_first_not_of(" \t\r\n")));
  const std::string number = bare.substr(0, bare.find_last_not_of(" \t\r\n") + 1);
  // All but -0, which JSON.stringify writes without its sign.
  const std::string expected_text = number == "-0" ? "0" : number;
  require(text::of(*parsed) == expected_text, "a JSON number leaves as it came");
  require(text::of(text::parsed(number)) == expected_text, "of(parsed(x)) = x");
  const double expected = std::strtod(number.c_str(), nullptr);
  require(text::to_double(number) == expected, "to_double agrees with strtod");
  require(text::same_decimal(number, number), "a number is the same as itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= sizeof(double)) {
    double number;
    std::memcpy(&number, data, sizeof number);
    check_double(number);
    std::int64_t whole;
    std::memcpy(&whole, data, sizeof whole);
    std::string written;
    text::append(written, whole);
    require(written == std::to_string(whole), "append(int64) agrees with to_string");
    require(*text::parsed(written).if_integer() == whole, "an integer stays an integer");
  }
  auto rest = fanfare::fuzz::as_text(data, size);
  const auto a = fanfare::fuzz::take_until(rest, '\n');
  check_lexeme(a);
  check_lexeme(rest);
  const auto left = fanfare::json::parse(a);
  const auto right = fanfare::json::parse(rest);
  if (!left || !right || !left->is_number() || !right->is_number()) return 0;
  require((*left == *right) == (*right == *left), "equality is symmetrical");
  if (*left == *right) require(left->as_double() == right->as_double(), "equal numbers are the same double");
  require((*left == *right) == text::same_decimal(text::of(*left), text::of(*right)), "numbers compare by value");
  return 0;
}
