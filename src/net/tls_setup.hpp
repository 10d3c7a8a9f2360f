#pragma once

// What both sides of TLS share: settings, certificates, words for what OpenSSL refused. Inbound: tls_context,
// tls_client_context.

#include <memory>
#include <string>

#include <openssl/ssl.h>

namespace fanfare::net {

/// The first error of the thread's queue, which is the cause; "" when there is none. Empties the queue.
[[nodiscard]] std::string first_tls_error();
/// Throws std::runtime_error "<what>: <the first error>".
[[noreturn]] void fail_tls(const std::string& what);

/// TLS 1.2 or newer, no renegotiation, no compression; a peer that closes without close_notify is an end like any
/// other, since HTTP, WebSocket and Redis frame their own messages. Throws std::runtime_error.
[[nodiscard]] std::shared_ptr<SSL_CTX> make_tls(const SSL_METHOD* method);
/// PEM files: a chain, and its key. Throws std::runtime_error naming the file.
void use_certificate(SSL_CTX& context, const std::string& cert_file, const std::string& key_file);

}  // namespace fanfare::net
