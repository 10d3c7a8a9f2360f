#pragma once

// Times as people write them: "7d". Inbound: retention, server.

#include <chrono>
#include <string_view>

#include <fanfare/base/error.hpp>

namespace fanfare::domain {

/// "90", "90s", "45m", "1h", "7d"; at least a second, at most ten years. Fails: bad_request.
[[nodiscard]] result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace fanfare::domain
