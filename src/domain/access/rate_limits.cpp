#include "domain/access/rate_limits.hpp"

#include <algorithm>
#include <iterator>

namespace fanfare::domain {

void rate_limits::drop_idle(steady_time now) {
  // A full bucket says no more than none at all; the order makes the longest idle one the first.
  while (!order_.empty() && (keys_.size() > keys_max_ || order_.front().tokens.full(now))) {
    keys_.erase(order_.front().key);
    order_.pop_front();
  }
}

rate_limits::bucket& rate_limits::at(std::string_view key, steady_time now) {
  auto place = keys_.find(key);
  if (place == keys_.end()) {
    order_.push_back({std::string(key), token_bucket(limit_.per_second, limit_.burst, now), 0, false});
    place = keys_.emplace(order_.back().key, std::prev(order_.end())).first;
  } else {
    order_.splice(order_.end(), order_, place->second);
  }
  return *place->second;
}

rate_limits::verdict rate_limits::take(std::string_view key, steady_time now, double cost) {
  const std::lock_guard guard(mutex_);
  if (limit_.per_second <= 0) return {};
  auto& of = at(key, now);
  const auto wait = of.tokens.take(now, cost);
  if (shared_ && !wait) note(of, now, std::min(cost, limit_.burst));
  drop_idle(now);
  if (!wait) return {};
  return {false, *wait};
}

void rate_limits::note(bucket& of, steady_time now, double cost) {
  const auto level = of.tokens.level(now);
  of.untold = std::min(of.untold + cost, limit_.burst - level);  // what has been gained again matters to nobody
  if (of.listed || level >= limit_.burst / 2) return;
  of.listed = true;
  news_.push_back(of.key);
}

void rate_limits::share() {
  const std::lock_guard guard(mutex_);
  shared_ = true;
}

rate_limits::spent rate_limits::news(std::size_t keys_max) {
  const std::lock_guard guard(mutex_);
  spent out;
  while (!news_.empty() && out.size() < keys_max) {
    const auto found = keys_.find(news_.back());
    if (found != keys_.end()) {
      out.emplace_back(news_.back(), std::exchange(found->second->untold, 0));
      found->second->listed = false;
    }
    news_.pop_back();
  }
  return out;
}

void rate_limits::charge(std::string_view key, steady_time now, double cost) {
  const std::lock_guard guard(mutex_);
  if (limit_.per_second <= 0) return;
  at(key, now).tokens.charge(now, cost);
  drop_idle(now);
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
