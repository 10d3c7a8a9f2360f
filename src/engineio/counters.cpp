#include "engineio/counters.hpp"

#include <string>

namespace fanfare::engineio {

namespace {

constexpr std::array<std::string_view, cause_count> cause_labels = {
    "transport_unknown", "session_unknown",   "bad_handshake_method",
    "bad_request",       "forbidden",         "unsupported_protocol_version",
    "over_limit",        "payload_too_large", "parse_error",
    "overlap",           "upgrade_refused",   "upgrade_timeout"};
constexpr std::array<std::string_view, reason_count> reason_labels = {
    "transport_error", "transport_close", "ping_timeout", "parse_error", "forced_close", "server_shutdown", "overload"};

metrics::cell& sessions_gauge(metrics::registry& registry, const char* transport) {
  return registry.gauge("fanfare_engineio_sessions", "Engine.IO sessions open now", {{"transport", transport}});
}

metrics::cell& packets(metrics::registry& registry, const char* direction) {
  return registry.counter("fanfare_engineio_packets_total", "Engine.IO packets", {{"direction", direction}});
}

}  // namespace

std::string_view to_string(close_reason reason) noexcept {
  switch (reason) {
    case close_reason::transport_error:
      return "transport error";
    case close_reason::transport_close:
      return "transport close";
    case close_reason::ping_timeout:
      return "ping timeout";
    case close_reason::parse_error:
      return "parse error";
    case close_reason::forced_close:
      return "forced close";
    case close_reason::server_shutdown:
      return "forced server close";
    case close_reason::overload:
      return "send queue overflow";
  }
  return "";
}

counters::counters(metrics::registry& registry)
    : opened(registry.counter("fanfare_engineio_sessions_opened_total", "Engine.IO sessions opened")),
      upgrades(registry.counter("fanfare_engineio_upgrades_total", "Sessions that moved from polling to WebSocket")),
      packets_in(packets(registry, "in")),
      packets_out(packets(registry, "out")),
      volatile_dropped(registry.counter("fanfare_engineio_volatile_dropped_total",
                                        "Volatile packets dropped because they could not leave at once")),
      conflated(registry.counter("fanfare_engineio_conflated_total",
                                 "Unsent packets replaced by a newer one of the same key")),
      polling_gauge(sessions_gauge(registry, "polling")),
      websocket_gauge(sessions_gauge(registry, "websocket")) {
  for (std::size_t i = 0; i < cause_count; ++i) {
    errors[i] = &registry.counter("fanfare_engineio_errors_total", "Engine.IO requests and payloads refused",
                                  {{"cause", std::string(cause_labels[i])}});
  }
  for (std::size_t i = 0; i < reason_count; ++i) {
    closes[i] = &registry.counter("fanfare_engineio_closes_total", "Engine.IO sessions ended",
                                  {{"reason", std::string(reason_labels[i])}});
  }
}

std::shared_ptr<reservation> reservation::take(const std::shared_ptr<counters>& count, std::size_t bound) {
  if (count->reserved.fetch_add(1, std::memory_order_relaxed) >= bound) {
    count->reserved.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  return std::make_shared<reservation>(count);
}

}  // namespace fanfare::engineio
