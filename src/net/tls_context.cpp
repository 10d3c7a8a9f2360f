#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

namespace fanfare::net {

namespace {

[[noreturn]] void fail(const std::string& what) {
  // The first error is the cause. What the system refused (a file's mode, say) has errno's words, which only it knows.
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0                ? nullptr
                       : ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code))
                                                : ERR_reason_error_string(code);
  throw std::runtime_error(what + (reason != nullptr ? std::string(": ") + reason : std::string()));
}

// RFC 7301: we speak HTTP/1.1 only; a client that offers other protocols alone goes on without ALPN.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length, const unsigned char* offered,
                    unsigned offered_length, void*) {
  constexpr std::string_view ours = "\x08http/1.1";
  unsigned char* out = nullptr;
  const int found = SSL_select_next_proto(&out, chosen_length, reinterpret_cast<const unsigned char*>(ours.data()),
                                          static_cast<unsigned>(ours.size()), offered, offered_length);
  *chosen = out;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

tls_context::tls_context(const std::string& cert_file, const std::string& key_file) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context_) fail("TLS is not available");
  auto* const context = context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A peer that closes without close_notify is an end like any other: HTTP and WebSocket frame their own messages.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) fail("TLS certificate " + cert_file);
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) fail("TLS key " + key_file);
  if (SSL_CTX_check_private_key(context) != 1) fail("TLS key " + key_file + " does not fit " + cert_file);
}

SSL* tls_context::make(int socket) const {
  SSL* const session = SSL_new(context_.get());
  if (session == nullptr || SSL_set_fd(session, socket) != 1) {
    SSL_free(session);
    throw std::bad_alloc();
  }
  SSL_set_accept_state(session);
  return session;
}

}  // namespace fanfare::net
