#pragma once

// Floor 7. How the process fares: statistics, Prometheus metrics, liveness and readiness.
// Inbound: route_table. Outbound: metrics::registry through prometheus-cpp's serializer.

#include <string>
#include <vector>

#include <fanfare/base/metrics.hpp>

#include "api/route_table.hpp"

namespace fanfare::api {

void get_stats(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_metrics(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_health(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_readiness(context& shared, const http::exchange_ptr& exchange, const credential& who);

/// Registers the gauges of this floor: connections, rooms, history, memory. Once, at the start.
void observe_status(context& shared);
/// The Prometheus text exposition format 0.0.4.
[[nodiscard]] std::string exposition(const std::vector<metrics::sample>& samples);
/// Bytes of memory this process has resident, 0 where that cannot be told.
[[nodiscard]] std::size_t resident_bytes();

}  // namespace fanfare::api
