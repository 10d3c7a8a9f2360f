#include "net/tls_context.hpp"

#include <openssl/ssl.h>

#include <new>
#include <string_view>

#include "net/tls_setup.hpp"

namespace fanfare::net {

namespace {

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
  context_ = make_tls(TLS_server_method());
  SSL_CTX_set_alpn_select_cb(context_.get(), select_protocol, nullptr);
  use_certificate(*context_, cert_file, key_file);
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
