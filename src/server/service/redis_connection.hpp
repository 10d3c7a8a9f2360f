#pragma once

// Floor 8. How the server reaches the Redis of redis.url: a thread for it, and clients. Inbound: service. Outbound:
// redis/client.

#include <memory>
#include <string>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/net/connector.hpp>
#include <fanfare/net/workers.hpp>

#include "redis/client.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// Thread: made and destroyed by one that is not home(); the rest says so.
class redis_connection {
 public:
  /// Throws config_error: redis.url or a TLS file is no good. `metrics` and `around` must outlive it.
  redis_connection(const configuration& settings, metrics::registry& metrics, const world& around);

  /// The thread on which all of Redis' answers come; it ends with this, which its clients must not outlive.
  [[nodiscard]] executor& home() noexcept { return workers_->pool().at(0); }
  /// Connects at once, and again after each loss. Thread: home().
  [[nodiscard]] std::unique_ptr<redis::client> make_client();
  /// What the names of keys begin with, in braces: all of them lie in one slot of a cluster.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

 private:
  const redis::url where_;
  const std::string prefix_;
  const milliseconds timeout_;
  const world& around_;
  std::unique_ptr<net::connector> connector_;
  std::unique_ptr<net::running_workers> workers_;
};

}  // namespace fanfare::server
