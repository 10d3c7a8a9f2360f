// Tokens from strangers. An input is taken as a token, and as a header, a line break and claims that are signed here:
// the one gets in only when its MAC is right, the other only when its header and its claims are, and never once
// changed.
#include <chrono>
#include <string>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>

#include "domain/access/jwt.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace fanfare;
using fuzz::require;

constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
constexpr std::string_view public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMrsqo9613ZpyAwo9xhnH7tD3Ydr6\n"
    "p5usWa91+5UWIH+s9ld5M3UHyYDACoMfEk9oM0SvNNbgcJxZl/xmMOA1EQ==\n"
    "-----END PUBLIC KEY-----\n";
const domain::system_time now{std::chrono::seconds(1'700'000'000)};

const domain::key_set& keys() {
  static const domain::key_set set{
      {domain::jws_key::from_secret(domain::jws_algorithm::hs256, std::string(secret), "a").value(),
       domain::jws_key::from_pem(domain::jws_algorithm::es256, public_key, "b").value()}};
  return set;
}

bool mac_is_right(std::string_view token) {
  const auto dot = token.rfind('.');
  return dot != token.npos && base64url_encode(hmac_sha256(secret, token.substr(0, dot))) == token.substr(dot + 1);
}

void check_claims(const value& claims, const domain::jwt_options& options) {
  require(claims.if_object() != nullptr, "claims are an object");
  const auto* expiry = claims.find("exp");
  require(expiry != nullptr && expiry->is_number(), "a token that gets in expires");
  const double leeway = static_cast<double>(options.leeway.count());
  require(expiry->as_double() + leeway >= 1'700'000'000, "a token that gets in has not expired");
  if (const auto* begin = claims.find("nbf")) {
    require(begin->is_number() && begin->as_double() - leeway <= 1'700'000'000, "and has begun");
  }
  require(claims.find("iss") != nullptr && claims.find("iss")->as_string() == options.issuer, "and is from the issuer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto text = fuzz::as_text(data, size);
  domain::jwt_options options;
  options.issuer = "me";
  (void)domain::unverified_kid(text);
  if (const auto payload = domain::verify_jws(text, keys())) require(mac_is_right(text), "only a right MAC gets in");
  if (const auto claims = domain::verify_jwt(text, keys(), options, now)) {
    require(mac_is_right(text), "only a right MAC gets in");
    check_claims(*claims, options);
  }

  const auto header = fuzz::take_until(text, '\n');
  std::string token = base64url_encode(header) + "." + base64url_encode(text);
  token += "." + base64url_encode(hmac_sha256(secret, token));
  const auto claims = domain::verify_jwt(token, keys(), options, now);
  if (!claims) {
    const auto code = claims.error().code;
    require(code == errc::token_invalid || code == errc::token_expired, "a refusal is a token's");
    return 0;
  }
  const auto head = json::parse(header);
  require(head.has_value() && head->find("alg") != nullptr && head->find("alg")->as_string() == "HS256",
          "the key's algorithm");
  require(head->find("crit") == nullptr, "no extension is understood");
  check_claims(*claims, options);
  (void)domain::authenticate(token, keys(), options, {}, now);
  fuzz::dice random(token);
  auto& changed = token[random.below(token.size())];
  changed = changed == 'A' ? 'B' : 'A';
  require(!domain::verify_jwt(token, keys(), options, now), "a changed token does not get in");
  return 0;
}
