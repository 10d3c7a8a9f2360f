#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/http/message.hpp>
#include <fanfare/net/connector.hpp>

namespace fanfare::http {

/// The request as HTTP/1.1 sends it (RFC 9112 §3): its line, its fields as they are, Content-Length where there is a
/// body or the method expects one, the body. Host is among its fields.
[[nodiscard]] std::string request_text(const request& what);

/// Of a client.
struct client_options {
  milliseconds connect_timeout{5000};       // of one connection, its TLS handshake in it
  std::size_t answer_bytes_max = 16777216;  // of a body
  std::size_t header_bytes_max = 65536;     // of an answer
  milliseconds idle_max{5000};              // a connection that waited longer is not used again
  std::size_t idle_connections_max = 64;    // to all peers; past it they are closed
};

/// Asks HTTP/1.1 servers, over connections that it keeps for the next question to the same peer. Nothing is ever sent
/// twice: a connection that ends after a byte of the question has left fails the question. Keep `idle_max` below what
/// the peers allow, so that they do not end a connection just then. Thread: `home`'s.
class client {
 public:
  /// `connector` must outlive it.
  client(executor& home, net::connector& connector, client_options options = {});
  ~client();  // what is under way ends; its `done` does not run
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// `done` runs once, never inline. The answer's body is as it came: a content coding is the caller's matter. Fails:
  /// timeout, payload_too_large, unavailable (no connection, or it ended; detail says which), protocol_violation.
  /// Dropping what is returned ends the question and its connection: `done` does not run then.
  using answered = std::function<void(result<response>)>;
  /// See answered.
  [[nodiscard]] std::shared_ptr<void> ask(const net::endpoint& peer, const request& what, milliseconds timeout,
                                          answered done);
  /// Connections that wait for a question.
  [[nodiscard]] std::size_t idle() const noexcept;

 private:
  struct state;
  class question;
  std::shared_ptr<state> state_;
};

}  // namespace fanfare::http
