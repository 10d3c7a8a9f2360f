#pragma once

#include <memory>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>

namespace fanfare::net {

/// Event loops with a thread each, beside a server's own: for peers that no client should wait for. They run until
/// they go; what is still queued then is dropped. Thread: any; not one of its own.
class running_workers {
 public:
  virtual ~running_workers() = default;
  [[nodiscard]] virtual executor_pool& pool() noexcept = 0;  // to post to
};

/// `size` 0: one per core. `metrics` must outlive them.
[[nodiscard]] std::unique_ptr<running_workers> start_workers(unsigned size, metrics::registry& metrics);

}  // namespace fanfare::net
