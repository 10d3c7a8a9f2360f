#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace fanfare {

using steady_time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

/// Names one pending timer of one executor; 0 names none.
using timer_id = std::uint64_t;

/// One worker as the floors above `net` see it: a thread, its clock and its timers. The real one is net/worker;
/// tests use tests/unit/support/fake_executor.hpp, whose clock stands still until told.
class executor {
 public:
  virtual ~executor() = default;

  /// Which worker this is, from 0.
  [[nodiscard]] virtual unsigned index() const noexcept = 0;
  /// Whether the caller runs on this worker's thread.
  [[nodiscard]] virtual bool here() const noexcept = 0;
  /// Runs `work` on the worker's thread, after everything posted before it. Never inline. Thread: any.
  virtual void post(std::function<void()> work) = 0;
  /// Runs `work` at once on the worker's thread, posts it from any other. Thread: any.
  template <class Work>
  void dispatch(Work&& work) {
    if (here()) return std::forward<Work>(work)();
    post(std::forward<Work>(work));
  }
  /// Runs `work` once what is ready now has been handled: the place to flush what a burst has queued.
  /// Thread: owning worker.
  virtual void defer(std::function<void()> work) = 0;

  /// Thread (this and the two below): owning worker.
  [[nodiscard]] virtual steady_time now() const = 0;
  /// Runs `work` after that time, unless it is cancelled by the id before.
  virtual timer_id after(milliseconds delay, std::function<void()> work) = 0;
  /// Cancelling a timer that has run, or 0, does nothing.
  virtual void cancel(timer_id timer) = 0;
};

/// All workers of one process. A connection belongs to one of them for life. Thread: any.
class executor_pool {
 public:
  virtual ~executor_pool() = default;
  [[nodiscard]] virtual unsigned size() const noexcept = 0;
  [[nodiscard]] virtual executor& at(unsigned index) = 0;
  /// The worker whose thread this is, or nullptr on a foreign thread.
  [[nodiscard]] virtual executor* current() noexcept = 0;
};

}  // namespace fanfare
