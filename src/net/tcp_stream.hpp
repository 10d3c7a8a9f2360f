#pragma once

#include <memory>
#include <string>

#include <fanfare/net/byte_stream.hpp>
#include "net/fd_watch.hpp"

// A connected TCP socket as a byte_stream. Inbound: listener; outbound: the connection drivers above.

namespace fanfare::net {

class tcp_stream final : public byte_stream {
 public:
  /// `token` lives as long as the connection does, on whichever worker: it counts open connections.
  tcp_stream(worker& owner, unique_fd socket, std::shared_ptr<void> token = nullptr);
  ~tcp_stream() override { close(); }

  void wait_readable(std::function<void()> work) override { watch_.wait(direction::in, std::move(work)); }
  void wait_writable(std::function<void()> work) override { watch_.wait(direction::out, std::move(work)); }
  io_result read_some(std::span<char> into) override;
  io_result write_some(std::span<const std::string_view> buffers) override;
  void shutdown_write() override;
  void close() override;
  void reset() override;
  [[nodiscard]] std::unique_ptr<detached> detach() override;
  [[nodiscard]] std::string remote_address() const override;
  [[nodiscard]] bool secure() const noexcept override { return false; }

 private:
  fd_watch watch_;
  std::shared_ptr<void> token_;
};

/// The peer's IP as text, an IPv4 address mapped into IPv6 as IPv4; empty when there is no peer.
[[nodiscard]] std::string peer_address(int socket);
/// Non-blocking, without Nagle's delay.
void prepare_socket(int socket) noexcept;
/// Makes the next close of the socket a reset.
void reset_on_close(int socket) noexcept;

}  // namespace fanfare::net
