#pragma once

// Floor 7. How this floor tells of itself, and by which clocks: metrics, log lines, time. Floor 8 sets the sink.

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/metrics.hpp>
#include <fanfare/base/value.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare::api {

enum class severity : std::uint8_t { trace, debug, info, warn, error };

/// Names are ours, values may be a stranger's: the sink escapes them. Never a token, key or whole URL.
using log_fields = std::vector<std::pair<std::string_view, value>>;

/// Thread: any.
using log_sink = std::function<void(severity level, std::string_view message, const log_fields& fields)>;

/// `log_to` is set before the server starts. Thread: any.
struct report {
  metrics::registry& metrics;
  const world& around;  // its clocks are the tokens' and the limits' too
  log_sink log_to = [](severity, std::string_view, const log_fields&) {};
};

/// The source of events that the server makes itself.
inline constexpr std::string_view own_source = "/fanfare";

}  // namespace fanfare::api
