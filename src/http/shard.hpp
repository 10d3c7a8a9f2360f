#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/http/server.hpp>

#include "http/cors.hpp"
#include "http/router.hpp"

// What the connections of one worker share. Inbound: server; outbound: connection.

namespace fanfare::http {

class connection;

/// Cells by name; those of every request are looked up once. Thread: any.
class traffic_counters {
 public:
  explicit traffic_counters(metrics::registry& metrics);
  void count_request(std::string_view method, unsigned status);
  /// `cause`: one of a fixed few words.
  void count_error(std::string_view cause);
  metrics::cell& bytes_in;
  metrics::cell& bytes_out;

 private:
  static constexpr std::size_t methods = 8, classes = 6;
  metrics::registry& metrics_;
  std::atomic<metrics::cell*> requests_[methods][classes] = {};
};

/// Thread: its worker's, once the server runs.
struct shard {
  shard(executor& worker, const server_options& server, const router& known, metrics::registry& metrics)
      : home(worker), options(server), routes(known), counted(metrics), policy(server.cors) {}

  /// Closes idle connections; the others after the answer they are at.
  void drain();
  void close_all();
  /// Now, as the Date field says it; made once a second.
  [[nodiscard]] std::string_view date();

  executor& home;
  const server_options& options;
  const router& routes;
  traffic_counters counted;
  cors policy;
  bool draining = false;
  std::unordered_set<std::shared_ptr<connection>> open;

 private:
  long long date_at_ = 0;
  std::string date_;
};

}  // namespace fanfare::http
