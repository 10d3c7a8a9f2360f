#pragma once

// A client of one TCP connection that writes what it is told and reads whole HTTP answers and WebSocket frames.
// Everything waits on the socket, with a deadline so far off that only a fault reaches it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fanfare::test {

struct raw_answer {
  unsigned status = 0;
  std::string head;  // lower case
  std::string body;
  [[nodiscard]] bool has(std::string_view field) const { return head.find(field) != std::string::npos; }
};

class raw_client {
 public:
  explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect");
  }
  ~raw_client() { close(); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void request(std::string_view method, std::string_view query, std::string_view body = {},
               std::string_view fields = {}) {
    std::string text;
    text.append(method).append(" /engine.io/?").append(query).append(" HTTP/1.1\r\nHost: localhost\r\n").append(fields);
    if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    write(text.append("\r\n").append(body));
  }
  raw_answer ask(std::string_view method, std::string_view query, std::string_view body = {},
                 std::string_view fields = {}) {
    request(method, query, body, fields);
    return answer();
  }

  raw_answer answer() {
    raw_answer out;
    std::size_t end;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) more();
    out.head = read_.substr(0, end + 2);
    for (char& c : out.head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    read_.erase(0, end + 4);
    out.status = static_cast<unsigned>(std::stoul(out.head.substr(9, 3)));
    if (const auto at = out.head.find("content-length: "); at != std::string::npos) {
      const auto size = static_cast<std::size_t>(std::stoul(out.head.substr(at + 16)));
      while (read_.size() < size) more();
      out.body = read_.substr(0, size);
      read_.erase(0, size);
    }
    return out;
  }

  static constexpr std::string_view upgrade_fields =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  raw_answer open_websocket(std::string_view query) { return ask("GET", query, {}, upgrade_fields); }

  /// A frame as clients send it, masked with zeros.
  void send_frame(std::string_view payload, bool binary = false) {
    std::string frame(1, static_cast<char>(binary ? 0x82 : 0x81));
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      frame += static_cast<char>(0xfe);
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size() & 0xff);
    }
    write(frame.append(4, '\0').append(payload));
  }
  /// The payload of the next frame; "close" for a close frame or the end of the stream.
  std::string frame() {
    try {
      need(2);
      std::size_t size = static_cast<unsigned char>(read_[1]), header = 2;
      if (size == 126) {
        need(header = 4);
        size =
            static_cast<std::size_t>(static_cast<unsigned char>(read_[2]) << 8 | static_cast<unsigned char>(read_[3]));
      }
      need(header + size);
      const bool closing = (read_[0] & 0x0f) == 8;
      std::string payload = read_.substr(header, size);
      read_.erase(0, header + size);
      return closing ? "close" : payload;
    } catch (const std::runtime_error&) {
      return "close";
    }
  }

  /// Whether something has arrived that was not read.
  [[nodiscard]] bool readable() const {
    pollfd asked{fd_, POLLIN, 0};
    return !read_.empty() || ::poll(&asked, 1, 0) == 1;
  }

 private:
  void need(std::size_t size) {
    while (read_.size() < size) more();
  }
  void more() {
    char buffer[65536];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("connection ended");
    read_.append(buffer, static_cast<std::size_t>(got));
  }

  int fd_;
  std::string read_;
};

}  // namespace fanfare::test
