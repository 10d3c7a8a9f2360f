#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "net/unique_fd.hpp"
#include "net/worker.hpp"

// Readiness of one descriptor in one worker's loop. Inbound: the kernel; outbound: tcp_stream, tls_stream, listener.

namespace fanfare::net {

enum class direction : std::uint8_t { in, out };

/// Thread: the worker's.
class fd_watch {
 public:
  /// Takes `fd` over, which must be non-blocking. Throws std::system_error when it cannot be watched.
  fd_watch(worker& owner, unique_fd fd);
  ~fd_watch();
  fd_watch(const fd_watch&) = delete;
  fd_watch& operator=(const fd_watch&) = delete;

  /// -1 once released or closed.
  [[nodiscard]] int fd() const noexcept;
  /// Runs `work` once when the descriptor is ready that way, or failed; setting it again replaces it.
  void wait(direction way, std::function<void()> work);
  /// Drops what waits and gives the descriptor back.
  [[nodiscard]] unique_fd release();
  void close();

 private:
  struct core;
  std::shared_ptr<core> core_;
};

}  // namespace fanfare::net
