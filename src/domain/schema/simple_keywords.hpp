#pragma once

// The keywords that look at one value alone: types, enumerations, bounds. Pure.

#include <cstddef>
#include <string>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::domain {

/// type, enum, const, the bounds of numbers, and of the sizes of strings, arrays and objects. Fails: bad_request, `at`.
[[nodiscard]] result<void> check_value(const value& schema, const value& item, const std::string& at);
/// The count that a keyword names, else `none`.
[[nodiscard]] std::size_t count_of(const value& schema, const char* name, std::size_t none);
/// "one of 1, 2, 3" for a message; of one value that alone. Ends with an ellipsis past 200 bytes.
[[nodiscard]] std::string one_of(const array& values);
/// Equal texts for values that are equal in JSON Schema's sense (core §4.2.2): 1 and 1.0, members in any order.
[[nodiscard]] std::string canonical(const value& item);

}  // namespace fanfare::domain
