#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fanfare::test {

/// A self-made certificate and its key in files that go away with it.
class tls_files {
 public:
  tls_files() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fanfare-tls-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = pattern;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key.get());
    auto* const name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(made.get(), name);
    X509_sign(made.get(), key.get(), EVP_sha256());
    write(cert(), [&](FILE* to) { PEM_write_X509(to, made.get()); });
    write(this->key(), [&](FILE* to) { PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  ~tls_files() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string cert() const { return folder_ + "/cert.pem"; }
  [[nodiscard]] std::string key() const { return folder_ + "/key.pem"; }

 private:
  template <class Writer>
  static void write(const std::string& path, Writer&& writer) {
    FILE* const to = std::fopen(path.c_str(), "w");
    if (to == nullptr) throw std::runtime_error("cannot write " + path);
    writer(to);
    std::fclose(to);
  }
  std::string folder_;
};

/// A blocking TLS client over a connected socket, which stays its caller's.
class tls_peer {
 public:
  explicit tls_peer(int socket, int version_max = 0)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), session_(SSL_new(context_.get()), SSL_free) {
    if (version_max != 0) SSL_set_max_proto_version(session_.get(), version_max);
    SSL_set_fd(session_.get(), socket);
  }
  [[nodiscard]] bool handshake() { return SSL_connect(session_.get()) == 1; }
  bool send(std::string_view bytes) {
    return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  /// Up to that many bytes; fewer at the end.
  std::string read(std::size_t count) {
    std::string out;
    while (out.size() < count) {
      char part[16384];
      const int got = SSL_read(session_.get(), part, static_cast<int>(std::min(sizeof part, count - out.size())));
      if (got <= 0) break;
      out.append(part, static_cast<std::size_t>(got));
    }
    return out;
  }
  [[nodiscard]] SSL* session() { return session_.get(); }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

}  // namespace fanfare::test
