#pragma once

// Floor 7. What SIGHUP replaces, and whether the server is going. Inbound: floor 8. Outbound: every handler.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/connection_table.hpp"
#include "domain/github_events.hpp"

namespace fanfare::api {

struct github_settings {
  std::vector<std::string> secrets;  // any of them signs; none: deliveries are refused
  domain::repository_map repositories;
};

/// Immutable; replaced as a whole.
struct settings {
  bool query_token = false;
  std::chrono::seconds refresh_grace{25};
  std::chrono::seconds expiry_warning{60};
  connection_limits connections{10000, 100, 0};
  std::size_t rooms_per_connection_max = 1000;
  std::size_t members_per_room_max = 0;  // 0: no limit
  double commands_per_second = 50;
  double commands_burst = 200;
  github_settings github;
};

/// Thread: any.
class live_settings {
 public:
  [[nodiscard]] std::shared_ptr<const settings> current() const {
    const std::lock_guard lock(mutex_);
    return settings_;
  }
  void replace(settings next) {
    auto made = std::make_shared<const settings>(std::move(next));
    const std::lock_guard lock(mutex_);
    settings_ = std::move(made);
  }

  std::atomic<bool> draining{false};

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const settings> settings_ = std::make_shared<const settings>();
};

}  // namespace fanfare::api
