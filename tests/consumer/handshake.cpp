// A stranger's program: starts a Socket.IO server from the installed (or taken-in) library and shakes hands with it
// over a plain socket; then takes a connection out of HTTP for a protocol of its own. Exit code 0 when both went well.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <fanfare/fanfare.hpp>

namespace {

std::string fetch(std::uint16_t port, const std::string& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd, request.data(), request.size(), 0) < 0) return {};
  std::string answer;
  char part[4096];
  for (ssize_t got = 0; (got = ::recv(fd, part, sizeof part, 0)) > 0;) answer.append(part, static_cast<size_t>(got));
  ::close(fd);
  return answer;
}

/// Answers with a protocol of the program's own, and ends.
void take_over(const fanfare::http::exchange_ptr& exchange) {
  exchange->upgrade(exchange->worker(), [](std::unique_ptr<fanfare::net::byte_stream> stream, const std::string&) {
    const std::string_view answer =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\nhello";
    const bool sent = stream->write_some({&answer, 1}).status == fanfare::net::io_status::ok;
    if (sent) stream->shutdown_write();
    stream->close();
  });
}

}  // namespace

int main() {
  fanfare::http::server_options options;
  options.listen = {"127.0.0.1:0"};
  options.workers = 2;
  fanfare::http::server web(options);
  fanfare::socketio::server io(web);
  io.on_connection([](const fanfare::socketio::socket_ptr& socket) { socket->emit("hello", "there", 1); });
  web.route("GET", "/own", take_over);
  web.start();
  const std::string answer = fetch(web.port(), "/socket.io/?EIO=4&transport=polling");
  const std::string own = fetch(web.port(), "/own");
  web.stop();
  std::cout << answer << '\n' << own << '\n';
  const bool shaken = answer.find("200 OK") != std::string::npos && answer.find("\"sid\"") != std::string::npos;
  return shaken && own.starts_with("HTTP/1.1 101") && own.ends_with("hello") ? 0 : 1;
}
