#include "domain/access/rate_limits.hpp"

#include <iterator>

namespace fanfare::domain {

void rate_limits::drop_idle(steady_time now) {
  // A full bucket says no more than none at all; the order makes the longest idle one the first.
  while (!order_.empty() && (keys_.size() > keys_max_ || order_.front().tokens.full(now))) {
    keys_.erase(order_.front().key);
    order_.pop_front();
  }
}

rate_limits::verdict rate_limits::take(std::string_view key, steady_time now, double cost) {
  const std::lock_guard guard(mutex_);
  if (limit_.per_second <= 0) return {};
  auto place = keys_.find(key);
  if (place == keys_.end()) {
    order_.push_back({std::string(key), token_bucket(limit_.per_second, limit_.burst, now)});
    place = keys_.emplace(order_.back().key, std::prev(order_.end())).first;
  } else {
    order_.splice(order_.end(), order_, place->second);
  }
  const auto wait = place->second->tokens.take(now, cost);
  drop_idle(now);
  if (!wait) return {};
  return {false, *wait};
}

void rate_limits::set_limit(rate_limit limit) {
  const std::lock_guard guard(mutex_);
  limit_ = limit;
  for (auto& each : order_) each.tokens.configure(limit.per_second, limit.burst);
}

std::size_t rate_limits::size() const {
  const std::lock_guard guard(mutex_);
  return keys_.size();
}

}  // namespace fanfare::domain
