#pragma once

// Keys that verify (or sign) tokens, each bound to its algorithm by configuration (RFC 8725 §3.1), and JWK sets.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

struct evp_pkey_st;

namespace fanfare::domain {

/// RFC 7518 §3.1 and RFC 8037; "none" does not exist here.
enum class jws_algorithm : std::uint8_t {
  hs256,
  hs384,
  hs512,
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  eddsa
};
[[nodiscard]] std::string_view to_text(jws_algorithm algorithm) noexcept;
/// Exact, case-sensitive spelling ("HS256", "EdDSA").
[[nodiscard]] std::optional<jws_algorithm> parse_algorithm(std::string_view text) noexcept;

/// One key for one algorithm. Immutable. Thread: any.
class jws_key {
 public:
  /// Fails: bad_request when the secret is shorter than the hash (RFC 7518 §3.2) or the algorithm is no HS one.
  [[nodiscard]] static result<jws_key> from_secret(jws_algorithm algorithm, std::string secret, std::string kid = {});
  /// A public key, a certificate or a private key in PEM. Fails: bad_request when it does not suit the algorithm, or
  /// RSA is under 2048 bits.
  [[nodiscard]] static result<jws_key> from_pem(jws_algorithm algorithm, std::string_view pem, std::string kid = {});
  /// RFC 7517 oct, RSA, EC (P-256, P-384) or OKP (Ed25519). `fallback` when the JWK names no `alg`; else by kty and
  /// crv (RS256 for RSA). Private parts are ignored.
  [[nodiscard]] static result<jws_key> from_jwk(const value& jwk, std::optional<jws_algorithm> fallback = {});

  [[nodiscard]] jws_algorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
  /// Constant time for HS*.
  [[nodiscard]] bool verify(std::string_view signing_input, std::string_view signature) const;
  /// Fails: internal when the key has no private part.
  [[nodiscard]] result<std::string> sign(std::string_view signing_input) const;

 private:
  jws_key() = default;
  static result<jws_key> from_pkey(jws_algorithm algorithm, std::shared_ptr<evp_pkey_st> pkey, bool private_part,
                                   std::string kid);
  jws_algorithm algorithm_ = jws_algorithm::hs256;
  std::string kid_;
  std::string secret_;                 // HS*
  std::shared_ptr<evp_pkey_st> pkey_;  // all others
  bool private_part_ = false;
};

/// An immutable set; replaced as a whole (std::atomic<std::shared_ptr<…>> or under the owner's mutex).
struct key_set {
  std::vector<jws_key> keys;
  [[nodiscard]] bool has_kid(std::string_view kid) const noexcept;
};
using key_set_ptr = std::shared_ptr<const key_set>;

/// RFC 7517 §5. Keys that are not for signatures, of unknown kinds, or of algorithms not in `allowed` (empty: all
/// but HS*, as symmetric keys do not belong in a public set) are skipped. Fails: bad_request on no JWK set at all,
/// over_limit past 100 keys.
[[nodiscard]] result<key_set> parse_jwk_set(std::string_view json, const std::vector<jws_algorithm>& allowed = {});

}  // namespace fanfare::domain
