#include "domain/access/key_set.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/json.hpp>

#include "domain/access/jws_algorithm_table.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t jwk_keys_max = 100;
constexpr std::size_t rsa_modulus_bytes_max = 2048;  // 16384 bits: past it a verification is a denial of service

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};
using bignum = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using param_builder = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>>;
using param_list = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>>;
using key_context = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using key_handle = std::shared_ptr<EVP_PKEY>;

error refused(std::string detail) { return {errc::bad_request, std::move(detail), {}}; }

key_handle own(EVP_PKEY* key) {
  ERR_clear_error();
  return {key, EVP_PKEY_free};
}

result<std::string> octets(const value& jwk, std::string_view name) {
  const auto* item = jwk.find(name);
  if (item == nullptr || item->if_string() == nullptr) return refused("the JWK lacks " + std::string(name));
  return base64url_decode(*item->if_string());
}

bignum number_of(const std::string& bytes) {
  return bignum(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

key_handle make_public(const char* kind, OSSL_PARAM_BLD* builder) {
  const param_list params(OSSL_PARAM_BLD_to_param(builder));
  const key_context context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    key = nullptr;
  }
  return own(key);
}

/// RFC 7518 §6.3.1.
result<key_handle> rsa_key(const value& jwk) {
  const auto n = octets(jwk, "n");
  const auto e = octets(jwk, "e");
  if (!n || !e) return refused("an RSA JWK needs n and e");
  if (n->size() > rsa_modulus_bytes_max || e->size() > 8) return refused("the RSA JWK is too large");
  const auto modulus = number_of(*n);
  const auto exponent = number_of(*e);
  const param_builder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder) return refused("the RSA JWK cannot be read");
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return make_public("RSA", builder.get());
}

/// RFC 7518 §6.2.1: coordinates have the full length of the field.
result<key_handle> ec_key(const value& jwk) {
  const auto* curve = jwk.find("crv");
  const bool p256 = curve != nullptr && curve->as_string() == "P-256";
  if (!p256 && (curve == nullptr || curve->as_string() != "P-384")) return refused("an EC JWK must be P-256 or P-384");
  const auto x = octets(jwk, "x");
  const auto y = octets(jwk, "y");
  const std::size_t size = p256 ? 32 : 48;
  if (!x || !y || x->size() != size || y->size() != size) return refused("an EC JWK needs x and y of full length");
  const std::string point = '\x04' + *x + *y;
  const param_builder builder(OSSL_PARAM_BLD_new());
  if (!builder) return errc::internal;
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, p256 ? "prime256v1" : "secp384r1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return make_public("EC", builder.get());
}

/// RFC 8037 §2.
result<key_handle> okp_key(const value& jwk) {
  const auto* curve = jwk.find("crv");
  const auto x = octets(jwk, "x");
  if (curve == nullptr || curve->as_string() != "Ed25519" || !x || x->size() != 32) {
    return refused("an OKP JWK must be Ed25519 with x");
  }
  return own(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(x->data()), 32));
}

std::optional<jws_algorithm> usual_algorithm(const value& jwk) {
  const auto kind = jwk.find("kty") == nullptr ? std::string_view() : jwk.find("kty")->as_string();
  const auto curve = jwk.find("crv") == nullptr ? std::string_view() : jwk.find("crv")->as_string();
  if (kind == "oct") return jws_algorithm::hs256;
  if (kind == "RSA") return jws_algorithm::rs256;
  if (kind == "EC") return curve == "P-384" ? jws_algorithm::es384 : jws_algorithm::es256;
  if (kind == "OKP") return jws_algorithm::eddsa;
  return std::nullopt;
}

bool for_signatures(const value& jwk) {
  const auto* use = jwk.find("use");
  if (use != nullptr && use->as_string() != "sig") return false;
  const auto* operations = jwk.find("key_ops");
  if (operations == nullptr || operations->if_array() == nullptr) return true;
  const auto& list = *operations->if_array();
  return std::find(list.begin(), list.end(), value("verify")) != list.end();
}

/// Whether the key is of the algorithm's kind and strength (RFC 7518 §3.3, §3.4).
result<void> suits(EVP_PKEY* key, jws_algorithm algorithm) {
  const auto& row = algorithm_row(algorithm);
  const int kind = EVP_PKEY_get_base_id(key);
  switch (row.family) {
    case jws_family::hmac:
      break;
    case jws_family::rsa:
    case jws_family::rsa_pss:
      if (kind != EVP_PKEY_RSA && !(row.family == jws_family::rsa_pss && kind == EVP_PKEY_RSA_PSS)) break;
      if (EVP_PKEY_get_bits(key) < 2048) return refused("an RSA key has at least 2048 bits");
      if (EVP_PKEY_get_bits(key) > static_cast<int>(rsa_modulus_bytes_max * 8))
        return refused("the RSA key is too large");
      return {};
    case jws_family::ecdsa: {
      std::array<char, 64> group{};
      if (kind != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) break;
      if (std::string_view(group.data()) != (row.signature_bytes == 64 ? "prime256v1" : "secp384r1")) break;
      return {};
    }
    case jws_family::eddsa:
      if (kind != EVP_PKEY_ED25519) break;
      return {};
  }
  return refused("the key does not suit " + std::string(row.name));
}

}  // namespace

std::string_view to_text(jws_algorithm algorithm) noexcept { return algorithm_row(algorithm).name; }

std::optional<jws_algorithm> parse_algorithm(std::string_view text) noexcept {
  for (std::size_t i = 0; i < jws_algorithms.size(); ++i) {
    if (jws_algorithms[i].name == text) return static_cast<jws_algorithm>(i);
  }
  return std::nullopt;
}

result<jws_key> jws_key::from_secret(jws_algorithm algorithm, std::string secret, std::string kid) {
  const auto& row = algorithm_row(algorithm);
  if (row.family != jws_family::hmac) return refused(std::string(row.name) + " takes no secret but a key pair");
  // RFC 8725 §2.1: a public key used as a secret is the classic confusion of algorithms.
  if (secret.find("-----BEGIN") != std::string::npos) return refused("the secret is a PEM key: choose its algorithm");
  if (secret.size() < row.signature_bytes) {
    return refused("the secret for " + std::string(row.name) + " needs at least " +
                   std::to_string(row.signature_bytes) + " bytes");
  }
  jws_key out;
  out.algorithm_ = algorithm;
  out.kid_ = std::move(kid);
  out.secret_ = std::move(secret);
  out.private_part_ = true;
  return out;
}

result<jws_key> jws_key::from_pkey(jws_algorithm algorithm, std::shared_ptr<evp_pkey_st> pkey, bool private_part,
                                   std::string kid) {
  if (!pkey) return refused("the key cannot be read");
  if (auto checked = suits(pkey.get(), algorithm); !checked) return checked.error();
  jws_key out;
  out.algorithm_ = algorithm;
  out.kid_ = std::move(kid);
  out.pkey_ = std::move(pkey);
  out.private_part_ = private_part;
  return out;
}

result<jws_key> jws_key::from_jwk(const value& jwk, std::optional<jws_algorithm> fallback) {
  if (jwk.if_object() == nullptr) return refused("a JWK is an object");
  auto algorithm = fallback ? fallback : usual_algorithm(jwk);
  if (const auto* named = jwk.find("alg")) algorithm = parse_algorithm(named->as_string());
  if (!algorithm) return refused("the JWK is of an unknown algorithm or kind");
  std::string kid;
  if (const auto* named = jwk.find("kid")) kid = named->as_string();
  const auto kind = jwk.find("kty") == nullptr ? std::string_view() : jwk.find("kty")->as_string();
  if (kind == "oct") {
    auto secret = octets(jwk, "k");
    if (!secret) return secret.error();
    return from_secret(*algorithm, std::move(*secret), std::move(kid));
  }
  auto key = kind == "RSA"   ? rsa_key(jwk)
             : kind == "EC"  ? ec_key(jwk)
             : kind == "OKP" ? okp_key(jwk)
                             : result<key_handle>(refused("the JWK is of an unknown kind"));
  if (!key) return key.error();
  return from_pkey(*algorithm, std::move(*key), false, std::move(kid));
}

bool key_set::has_kid(std::string_view kid) const noexcept {
  return std::any_of(keys.begin(), keys.end(), [kid](const jws_key& key) { return key.kid() == kid; });
}

result<key_set> parse_jwk_set(std::string_view json, const std::vector<jws_algorithm>& allowed) {
  const auto document = json::parse(json, {.depth_max = 8, .values_max = 10000});
  if (!document) return document.error();
  const auto* listed = document->find("keys");
  if (listed == nullptr || listed->if_array() == nullptr) return refused("a JWK set has a list of keys");
  if (listed->if_array()->size() > jwk_keys_max) return error{errc::over_limit, "the JWK set has too many keys", {}};
  key_set out;
  for (const auto& jwk : *listed->if_array()) {
    if (!for_signatures(jwk)) continue;
    auto key = jws_key::from_jwk(jwk);
    if (!key) continue;  // RFC 7517 §5: what is not understood is left out
    const bool wanted = allowed.empty() ? algorithm_row(key->algorithm()).family != jws_family::hmac
                                        : std::find(allowed.begin(), allowed.end(), key->algorithm()) != allowed.end();
    if (wanted) out.keys.push_back(std::move(*key));
  }
  return out;
}

}  // namespace fanfare::domain
