#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>

// The real executors: one event loop and one thread each. Work enters by post, defer, after and by descriptors that
// become ready (fd_watch); nothing leaves but the calls of that work.

namespace boost::asio {
class io_context;
}

namespace fanfare::net {

/// One event loop and its thread. An exception that escapes a piece of work is counted in
/// `fanfare_handler_exceptions_total` and the loop goes on.
class worker final : public executor {
 public:
  worker(unsigned index, metrics::registry& metrics);
  ~worker() override;

  void start();
  /// Ends the loop after the work at hand; what is still queued is dropped. Thread: any.
  void stop() noexcept;
  /// Waits for the thread. Thread: any but the worker's own.
  void join();

  [[nodiscard]] unsigned index() const noexcept override;
  [[nodiscard]] bool here() const noexcept override { return current() == this; }
  void post(std::function<void()> work) override;
  void defer(std::function<void()> work) override;
  [[nodiscard]] steady_time now() const override;
  timer_id after(milliseconds delay, std::function<void()> work) override;
  void cancel(timer_id timer) override;

  [[nodiscard]] boost::asio::io_context& context() noexcept;
  /// The worker whose thread this is, or nullptr.
  [[nodiscard]] static worker* current() noexcept;

 private:
  struct loop;
  void run() noexcept;
  std::unique_ptr<loop> loop_;
};

/// Thread: start, stop and join from one thread that is no worker; the rest from any.
class worker_pool final : public executor_pool {
 public:
  /// `size` 0: one worker per core.
  worker_pool(unsigned size, metrics::registry& metrics);
  ~worker_pool() override;

  void start();
  /// Stops every loop and waits for the threads. Idempotent.
  void stop();

  [[nodiscard]] unsigned size() const noexcept override { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] worker& at(unsigned index) override { return *workers_.at(index); }
  [[nodiscard]] executor* current() noexcept override;

 private:
  std::vector<std::unique_ptr<worker>> workers_;
};

}  // namespace fanfare::net
