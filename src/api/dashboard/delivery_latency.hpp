#pragma once

// Floor 7. How long events take from their place in the log until a worker has handed them to its sockets: a sample of
// them, of the last half minute.
// Inbound: gateway's delivery. Outbound: status.

#include <chrono>
#include <cstddef>
#include <mutex>
#include <vector>

#include <fanfare/base/executor.hpp>

namespace fanfare::api {

/// Thread: any.
class delivery_latency {
 public:
  static constexpr std::size_t samples_max = 2048;
  static constexpr std::chrono::seconds window{30};
  static constexpr milliseconds pause{5};  // measuring costs a task on each worker

  /// Whether to measure what is delivered at `now`: the first event, and each that comes a pause after the last one.
  [[nodiscard]] bool due(steady_time now);
  void record(steady_time begun, steady_time ended);

  struct summary {
    double p50_ms = 0, p99_ms = 0;
    std::size_t samples = 0;
  };
  [[nodiscard]] summary lately(steady_time now) const;

 private:
  struct sample {
    steady_time ended;
    steady_time::duration took;
  };
  mutable std::mutex mutex_;
  steady_time next_ = steady_time::min();
  std::vector<sample> samples_;  // a ring once it is full
  std::size_t place_ = 0;
};

}  // namespace fanfare::api
