#pragma once

// Fresh key pairs for tests, as PEM.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

namespace fanfare::test {

struct key_pair {
  std::string private_pem;
  std::string public_pem;
};

inline std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio, &bytes);
  std::string out(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

inline key_pair to_pem(EVP_PKEY* key) {
  auto* secret = BIO_new(BIO_s_mem());
  auto* open = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_PUBKEY(open, key);
  EVP_PKEY_free(key);
  return {text_of(secret), text_of(open)};
}

inline key_pair make_rsa(unsigned bits = 2048) { return to_pem(EVP_RSA_gen(bits)); }
inline key_pair make_ec(const char* curve) { return to_pem(EVP_EC_gen(curve)); }
inline key_pair make_ed25519() { return to_pem(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

}  // namespace fanfare::test
