#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fanfare::test {

/// A socket client that blocks, for 20 seconds at most: what it waits for must come.
class blocking_client {
 public:
  explicit blocking_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      ::close(fd_);
      throw std::runtime_error("connect failed");
    }
  }
  blocking_client(blocking_client&& other) noexcept : fd_(other.fd_), buffer_(std::move(other.buffer_)) {
    other.fd_ = -1;
  }
  ~blocking_client() { close(); }

  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Exactly that many bytes; fewer when the peer ended.
  std::string read(std::size_t count) {
    while (buffer_.size() < count && more()) {
    }
    return take(count);
  }
  /// One head and the body its Content-Length tells (none after HEAD).
  std::string read_response(bool head_only = false) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return take(buffer_.size());
    }
    end += 4;
    const auto at = buffer_.find("Content-Length: ");
    if (!head_only && at < end) end += std::stoul(buffer_.substr(at + 16));
    return read(end);
  }
  /// Until the peer ends.
  std::string read_all() {
    while (more()) {
    }
    return take(buffer_.size());
  }
  std::string exchange(std::string_view bytes) {
    send(bytes);
    return read_response();
  }

 private:
  bool more() {
    char part[16384];
    const auto got = ::recv(fd_, part, sizeof part, 0);
    if (got <= 0) return false;
    buffer_.append(part, static_cast<std::size_t>(got));
    return true;
  }
  std::string take(std::size_t count) {
    auto out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }

  int fd_;
  std::string buffer_;
};

}  // namespace fanfare::test
