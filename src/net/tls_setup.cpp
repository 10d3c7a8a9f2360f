#include "net/tls_setup.hpp"

#include <openssl/err.h>

#include <cstring>
#include <stdexcept>

namespace fanfare::net {

// What the system refused (a file's mode, say) has errno's words, which only it knows.
std::string first_tls_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {};
  const char* const reason =
      ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

void fail_tls(const std::string& what) {
  const auto reason = first_tls_error();
  throw std::runtime_error(reason.empty() ? what : what + ": " + reason);
}

std::shared_ptr<SSL_CTX> make_tls(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> made(SSL_CTX_new(method), SSL_CTX_free);
  if (!made) fail_tls("TLS is not available");
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(made.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return made;
}

void use_certificate(SSL_CTX& context, const std::string& cert_file, const std::string& key_file) {
  if (SSL_CTX_use_certificate_chain_file(&context, cert_file.c_str()) != 1) fail_tls("TLS certificate " + cert_file);
  if (SSL_CTX_use_PrivateKey_file(&context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) fail_tls("TLS key " + key_file);
  if (SSL_CTX_check_private_key(&context) != 1) fail_tls("TLS key " + key_file + " does not fit " + cert_file);
}

}  // namespace fanfare::net
