#include "net/tcp_stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace fanfare::net {

namespace {

constexpr std::size_t iovecs_max = 64;

io_result from_errno() noexcept {
  return {errno == EAGAIN || errno == EWOULDBLOCK ? io_status::would_block : io_status::failed, 0};
}

class detached_tcp final : public byte_stream::detached {
 public:
  detached_tcp(unique_fd socket, std::shared_ptr<void> token) : socket_(std::move(socket)), token_(std::move(token)) {}
  std::unique_ptr<byte_stream> attach(executor& target) override {
    return std::make_unique<tcp_stream>(dynamic_cast<worker&>(target), std::move(socket_), std::move(token_));
  }

 private:
  unique_fd socket_;
  std::shared_ptr<void> token_;
};

}  // namespace

tcp_stream::tcp_stream(worker& owner, unique_fd socket, std::shared_ptr<void> token)
    : watch_(owner, (prepare_socket(socket.get()), std::move(socket))), token_(std::move(token)) {}

io_result tcp_stream::read_some(std::span<char> into) {
  for (;;) {
    const auto got = ::recv(watch_.fd(), into.data(), into.size(), 0);
    if (got > 0) return {io_status::ok, static_cast<std::size_t>(got)};
    if (got == 0) return {io_status::end, 0};
    if (errno != EINTR) return from_errno();
  }
}

io_result tcp_stream::write_some(std::span<const std::string_view> buffers) {
  std::array<iovec, iovecs_max> vectors;
  std::size_t used = 0;
  for (const auto& buffer : buffers) {
    if (buffer.empty()) continue;
    vectors[used++] = {const_cast<char*>(buffer.data()), buffer.size()};
    if (used == iovecs_max) break;
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = used;
  for (;;) {
    const auto sent = ::sendmsg(watch_.fd(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return {io_status::ok, static_cast<std::size_t>(sent)};
    if (errno != EINTR) return from_errno();
  }
}

void tcp_stream::shutdown_write() { ::shutdown(watch_.fd(), SHUT_WR); }

void tcp_stream::close() {
  watch_.close();
  token_.reset();
}

void tcp_stream::reset() {
  reset_on_close(watch_.fd());
  close();
}

std::unique_ptr<byte_stream::detached> tcp_stream::detach() {
  return std::make_unique<detached_tcp>(watch_.release(), std::move(token_));
}

std::string tcp_stream::remote_address() const { return peer_address(watch_.fd()); }

std::string peer_address(int socket) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return {};
  if (peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      ::inet_ntop(AF_INET, &address.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &address, text.data(), text.size());
    }
  }
  return text.data();
}

void prepare_socket(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
}

void reset_on_close(int socket) noexcept {
  const linger now{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace fanfare::net
