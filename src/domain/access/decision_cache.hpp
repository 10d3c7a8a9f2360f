#pragma once

// What the back-end's authorization hook answered, for a while. Pure. Thread: any.

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fanfare/base/executor.hpp>

namespace fanfare::domain {

class decision_cache {
 public:
  /// `ttl` 0 or `entries_max` 0: keeps nothing.
  decision_cache(milliseconds ttl, std::size_t entries_max) : ttl_(ttl), entries_max_(entries_max) {}

  [[nodiscard]] std::optional<bool> find(std::string_view question, steady_time now);
  /// Past entries_max the oldest answer goes.
  void put(std::string question, bool allowed, steady_time now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct entry {
    std::string question;
    bool allowed;
    steady_time until;
  };
  void drop_front();
  const milliseconds ttl_;
  const std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::list<entry> order_;  // oldest first, and so in order of `until`
  std::unordered_map<std::string_view, std::list<entry>::iterator> entries_;  // views into order_
};

}  // namespace fanfare::domain
