#pragma once

// A raw Socket.IO v5 client over WebSocket and an HTTP client, both blocking, with a deadline on every wait.

#include <chrono>
#include <cstdint>
#include <deque>
#include <fanfare/base/json.hpp>
#include <fanfare/http/message.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fanfare::test {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_answer {
  unsigned status = 0;
  http::fields headers;
  std::string body;
  [[nodiscard]] value json() const { return json::parse(body).value(); }
};

http_answer call(std::uint16_t port, const std::string& method, const std::string& target,
                 const header_list& headers = {}, const std::string& body = {});

/// One namespace connection. Every wait ends after `patience` with an exception.
class client {
 public:
  explicit client(std::uint16_t port, const header_list& headers = {}, const std::string& path = "/socket.io/",
                  const std::string& query = "");
  ~client();

  /// CONNECTs with the token as payload; gives the answer's packet type: '0' or '4' (then `refusal`).
  char connect(const std::string& token, const std::string& nsp = "/");

  /// The next event, as [name, argument…].
  array event();
  /// The next event's envelope, which must be of that type.
  value event(const std::string& name);

  void emit(const std::string& name, const value& argument);
  /// The first argument of the answer; events that come before it wait for event().
  value ask(const std::string& name, const value& argument);

  /// Waits for the end of the connection; false when something else comes first but a DISCONNECT packet or a ping.
  bool ends();

  void write(const std::string& packet);
  /// The next packet but a ping, which is answered.
  std::string read();
  void close();

  value refusal;
  static constexpr std::chrono::seconds patience{20};

 private:
  struct connection;  // keeps Beast, which is slow to compile, in one source

  array take();

  std::unique_ptr<connection> connection_;
  value open_;
  std::string prefix_;
  std::deque<std::string> pending_;
  unsigned last_ack_ = 0;
};

}  // namespace fanfare::test
