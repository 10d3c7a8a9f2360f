#include "api/dashboard/delivery_latency.hpp"

#include <algorithm>

namespace fanfare::api {

namespace {

/// The nearest rank: the least sample that so large a part of all does not exceed. Puts `all` in another order.
double percentile_ms(std::vector<steady_time::duration>& all, std::size_t percent) {
  const auto rank = (all.size() * percent + 99) / 100;
  const auto at = all.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(all.begin(), at, all.end());
  return std::chrono::duration<double, std::milli>(*at).count();
}

}  // namespace

bool delivery_latency::due(steady_time now) {
  const std::lock_guard lock(mutex_);
  if (now < next_) return false;
  next_ = now + pause;
  return true;
}

void delivery_latency::record(steady_time begun, steady_time ended) {
  const std::lock_guard lock(mutex_);
  const sample made{ended, ended - begun};
  if (samples_.size() < samples_max)
    samples_.push_back(made);
  else
    samples_[place_] = made;
  place_ = (place_ + 1) % samples_max;
}

delivery_latency::summary delivery_latency::lately(steady_time now) const {
  std::vector<steady_time::duration> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& each : samples_) {
      if (now - each.ended <= window) all.push_back(each.took);
    }
  }
  if (all.empty()) return {};
  return {percentile_ms(all, 50), percentile_ms(all, 99), all.size()};
}

}  // namespace fanfare::api
