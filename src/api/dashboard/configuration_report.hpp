#pragma once

// Floor 7. The effective configuration as an admin may see it; floor 8 writes it, secrets masked.
// Inbound: floor 8, route_table. Outbound: nothing.

#include <mutex>
#include <utility>

#include <fanfare/base/value.hpp>
#include <fanfare/http/exchange.hpp>

#include "api/authenticator.hpp"

namespace fanfare::api {

/// Thread: any.
class configuration_report {
 public:
  [[nodiscard]] value current() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  /// [{key, value, source, masked, reloadable, explanation}], at the start and after each reload.
  void replace(value keys) {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
  }

 private:
  mutable std::mutex mutex_;
  value keys_ = array{};
};

void get_configuration(const configuration_report& at, const http::exchange_ptr& exchange, const credential& who);

}  // namespace fanfare::api
