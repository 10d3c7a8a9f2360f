#pragma once

// Floor 8. HTTP calls that Fanfare itself makes: `fanfare publish`, key sets, the authorization hook.
// Inbound: commands, service. Outbound: Boost.Beast over TCP or TLS. Certificates and host names are verified
// against OpenSSL's default places, which SSL_CERT_FILE and SSL_CERT_DIR replace.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/http/message.hpp>

#include "server/client_url.hpp"

namespace fanfare::server {

struct client_request {
  std::string method = "GET";
  std::string url;
  http::fields headers;
  std::string body;
  milliseconds timeout{10000};  // for the whole call
  std::size_t answer_bytes_max = 16777216;
};

struct client_response {
  unsigned status = 0;
  http::fields headers;
  std::string body;
};

/// Calls and waits. Redirections are not followed. Fails: bad_request (the URL), timeout, payload_too_large,
/// unavailable (detail says why).
[[nodiscard]] result<client_response> http_request(client_request request);

/// The same without waiting, on a thread of its own. Thread: any.
class http_caller {
 public:
  explicit http_caller(std::size_t in_flight_max = 1000);
  ~http_caller();  // calls under way are dropped, their `done` is not called
  /// `done` runs on this object's thread; at once on the caller's with over_limit past in_flight_max.
  void call(client_request request, std::function<void(result<client_response>)> done);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace fanfare::server
