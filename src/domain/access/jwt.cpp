#include "domain/access/jwt.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fanfare/base/base64.hpp>
#include <fanfare/base/json.hpp>

namespace fanfare::domain {

namespace {

constexpr std::size_t token_bytes_limit = 65536;  // for callers without options
constexpr json::parse_options token_json{.depth_max = 16, .values_max = 5000};
constexpr double numeric_date_max = 253402300799.0;  // the end of year 9999

error invalid(std::string detail) { return {errc::token_invalid, std::move(detail), {}}; }

/// Members spelled in a text known to be JSON: colons outside strings.
std::size_t members_in(std::string_view text) {
  std::size_t count = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      quoted = !quoted;
    else if (quoted && text[i] == '\\')
      ++i;
    else if (!quoted && text[i] == ':')
      ++count;
  }
  return count;
}

std::size_t members_in(const value& item) {
  std::size_t count = 0;
  if (const auto* members = item.if_object()) {
    count += members->size();
    for (const auto& each : *members) count += members_in(each.item);
  }
  if (const auto* items = item.if_array()) {
    for (const auto& each : *items) count += members_in(each);
  }
  return count;
}

/// A JSON object in which no name stands twice: two parsers must not read two tokens (RFC 7515 §4, RFC 7519 §4).
result<value> parse_object(std::string_view text, const char* what) {
  auto parsed = json::parse(text, token_json);
  if (!parsed || parsed->if_object() == nullptr) return invalid(std::string(what) + " is no JSON object");
  if (members_in(text) != members_in(*parsed)) return invalid(std::string(what) + " has a name twice");
  return parsed;
}

struct parts {
  std::string_view header, payload, signature, signing_input;
};

result<parts> split(std::string_view token) {
  if (token.empty()) return errc::token_missing;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return invalid("not three parts");
  }
  return parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

struct jose_header {
  jws_algorithm algorithm;
  std::string kid;
};

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

result<jose_header> parse_header(std::string_view encoded) {
  const auto text = base64url_decode(encoded);
  if (!text) return invalid("the header is not base64url");
  const auto header = parse_object(*text, "the header");
  if (!header) return header.error();
  const auto* named = header->find("alg");
  const auto algorithm = named == nullptr ? std::nullopt : parse_algorithm(named->as_string());
  if (!algorithm) return invalid("the algorithm is not one of ours");
  // RFC 7515 §4.1.11: what must be understood and is not; we understand no extension.
  if (header->find("crit") != nullptr) return invalid("critical header parameters are not supported");
  if (const auto* type = header->find("typ")) {
    // RFC 8725 §3.11: a token of another purpose (logout+jwt, …) is no access token.
    if (!equal_without_case(type->as_string(), "JWT") && !equal_without_case(type->as_string(), "at+jwt")) {
      return invalid("a token of another type");
    }
  }
  const auto* kid = header->find("kid");
  if (kid != nullptr && kid->if_string() == nullptr) return invalid("kid is no string");
  return jose_header{*algorithm, kid == nullptr ? std::string() : *kid->if_string()};
}

result<std::optional<double>> numeric_date(const value& claims, const char* name) {
  const auto* item = claims.find(name);
  if (item == nullptr) return std::optional<double>();
  const double seconds = item->as_double(-1);
  if (!item->is_number() || !std::isfinite(seconds) || seconds < 0 || seconds > numeric_date_max) {
    return invalid(std::string(name) + " is no time");
  }
  return std::optional<double>(seconds);
}

bool is_for(const value* audience, const std::string& us) {
  if (audience == nullptr) return false;
  if (audience->if_string() != nullptr) return *audience->if_string() == us;
  const auto* list = audience->if_array();
  return list != nullptr && std::any_of(list->begin(), list->end(), [&us](const value& each) {
           return each.if_string() != nullptr && *each.if_string() == us;
         });
}

/// RFC 7519 §4.1.
result<void> check_claims(const value& claims, const jwt_options& options, system_time now) {
  const double now_s = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto leeway_s =
      static_cast<double>(std::clamp(options.leeway, std::chrono::seconds(0), std::chrono::seconds(60)).count());
  const auto expires = numeric_date(claims, "exp");
  const auto not_before = numeric_date(claims, "nbf");
  const auto issued = numeric_date(claims, "iat");
  for (const auto* each : {&expires, &not_before, &issued}) {
    if (!*each) return each->error();
  }
  if (!options.issuer.empty()) {
    const auto* issuer = claims.find("iss");
    if (issuer == nullptr || issuer->if_string() == nullptr || *issuer->if_string() != options.issuer) {
      return invalid("another issuer");
    }
  }
  if (!options.audience.empty() && !is_for(claims.find("aud"), options.audience)) return invalid("another audience");
  const auto* subject = claims.find("sub");
  if (subject == nullptr || subject->as_string().empty()) return invalid("sub is missing");
  const auto* id = claims.find("jti");
  if (id != nullptr && id->if_string() == nullptr) return invalid("jti is no string");
  if (*not_before && **not_before > now_s + leeway_s) return invalid("not valid yet");
  if (*issued && **issued > now_s + leeway_s) return invalid("issued in the future");
  if (!*expires) return options.expiry_required ? result<void>(invalid("exp is missing")) : result<void>();
  if (**expires <= now_s - leeway_s) return error{errc::token_expired, "expired", {}};
  return {};
}

result<value> verify_claims(std::string_view token, const key_set& keys, const jwt_options& options, system_time now) {
  if (token.size() > options.token_bytes_max) return invalid("the token is too large");
  const auto payload = verify_jws(token, keys);
  if (!payload) return payload.error();
  auto claims = parse_object(*payload, "the payload");
  if (!claims) return claims.error();
  if (auto checked = check_claims(*claims, options, now); !checked) return checked.error();
  return claims;
}

}  // namespace

result<std::string> verify_jws(std::string_view token, const key_set& keys) {
  if (token.size() > token_bytes_limit) return invalid("the token is too large");
  const auto cut = split(token);
  if (!cut) return cut.error();
  const auto header = parse_header(cut->header);
  if (!header) return header.error();
  const auto signature = base64url_decode(cut->signature);
  if (!signature || signature->empty()) return invalid("the signature is not base64url");
  for (const auto& key : keys.keys) {
    if (key.algorithm() != header->algorithm) continue;
    // A key configured without a name serves for any; kid chooses among those that have one.
    if (!header->kid.empty() && !key.kid().empty() && key.kid() != header->kid) continue;
    if (!key.verify(cut->signing_input, *signature)) continue;
    auto payload = base64url_decode(cut->payload);
    if (!payload) return invalid("the payload is not base64url");
    return payload;
  }
  return invalid("no configured key verifies it");
}

result<value> verify_jwt(std::string_view token, const key_set& keys, const jwt_options& options, system_time now) {
  return verify_claims(token, keys, options, now);
}

std::optional<std::string> unverified_kid(std::string_view token) {
  if (token.size() > token_bytes_limit) return std::nullopt;
  const auto cut = split(token);
  if (!cut) return std::nullopt;
  const auto header = parse_header(cut->header);
  if (!header || header->kid.empty()) return std::nullopt;
  return header->kid;
}

result<std::string> sign_jwt(const value& claims, const jws_key& key) {
  object header{{"alg", to_text(key.algorithm())}, {"typ", "JWT"}};
  if (!key.kid().empty()) header.set("kid", key.kid());
  auto token = base64url_encode(json::write(header)) + "." + base64url_encode(json::write(claims));
  const auto signature = key.sign(token);
  if (!signature) return signature.error();
  return token + "." + base64url_encode(*signature);
}

result<principal> authenticate(std::string_view token, const key_set& keys, const jwt_options& options,
                               const claim_names& names, system_time now) {
  const auto claims = verify_jwt(token, keys, options, now);
  if (!claims) return claims.error();
  return principal_of(*claims, names);
}

}  // namespace fanfare::domain
