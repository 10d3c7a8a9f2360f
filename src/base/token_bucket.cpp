#include <algorithm>
#include <cmath>

#include <fanfare/base/token_bucket.hpp>

namespace fanfare {

token_bucket::token_bucket(double rate_per_second, double burst, steady_time now) : refilled_(now) {
  configure(rate_per_second, burst);
  tokens_ = burst_;
}

void token_bucket::configure(double rate_per_second, double burst) {
  rate_per_second_ = rate_per_second;
  burst_ = std::max(burst, 1.0);  // less could never grant one
  tokens_ = std::min(tokens_, burst_);
}

double token_bucket::level(steady_time now) const {
  const std::chrono::duration<double> passed = std::max(now - refilled_, steady_time::duration::zero());
  return std::min(burst_, tokens_ + passed.count() * rate_per_second_);
}

bool token_bucket::full(steady_time now) const { return rate_per_second_ <= 0 || level(now) >= burst_; }

std::optional<milliseconds> token_bucket::take(steady_time now, double n) {
  if (rate_per_second_ <= 0) return std::nullopt;
  tokens_ = level(now);
  refilled_ = std::max(refilled_, now);
  const double cost = std::min(n, burst_);
  // Sums of fractions fall a hair short of the whole: without the slack, who waits as told is refused again.
  constexpr double slack = 1e-9;
  if (tokens_ + slack >= cost) {
    tokens_ = std::max(tokens_ - cost, 0.0);
    return std::nullopt;
  }
  constexpr double wait_ms_max = 86'400'000;  // a day, should the rate be next to nothing
  const double wait_ms = std::ceil((cost - tokens_) / rate_per_second_ * 1000 - slack);
  return milliseconds(static_cast<milliseconds::rep>(std::clamp(wait_ms, 1.0, wait_ms_max)));
}

void token_bucket::charge(steady_time now, double n) {
  if (rate_per_second_ <= 0) return;
  tokens_ = std::max(level(now) - n, -burst_);
  refilled_ = std::max(refilled_, now);
}

}  // namespace fanfare
