#include "domain/idempotency.hpp"

#include <algorithm>
#include <iterator>

namespace fanfare::domain {

namespace {

std::size_t weight(const idempotency::answers& given) { return std::max<std::size_t>(given.size(), 1); }

}  // namespace

void idempotency::remove(std::list<item>::iterator place) {
  held_ -= weight(place->given);
  keys_.erase(place->key);
  order_.erase(place);
}

void idempotency::expire(steady_time now) {
  while (!order_.empty() && (held_ > options_.answers_max || now - order_.front().at >= options_.window)) {
    remove(order_.begin());
  }
}

idempotency::state idempotency::look(std::string_view key, steady_time now, answers* found, std::string* digest) {
  expire(now);
  const auto place = keys_.find(key);
  if (place == keys_.end()) return state::unknown;
  if (digest != nullptr) *digest = place->second->digest;
  if (place->second->pending) return state::pending;
  if (found != nullptr) *found = place->second->given;
  return state::answered;
}

void idempotency::reserve(std::string key, steady_time now, std::string digest) {
  if (keys_.contains(key)) return;
  order_.push_back({std::move(key), {}, true, now, std::move(digest)});
  const auto place = std::prev(order_.end());
  keys_.emplace(place->key, place);
  ++held_;
  expire(now);
}

void idempotency::settle(std::string_view key, answers given, steady_time now) {
  const auto place = keys_.find(key);
  if (place == keys_.end()) return;
  const auto kept = place->second;
  held_ += weight(given) - weight(kept->given);
  kept->given = std::move(given);
  kept->pending = false;
  kept->at = now;
  order_.splice(order_.end(), order_, kept);
  expire(now);
}

void idempotency::drop(std::string_view key) {
  const auto place = keys_.find(key);
  if (place != keys_.end()) remove(place->second);
}

}  // namespace fanfare::domain
