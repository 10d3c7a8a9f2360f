#pragma once

// Keyed token buckets: so many a second each, with a burst.

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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

  /// From now on take() notes what is spent of buckets that are less than half full, for news(): other nodes, which
  /// count the same keys, charge it too. What a key spends above that is its own affair, so that few have to be told
  /// of.
  void share();
  /// What keys have spent since they were last given here, at most `keys_max` of them.
  using spent = std::vector<std::pair<std::string, double>>;
  [[nodiscard]] spent news(std::size_t keys_max);
  /// Spent on another node.
  void charge(std::string_view key, steady_time now, double cost);

  /// For a reload: buckets keep what they hold, up to the new burst.
  void set_limit(rate_limit limit);
  [[nodiscard]] std::size_t size() const;

 private:
  struct bucket {
    std::string key;
    token_bucket tokens;
    double untold = 0;
    bool listed = false;  // in news_
  };
  bucket& at(std::string_view key, steady_time now);
  void note(bucket& of, steady_time now, double cost);
  void drop_idle(steady_time now);
  mutable std::mutex mutex_;
  rate_limit limit_;
  const std::size_t keys_max_;
  std::list<bucket> order_;                                                 // least recently used first
  std::unordered_map<std::string_view, std::list<bucket>::iterator> keys_;  // views into order_
  bool shared_ = false;
  std::vector<std::string> news_;  // keys with something to tell
};

}  // namespace fanfare::domain
