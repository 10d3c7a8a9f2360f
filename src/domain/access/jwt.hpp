#pragma once

// JSON Web Tokens in compact JWS form (RFC 7519, 7515), by the rules of RFC 8725. Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

#include "domain/access/key_set.hpp"
#include "domain/access/principal.hpp"

namespace fanfare::domain {

struct jwt_options {
  std::string issuer;              // "" : not checked
  std::string audience;            // "" : not checked; else `aud` must be it or hold it
  std::chrono::seconds leeway{5};  // at most 60
  std::size_t token_bytes_max = 8192;
  bool expiry_required = true;
};

/// Compact JWS -> payload: signature and header only, as verify_jwt() begins.
[[nodiscard]] result<std::string> verify_jws(std::string_view token, const key_set& keys);
/// Token -> claims. The header's alg must be that of a configured key; its kid only chooses among them; jwk, jku,
/// x5u, x5c are ignored, crit is refused. Fails: token_missing ("" ), token_invalid, token_expired; `detail` is for
/// the log only.
[[nodiscard]] result<value> verify_jwt(std::string_view token, const key_set& keys, const jwt_options& options,
                                       system_time now);
/// The kid an unverified token asks for: only good for asking a jwks_cache to look again.
[[nodiscard]] std::optional<std::string> unverified_kid(std::string_view token);
/// Fails: internal when the key cannot sign.
[[nodiscard]] result<std::string> sign_jwt(const value& claims, const jws_key& key);

/// The two rules above and principal_of in one step: what a login does.
[[nodiscard]] result<principal> authenticate(std::string_view token, const key_set& keys, const jwt_options& options,
                                             const claim_names& names, system_time now);

}  // namespace fanfare::domain
