#include "net/tls_client_context.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <new>

#include "net/tls_setup.hpp"

namespace fanfare::net {

namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

}  // namespace

tls_client_context::tls_client_context(const tls_client_options& options) : server_name_(options.server_name) {
  context_ = make_tls(TLS_client_method());
  auto* const context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) fail_tls("TLS authorities");
  } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
    fail_tls("TLS authority " + options.ca_file);
  }
  if (!options.cert_file.empty() || !options.key_file.empty()) {
    use_certificate(*context, options.cert_file, options.key_file);
  }
}

tls_session tls_client_context::make(int socket, const std::string& host) const {
  tls_session session(SSL_new(context_.get()));
  if (!session || SSL_set_fd(session.get(), socket) != 1) throw std::bad_alloc();
  const auto& name = server_name_.empty() ? host : server_name_;
  SSL_set_connect_state(session.get());
  SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool set = false;
  if (is_address(name)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), name.c_str()) == 1;
  } else {  // RFC 6066 §3: addresses are no host names
    set = SSL_set1_host(session.get(), name.c_str()) == 1 && SSL_set_tlsext_host_name(session.get(), name.c_str()) == 1;
  }
  if (!set) throw std::bad_alloc();
  return session;
}

std::string tls_failure(SSL* session) {
  const auto verdict = SSL_get_verify_result(session);
  if (verdict == X509_V_OK) {
    const auto reason = first_tls_error();
    return reason.empty() ? "no reason given" : reason;
  }
  ERR_clear_error();
  return X509_verify_cert_error_string(verdict);
}

}  // namespace fanfare::net
