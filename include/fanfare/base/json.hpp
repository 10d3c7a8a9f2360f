#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::json {

/// What a text may ask of us. Past a bound the parse fails with too_deep or over_limit.
struct parse_options {
  unsigned depth_max = 64;          // nested arrays and objects; more than 1000 counts as 1000
  std::size_t values_max = 250000;  // values and members in all: bounds memory per input byte
};

/// RFC 8259 text -> value; the whole text must be one JSON value. Of a repeated name the last value counts, at
/// the first one's place (ECMA-262 JSON.parse). Fails: bad_request (detail: what and the byte offset),
/// invalid_utf8, too_deep, over_limit.
[[nodiscard]] result<value> parse(std::string_view text, const parse_options& options = {});

/// value -> RFC 8259 text, to the letter what ECMA-262 JSON.stringify writes (numbers, escapes, lone
/// surrogates); infinities and NaN are null. Binary leaves must have been taken out; they are written null.
void append(std::string& out, const value& item);
[[nodiscard]] std::string write(const value& item);
/// With line breaks and two spaces of indent, for people.
[[nodiscard]] std::string write_pretty(const value& item);
/// Appends the text as a JSON string, quotes included.
void append_string(std::string& out, std::string_view text);

}  // namespace fanfare::json
