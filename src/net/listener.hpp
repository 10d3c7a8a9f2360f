#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/metrics.hpp>

#include "net/unique_fd.hpp"
#include "net/worker.hpp"

// Listening sockets. Inbound: the kernel's accept queue, on worker 0; outbound: accepted sockets, round robin, each
// on the thread of the worker that will own it.

namespace fanfare::net {

/// Thread: made and bound on one thread; start() and close() from any; destroyed once the workers have stopped.
class listener {
 public:
  using accepted = std::function<void(worker& owner, unique_fd socket)>;

  listener(worker_pool& workers, metrics::registry& metrics, accepted take);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  /// "HOST:PORT"; see http::server_options::listen. Throws std::system_error or std::invalid_argument.
  void bind(std::string_view address);
  void start();
  /// Stops accepting; `done` runs on worker 0 once the sockets are closed.
  void close(std::function<void()> done);

  [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  struct acceptor;
  std::uint16_t open(const std::string& host, std::uint16_t port, bool needed);
  void bind_localhost(std::uint16_t port);

  worker_pool& workers_;
  metrics::cell& out_of_descriptors_;
  std::shared_ptr<accepted> take_;
  std::vector<unique_fd> bound_;
  std::vector<std::shared_ptr<acceptor>> acceptors_;
  std::vector<std::string> addresses_;
  std::uint16_t port_ = 0;
};

}  // namespace fanfare::net
