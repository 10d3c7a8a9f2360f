#pragma once

// Floor 7. How the process fares: statistics, Prometheus metrics, liveness and readiness.
// Inbound: route_table. Outbound: metrics::registry through prometheus-cpp's serializer.

#include <string>
#include <vector>

#include <fanfare/base/metrics.hpp>

#include <fanfare/http/exchange.hpp>
#include <fanfare/http/server.hpp>
#include <fanfare/socketio/server.hpp>

#include "api/authenticator.hpp"
#include "api/connection_table.hpp"
#include "api/dashboard/delivery_latency.hpp"
#include "api/live_settings.hpp"
#include "api/report.hpp"
#include "domain/feed.hpp"
#include "history/log.hpp"

namespace fanfare::api {

struct status {
  http::server& web;
  socketio::server& io;
  connection_table& connections;
  domain::feed& events;
  history::log& log;
  const live_settings& live;
  const report& says;
  const delivery_latency& latency;
  steady_time started;
  std::string version = {};        // set before the server starts
  std::string backend = "memory";  // of the history, as history.backend calls it; likewise
};

void get_stats(const status& at, const http::exchange_ptr& exchange, const credential& who);
void get_metrics(const status& at, const http::exchange_ptr& exchange, const credential& who);
void get_health(const status& at, const http::exchange_ptr& exchange, const credential& who);
void get_readiness(const status& at, const http::exchange_ptr& exchange, const credential& who);

/// Registers the gauges of this floor: connections, rooms, history, memory. Once, at the start.
void observe_status(const status& at);
/// The Prometheus text exposition format 0.0.4.
[[nodiscard]] std::string exposition(const std::vector<metrics::sample>& samples);
/// Bytes of memory this process has resident, 0 where that cannot be told.
[[nodiscard]] std::size_t resident_bytes();

}  // namespace fanfare::api
