#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <future>
#include <stdexcept>
#include <utility>

#include "net/unique_fd.hpp"
#include "net/worker.hpp"

namespace fanfare::test {

/// Two connected TCP sockets: ours and the peer's.
inline std::pair<net::unique_fd, net::unique_fd> socket_pair() {
  net::unique_fd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  auto* const address = reinterpret_cast<sockaddr*>(&at);
  net::unique_fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listening.get(), address, length) != 0 || ::listen(listening.get(), 1) != 0 ||
      ::getsockname(listening.get(), address, &length) != 0 || ::connect(peer.get(), address, length) != 0) {
    throw std::runtime_error("no loopback");
  }
  return {net::unique_fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)), std::move(peer)};
}

/// Runs `work` on the worker and waits for it.
inline void on(net::worker& home, const std::function<void()>& work) {
  std::promise<void> done;
  home.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace fanfare::test
