#pragma once

// Floor 7. Where this floor's log lines go: floor 8 sets it. An empty sink drops them.

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/value.hpp>

namespace fanfare::api {

enum class severity : std::uint8_t { trace, debug, info, warn, error };

/// Names are ours, values may be a stranger's: the sink escapes them. Never a token, key or whole URL.
using log_fields = std::vector<std::pair<std::string_view, value>>;

/// Thread: any.
using log_sink = std::function<void(severity level, std::string_view message, const log_fields& fields)>;

}  // namespace fanfare::api
