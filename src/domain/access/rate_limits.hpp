#pragma once

// Keyed token buckets: so many a second each, with a burst.

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/token_bucket.hpp>

namespace fanfare::domain {

struct rate_limit {
  double per_second = 50;  // 0: no limit
  double burst = 100;
};

/// Keys that have been idle long enough to be full again are dropped; past keys_max the least recently used goes,
/// which can only let its owner have a fresh burst. Thread: any.
class rate_limits {
 public:
  explicit rate_limits(rate_limit limit, std::size_t keys_max = 100000) : limit_(limit), keys_max_(keys_max) {}

  struct verdict {
    bool allowed = true;
    std::chrono::milliseconds retry_after{0};  // until `cost` would be there; at least 1 when refused
  };
  [[nodiscard]] verdict take(std::string_view key, steady_time now, double cost = 1);
  /// For a reload: buckets keep what they hold, up to the new burst.
  void set_limit(rate_limit limit);
  [[nodiscard]] std::size_t size() const;

 private:
  struct bucket {
    std::string key;
    token_bucket tokens;
  };
  void drop_idle(steady_time now);
  mutable std::mutex mutex_;
  rate_limit limit_;
  const std::size_t keys_max_;
  std::list<bucket> order_;                                                 // least recently used first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> keys_;  // views into order_
};

}  // namespace fanfare::domain
