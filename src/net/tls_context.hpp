#pragma once

#include <memory>
#include <string>

// The server's certificate and key for tls_stream. Inbound: PEM files; outbound: one SSL object a connection.

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace fanfare::net {

/// Thread: any, once made.
class tls_context {
 public:
  /// TLS 1.2 and 1.3. Throws std::runtime_error saying which file failed and why.
  tls_context(const std::string& cert_file, const std::string& key_file);

  /// A server-side session over `socket`; the caller frees it.
  [[nodiscard]] SSL* make(int socket) const;

 private:
  std::shared_ptr<SSL_CTX> context_;
};

}  // namespace fanfare::net
