#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare {

/// Milliseconds, because nanoseconds in 64 bits end in 2262 and a peer may write 9999.
using utc_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-01-02T03:04:05.678Z". Years 0 to 9999; what lies outside is clamped to them.
[[nodiscard]] std::string format_rfc3339(utc_time time);

template <class Duration>
[[nodiscard]] std::string format_rfc3339(std::chrono::sys_time<Duration> time) {
  return format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(time));
}

/// RFC 3339 §5.6 date-time; digits past the millisecond are cut off. A leap second (:60) is the second after it
/// (§5.7 lets it stand only at 23:59 UTC on the last day of a month). Fails: bad_request.
[[nodiscard]] result<utc_time> parse_rfc3339(std::string_view text);
[[nodiscard]] bool is_rfc3339(std::string_view text);

}  // namespace fanfare
