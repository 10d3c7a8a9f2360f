#include "domain/access/decision_cache.hpp"

#include <iterator>

namespace fanfare::domain {

void decision_cache::drop_front() {
  entries_.erase(order_.front().question);
  order_.pop_front();
}

std::optional<bool> decision_cache::find(std::string_view question, steady_time now) {
  const std::lock_guard guard(mutex_);
  while (!order_.empty() && order_.front().until <= now) drop_front();
  const auto place = entries_.find(question);
  if (place == entries_.end()) return std::nullopt;
  return place->second->allowed;
}

void decision_cache::put(std::string question, bool allowed, steady_time now) {
  const std::lock_guard guard(mutex_);
  if (ttl_.count() <= 0 || entries_max_ == 0) return;
  if (const auto place = entries_.find(question); place != entries_.end()) {
    const auto old = place->second;
    entries_.erase(place);
    order_.erase(old);
  }
  if (entries_.size() >= entries_max_) drop_front();
  order_.push_back({std::move(question), allowed, now + ttl_});
  entries_.emplace(order_.back().question, std::prev(order_.end()));
}

std::size_t decision_cache::size() const {
  const std::lock_guard guard(mutex_);
  return entries_.size();
}

}  // namespace fanfare::domain
