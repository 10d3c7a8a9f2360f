#pragma once

#include <functional>
#include <memory>

// SIGINT and SIGTERM as an event. Inbound: the kernel; outbound: whoever runs the process.

namespace fanfare::net {

/// Catches SIGINT and SIGTERM while it lives.
class stop_signals {
 public:
  stop_signals();
  ~stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// Blocks; runs `stop` at each signal, until finish(). Thread: one.
  void wait(const std::function<void()>& stop);
  /// Thread: any.
  void finish();

 private:
  struct loop;
  std::unique_ptr<loop> loop_;
};

}  // namespace fanfare::net
