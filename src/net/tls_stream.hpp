#pragma once

#include <memory>
#include <string>

#include <fanfare/net/byte_stream.hpp>
#include "net/fd_watch.hpp"
#include "net/tls_context.hpp"

// TLS over a connected socket as a byte_stream; the handshake happens inside the first reads and writes.

namespace fanfare::net {

struct tls_session_free {
  void operator()(SSL* session) const noexcept;
};
using tls_session = std::unique_ptr<SSL, tls_session_free>;

class tls_stream final : public byte_stream {
 public:
  tls_stream(worker& owner, unique_fd socket, tls_session session, std::shared_ptr<void> token = nullptr);
  ~tls_stream() override { close(); }
  /// A fresh server-side session on an accepted socket.
  [[nodiscard]] static std::unique_ptr<tls_stream> accept(worker& owner, unique_fd socket, const tls_context& context,
                                                          std::shared_ptr<void> token = nullptr);

  void wait_readable(std::function<void()> work) override;
  void wait_writable(std::function<void()> work) override;
  io_result read_some(std::span<char> into) override;
  io_result write_some(std::span<const std::string_view> buffers) override;
  void shutdown_write() override;
  void close() override;
  void reset() override;
  [[nodiscard]] std::unique_ptr<detached> detach() override;
  [[nodiscard]] std::string remote_address() const override;
  [[nodiscard]] bool secure() const noexcept override { return true; }

 private:
  void arm();
  void ready(direction way);
  io_result outcome(int returned, direction& wants);

  worker& worker_;
  fd_watch watch_;
  tls_session session_;
  std::shared_ptr<void> token_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::function<void()> on_readable_, on_writable_;
  // What the last read (write) waited for: TLS may have to write in order to read (handshake, key update).
  direction read_wants_ = direction::in, write_wants_ = direction::out;
  bool broken_ = false;
};

}  // namespace fanfare::net
