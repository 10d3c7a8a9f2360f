#pragma once

// Floor 8. What the server asks Redis with: one thread for it, a client, subscriptions. Made when redis.url is set.
// Inbound: service, and the parts that share what Redis holds. Outbound: redis/client, redis/subscriber.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/net/connector.hpp>
#include <fanfare/net/workers.hpp>

#include "redis/client.hpp"
#include "redis/subscriber.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// Connects at once, and again after each loss. Thread: made, closed and destroyed by one that is not home(); the rest
/// says so.
class redis_connection {
 public:
  /// Throws config_error: redis.url or a TLS file is no good. `metrics` and `around` must outlive it.
  redis_connection(const configuration& settings, metrics::registry& metrics, const world& around,
                   std::function<void(const std::string& reason)> on_state);
  ~redis_connection();  // close()
  redis_connection(const redis_connection&) = delete;
  redis_connection& operator=(const redis_connection&) = delete;

  /// The thread on which all of Redis' answers and messages come.
  [[nodiscard]] executor& home() noexcept { return workers_->pool().at(0); }
  /// For what is answered at once. Thread: home().
  [[nodiscard]] redis::client& client() noexcept { return *client_; }
  /// A connection of its own, for commands that block. Thread: home().
  [[nodiscard]] std::unique_ptr<redis::client> make_client();
  /// Subscriptions, sharded ones all in `slot`. Thread: home().
  [[nodiscard]] std::shared_ptr<redis::subscriber> make_subscriber(redis::subscriber::events told,
                                                                   std::optional<std::uint16_t> slot = {});
  /// What the names of keys and channels begin with, in braces: all of them lie in one slot of a cluster.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  /// redis.url without passwords.
  [[nodiscard]] std::string shown() const { return where_.shown(); }

  /// Runs `work` on home() and waits for it. Not from home().
  void run(const std::function<void()>& work);
  /// Ends all connections. Clients and subscribers that were made must be gone by then, or go on home().
  void close();

 private:
  [[nodiscard]] redis::client_options options() const;

  const redis::url where_;
  const std::string prefix_;
  const milliseconds timeout_;
  const world& around_;
  std::unique_ptr<net::connector> connector_;
  std::unique_ptr<net::running_workers> workers_;
  std::unique_ptr<redis::client> client_;
};

}  // namespace fanfare::server
