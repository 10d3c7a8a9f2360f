// Numbers <-> the text that ECMA-262 Number::toString gives them. Pure.
// Used by json_parser (which kind of number a lexeme is), json_writer and value's equality.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fanfare/base/value.hpp>

namespace fanfare::number_text {

void append(std::string& out, std::int64_t number);
/// ECMA-262 §6.1.6.1.20 with radix 10; -0 is "0". `number` must be finite.
void append(std::string& out, double number);
/// The JSON text of a number of any kind; "null" for NaN and infinities.
[[nodiscard]] std::string of(const value& number);

/// The double nearest to a JSON number; past its range an infinity or a zero. 0 when the text is no number.
[[nodiscard]] double to_double(std::string_view text) noexcept;

/// The kind of number that gives `lexeme`, a JSON number, back as it came (value.hpp, decimal).
[[nodiscard]] value parsed(std::string_view lexeme);

/// Whether two JSON numbers are the same number, however they are spelt, without limits of range or precision.
[[nodiscard]] bool same_decimal(std::string_view a, std::string_view b);

}  // namespace fanfare::number_text
