#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <fanfare/net/connector.hpp>
#include <fanfare/net/workers.hpp>

#include "history/redis/redis_log.hpp"
#include "redis/real/client_rig.hpp"
#include "support/temporary_folder.hpp"

namespace fanfare::history::test {

/// A real Redis, and nodes on a thread of their own each that share a log in it.
class redis_rig {
 public:
  explicit redis_rig(const std::string& more = {})
      : port_(redis::test::free_ports(1).at(0)), server_(redis::test::server(folder_, port_, more)) {}

  milliseconds request_timeout{5000};  // of nodes made from now on
  struct node {
    std::unique_ptr<net::running_workers> workers;
    std::unique_ptr<redis_log> log;
  };
  /// Named so; `change` may alter what it is made with.
  node make(const std::string& name, memory_log_options bounds = {},
            const std::function<void(redis_log_options&)>& change = {}) {
    node out{net::start_workers(1, numbers_), nullptr};
    auto& home = out.workers->pool().at(0);
    redis_log_options options;
    options.appender.node = name;
    options.appender.bounds = bounds;
    options.window = bounds;
    options.make_client = [this, &home] {
      redis::client_options how;
      how.connection.pause = {milliseconds{5}, milliseconds{50}};
      how.connection.draw = [] { return 0.5; };
      how.request_timeout = request_timeout;
      return redis::make_client(home, *connector_, *redis::parse_url(url()), how);
    };
    options.draw_epoch = [this] { return "e" + (drawn_++ == 0 ? std::string() : std::to_string(drawn_)); };
    options.metrics = &numbers_;
    if (change) change(options);
    out.log = std::make_unique<redis_log>(home, std::move(options));
    return out;
  }
  [[nodiscard]] redis::test::redis_process& server() { return server_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  /// What the counters of that name add up to, of all nodes.
  [[nodiscard]] double count(const std::string& name) const {
    double sum = 0;
    for (const auto& each : numbers_.collect()) {
      if (each.name == name) sum += each.amount;
    }
    return sum;
  }

 private:
  fanfare::test::temporary_folder folder_;
  metrics::registry numbers_;
  std::unique_ptr<net::connector> connector_ = net::make_connector();
  std::atomic<int> drawn_{0};
  std::uint16_t port_;
  redis::test::redis_process server_;
};

}  // namespace fanfare::history::test
