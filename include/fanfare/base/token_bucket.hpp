#pragma once

#include <optional>

#include <fanfare/base/executor.hpp>

namespace fanfare {

/// A rate limiter: holds up to `burst` tokens, gains `rate_per_second`, and starts full. Time comes from the
/// caller. A rate of 0 or less means no limit. Thread: one at a time.
class token_bucket {
 public:
  token_bucket() = default;  // no limit
  token_bucket(double rate_per_second, double burst, steady_time now);

  /// Takes `n` tokens and gives nothing, or takes none and gives after how long it is worth asking again (at
  /// least 1 ms). More than `burst` at once costs a full bucket: else it would be refused for ever.
  [[nodiscard]] std::optional<milliseconds> take(steady_time now, double n = 1);

  /// Takes `n` that have been spent elsewhere, whether they are there or not: the debt is at most a burst.
  void charge(steady_time now, double n);

  /// Changes rate and burst, as a reload does; tokens held stay, up to the new burst.
  void configure(double rate_per_second, double burst);
  /// Whether it is full again: then forgetting it changes nothing, so tables of buckets can be swept.
  [[nodiscard]] bool full(steady_time now) const;
  /// Tokens held; negative while there is a debt.
  [[nodiscard]] double level(steady_time now) const;

 private:
  double rate_per_second_ = 0;
  double burst_ = 1;
  double tokens_ = 1;
  steady_time refilled_{};
};

}  // namespace fanfare
