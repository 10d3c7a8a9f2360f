#pragma once

// RFC 6901 pointers to places of faults. Pure.

#include <string>
#include <string_view>

namespace fanfare::domain {

/// `base` + "/" + the name with '~' and '/' escaped (§3).
[[nodiscard]] inline std::string pointer_to(std::string_view base, std::string_view name) {
  std::string out(base);
  out += '/';
  for (const char c : name) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}
[[nodiscard]] inline std::string pointer_to(std::string_view base, std::size_t index) {
  return std::string(base) + "/" + std::to_string(index);
}

}  // namespace fanfare::domain
