#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <fanfare/base/digest.hpp>

#include "domain/access/jws_algorithm_table.hpp"
#include "domain/access/key_set.hpp"

// What one key does: reading PEM, verifying, signing. ECDSA signatures travel as r || s (RFC 7518 §3.4), OpenSSL has
// them in DER.

namespace fanfare::domain {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};
using bio_handle = std::unique_ptr<BIO, freed_by<BIO_free>>;
using digest_context = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using ecdsa_signature = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Never asks at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

std::string hmac(const jws_algorithm_row& row, std::string_view key, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (HMAC(EVP_get_digestbyname(row.digest), key.data(), static_cast<int>(key.size()), bytes_of(message),
           message.size(), reinterpret_cast<unsigned char*>(out.data()), &size) == nullptr) {
    size = 0;
  }
  out.resize(size);
  return out;
}

/// Sets PSS up as RFC 7518 §3.5 wants it: MGF1 with the same hash, a salt as long as the hash.
bool set_padding(EVP_PKEY_CTX* context, const jws_algorithm_row& row) {
  if (row.family != jws_family::rsa_pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

std::string to_der(std::string_view raw) {
  const auto half = static_cast<int>(raw.size() / 2);
  const ecdsa_signature pair(ECDSA_SIG_new());
  if (!pair || ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes_of(raw), half, nullptr),
                              BN_bin2bn(bytes_of(raw) + half, half, nullptr)) != 1) {
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  std::string out(reinterpret_cast<char*>(der), size < 0 ? 0 : static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::string from_der(std::string_view der, std::size_t size) {
  const auto* at = bytes_of(der);
  const ecdsa_signature pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!pair) return {};
  std::string out(size, '\0');
  auto* raw = reinterpret_cast<unsigned char*>(out.data());
  const auto half = static_cast<int>(size / 2);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), raw, half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), raw + half, half) != half) {
    return {};
  }
  return out;
}

}  // namespace

result<jws_key> jws_key::from_pem(jws_algorithm algorithm, std::string_view pem, std::string kid) {
  const auto reader = [pem] { return bio_handle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); };
  std::shared_ptr<EVP_PKEY> key;
  bool private_part = false;
  if (auto* found = PEM_read_bio_PrivateKey(reader().get(), nullptr, no_passphrase, nullptr)) {
    key = {found, EVP_PKEY_free};
    private_part = true;
  } else if (auto* open = PEM_read_bio_PUBKEY(reader().get(), nullptr, no_passphrase, nullptr)) {
    key = {open, EVP_PKEY_free};
  } else if (auto* certificate = PEM_read_bio_X509(reader().get(), nullptr, no_passphrase, nullptr)) {
    if (auto* held = X509_get_pubkey(certificate)) key = {held, EVP_PKEY_free};
    X509_free(certificate);
  }
  ERR_clear_error();
  return from_pkey(algorithm, std::move(key), private_part, std::move(kid));
}

bool jws_key::verify(std::string_view signing_input, std::string_view signature) const {
  const auto& row = algorithm_row(algorithm_);
  // RFC 8017 §8.1.2 step 1: an RSA signature is as long as the modulus; OpenSSL lets leading zeros go.
  const auto size =
      row.signature_bytes != 0 ? row.signature_bytes : static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get()));
  if (signature.size() != size) return false;
  if (row.family == jws_family::hmac) {
    return constant_time_equal(hmac(row, secret_, signing_input), signature);
  }
  std::string der;
  if (row.family == jws_family::ecdsa) {
    der = to_der(signature);
    signature = der;
  }
  const digest_context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;  // owned by the context
  const bool verified =
      context &&
      EVP_DigestVerifyInit_ex(context.get(), &padding, row.digest, nullptr, nullptr, pkey_.get(), nullptr) == 1 &&
      set_padding(padding, row) &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signing_input),
                       signing_input.size()) == 1;
  ERR_clear_error();
  return verified;
}

result<std::string> jws_key::sign(std::string_view signing_input) const {
  const auto& row = algorithm_row(algorithm_);
  if (row.family == jws_family::hmac) return hmac(row, secret_, signing_input);
  const error failure{errc::internal, "the key cannot sign", {}};
  if (!private_part_) return failure;
  const digest_context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit_ex(context.get(), &padding, row.digest, nullptr, nullptr, pkey_.get(), nullptr) != 1 ||
      !set_padding(padding, row) ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(signing_input), signing_input.size()) != 1) {
    ERR_clear_error();
    return failure;
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(signing_input),
                     signing_input.size()) != 1) {
    ERR_clear_error();
    return failure;
  }
  out.resize(size);
  return row.family == jws_family::ecdsa ? from_der(out, row.signature_bytes) : out;
}

}  // namespace fanfare::domain
