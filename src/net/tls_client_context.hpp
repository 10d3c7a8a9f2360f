#pragma once

#include <memory>
#include <string>

#include <fanfare/net/connector.hpp>
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"

// The client's side of tls_context. Inbound: tls_client_options; outbound: one SSL object for each connection.

namespace fanfare::net {

/// Thread: any, once made.
class tls_client_context {
 public:
  /// Throws std::runtime_error saying which file failed and why.
  explicit tls_client_context(const tls_client_options& options);

  /// A client-side session over `socket` that will accept `host` alone (or options.server_name).
  [[nodiscard]] tls_session make(int socket, const std::string& host) const;

 private:
  std::shared_ptr<SSL_CTX> context_;
  std::string server_name_;
};

/// Why the last call on this session failed, in words for a log: the verification's verdict, else OpenSSL's first
/// error.
[[nodiscard]] std::string tls_failure(SSL* session);

}  // namespace fanfare::net
