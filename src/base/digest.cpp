#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fanfare/base/digest.hpp>

namespace fanfare {

namespace {

const unsigned char* octets(std::string_view bytes) noexcept {
  // OpenSSL reads a null key as "keep the last one"; an empty view must not look like that.
  return reinterpret_cast<const unsigned char*>(bytes.data() != nullptr ? bytes.data() : "");
}

std::string digest(const EVP_MD* algorithm, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (EVP_Digest(octets(message), message.size(), to, &size, algorithm, nullptr) != 1) {
    throw std::runtime_error("OpenSSL cannot digest");
  }
  out.resize(size);
  return out;
}

}  // namespace

std::string sha1(std::string_view message) { return digest(EVP_sha1(), message); }
std::string sha256(std::string_view message) { return digest(EVP_sha256(), message); }

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (HMAC(EVP_sha256(), octets(key), static_cast<int>(key.size()), octets(message), message.size(), to, &size) ==
      nullptr) {
    throw std::runtime_error("OpenSSL cannot authenticate");
  }
  out.resize(size);
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 0xF];
  }
  return out;
}

std::string sha256_hex(std::string_view message) { return hex(sha256(message)); }

bool constant_time_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(octets(a), octets(b), a.size()) == 0;
}

}  // namespace fanfare
