#include "base/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace fanfare::number_text {

void append(std::string& out, std::int64_t number) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

void append(std::string& out, double number) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53: below it an integer's digits are the shortest form
  if (std::abs(number) < exact_max && number == std::trunc(number)) {
    append(out, static_cast<std::int64_t>(number));
    return;
  }
  // Shortest scientific form, "-d.ddde+xx", taken apart into ECMA-262's s (digits), k (their count) and n.
  std::array<char, 32> text;
  const auto* end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific).ptr;
  std::string_view form(text.data(), static_cast<std::size_t>(end - text.data()));
  if (form.front() == '-') {
    out += '-';
    form.remove_prefix(1);
  }
  const auto mark = form.find('e');
  const auto* exponent_text = form.data() + mark + (form[mark + 1] == '+' ? 2 : 1);
  int exponent = 0;
  std::from_chars(exponent_text, end, exponent);
  std::string digits(1, form.front());
  if (mark > 2) digits.append(form.substr(2, mark - 2));

  const int k = static_cast<int>(digits.size());
  const int n = exponent + 1;
  if (k <= n && n <= 21) {
    out.append(digits).append(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(n)).append(1, '.').append(digits, static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-n), '0').append(digits);
  } else {
    out += digits.front();
    if (k > 1) out.append(1, '.').append(digits, 1);
    out.append(n > 0 ? "e+" : "e-");
    append(out, static_cast<std::int64_t>(std::abs(n - 1)));
  }
}

std::string of(const value& number) {
  if (const auto* kept = number.if_decimal()) return kept->text;
  std::string text;
  if (const auto* whole = number.if_integer()) {
    append(text, *whole);
  } else if (const auto* real = number.if_real(); real != nullptr && std::isfinite(*real)) {
    append(text, *real);
  } else {
    text = "null";
  }
  return text;
}

namespace {

/// 0.<digits> * 10^exponent, without zeros at either end; zero has no digits.
struct normal_form {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;
  bool operator==(const normal_form&) const = default;
};

normal_form normalised(std::string_view text) {
  normal_form form;
  form.negative = text.starts_with('-');
  if (form.negative) text.remove_prefix(1);
  const auto mark = std::min(text.find_first_of("eE"), text.size());
  if (mark < text.size()) {
    auto exponent = text.substr(mark + 1);
    const bool below = exponent.starts_with('-');
    if (exponent.starts_with('+') || below) exponent.remove_prefix(1);
    constexpr std::int64_t exponent_max = std::numeric_limits<std::int64_t>::max() / 4;  // room to add a text's length
    const auto failure = std::from_chars(exponent.data(), exponent.data() + exponent.size(), form.exponent).ec;
    if (failure != std::errc{} || form.exponent > exponent_max) form.exponent = exponent_max;
    if (below) form.exponent = -form.exponent;
  }
  const auto point = std::min(text.substr(0, mark).find('.'), mark);
  form.digits = text.substr(0, point);
  if (point < mark) form.digits.append(text.substr(point + 1, mark - point - 1));
  form.exponent += static_cast<std::int64_t>(point);

  const auto first = form.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};  // -0 is 0
  form.exponent -= static_cast<std::int64_t>(first);
  form.digits.erase(form.digits.find_last_not_of('0') + 1);
  form.digits.erase(0, first);
  return form;
}

}  // namespace

double to_double(std::string_view text) noexcept {
  double number = 0;
  const auto failure = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  if (failure != std::errc::result_out_of_range) return number;
  // from_chars does not say on which side the range was left.
  const auto form = normalised(text);
  const double magnitude = form.exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return form.negative ? -magnitude : magnitude;
}

value parsed(std::string_view lexeme) {
  if (lexeme == "-0") return -0.0;
  const auto* end = lexeme.data() + lexeme.size();
  std::int64_t whole = 0;
  const auto [stop, failure] = std::from_chars(lexeme.data(), end, whole);
  if (failure == std::errc{} && stop == end) return whole;

  constexpr std::size_t shortest_form_max = 25;  // "-0.0000012345678901234567"
  double real = 0;
  if (lexeme.size() <= shortest_form_max && std::from_chars(lexeme.data(), end, real).ec == std::errc{}) {
    std::string again;
    append(again, real);
    if (again == lexeme) return real;
  }
  return decimal{std::string(lexeme)};
}

bool same_decimal(std::string_view a, std::string_view b) {
  if (a == "null" || b == "null") return false;  // NaN and infinities, which no JSON number equals
  return normalised(a) == normalised(b);
}

}  // namespace fanfare::number_text
