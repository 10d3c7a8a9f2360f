#pragma once

// The one table of signature algorithms (RFC 7518 §3.1, RFC 8037): key_set checks keys by it, jws_signature signs.

#include <array>
#include <cstddef>
#include <string_view>

#include "domain/access/key_set.hpp"

namespace fanfare::domain {

enum class jws_family : std::uint8_t { hmac, rsa, rsa_pss, ecdsa, eddsa };

struct jws_algorithm_row {
  jws_algorithm algorithm;
  std::string_view name;
  jws_family family;
  const char* digest;           // OpenSSL's name; nullptr where the algorithm has its own
  std::size_t signature_bytes;  // 0: as long as the RSA modulus
};

inline constexpr std::array jws_algorithms{
    jws_algorithm_row{jws_algorithm::hs256, "HS256", jws_family::hmac, "SHA256", 32},
    jws_algorithm_row{jws_algorithm::hs384, "HS384", jws_family::hmac, "SHA384", 48},
    jws_algorithm_row{jws_algorithm::hs512, "HS512", jws_family::hmac, "SHA512", 64},
    jws_algorithm_row{jws_algorithm::rs256, "RS256", jws_family::rsa, "SHA256", 0},
    jws_algorithm_row{jws_algorithm::rs384, "RS384", jws_family::rsa, "SHA384", 0},
    jws_algorithm_row{jws_algorithm::rs512, "RS512", jws_family::rsa, "SHA512", 0},
    jws_algorithm_row{jws_algorithm::ps256, "PS256", jws_family::rsa_pss, "SHA256", 0},
    jws_algorithm_row{jws_algorithm::ps384, "PS384", jws_family::rsa_pss, "SHA384", 0},
    jws_algorithm_row{jws_algorithm::ps512, "PS512", jws_family::rsa_pss, "SHA512", 0},
    jws_algorithm_row{jws_algorithm::es256, "ES256", jws_family::ecdsa, "SHA256", 64},
    jws_algorithm_row{jws_algorithm::es384, "ES384", jws_family::ecdsa, "SHA384", 96},
    jws_algorithm_row{jws_algorithm::eddsa, "EdDSA", jws_family::eddsa, nullptr, 64},
};

[[nodiscard]] constexpr const jws_algorithm_row& algorithm_row(jws_algorithm algorithm) noexcept {
  return jws_algorithms[static_cast<std::size_t>(algorithm)];
}

static_assert([] {
  for (std::size_t i = 0; i < jws_algorithms.size(); ++i) {
    if (jws_algorithms[i].algorithm != static_cast<jws_algorithm>(i)) return false;
  }
  return jws_algorithms.back().algorithm == jws_algorithm::eddsa;
}());

}  // namespace fanfare::domain
