#pragma once

// Floor 7. Who is asking: tokens, with the keys of the configuration and of a key set URL, and service keys.
// Inbound: gateway, route_table. Outbound: domain/jwt, domain/jwks_cache; floor 8 does the fetching.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/http/message.hpp>

#include "domain/access/jwks_cache.hpp"
#include "domain/access/jwt.hpp"
#include "domain/access/principal.hpp"
#include "domain/access/revocations.hpp"

namespace fanfare::api {

/// What a request proved itself with.
struct credential {
  bool service_key = false;                // may do everything
  std::optional<domain::principal> token;  // else this
  std::string name;                        // "key:<8 hex digits>" or "sub:<sub>": for limits and the log
  [[nodiscard]] bool has_scope(std::string_view scope) const {
    return service_key || (token && token->has_scope(scope));
  }
};

struct authenticator_options {
  domain::jwt_options rules;
  domain::claim_names names;
  std::optional<domain::jwks_options> jwks;
  /// Fetches the key set's text with a deadline; `done` once, from any thread. Needed with `jwks`.
  std::function<void(std::function<void(result<std::string>)> done)> fetch_jwks;
  /// How each fetch ended: as fetch_jwks failed, or bad_request for a set that cannot be used. From its thread.
  std::function<void(const result<void>&)> jwks_fetched = [](const result<void>&) {};
  std::size_t waiting_max = 1000;  // tokens that wait for a fetch; past it unavailable
  std::size_t revocations_max = 100000;
  const world* around = &real_world();
};

/// Thread: any.
class authenticator {
 public:
  explicit authenticator(authenticator_options options);
  ~authenticator();  // answers that still wait for a fetch are dropped

  /// The configured keys, now and after a reload.
  void set_keys(domain::key_set keys);
  void set_service_keys(const std::vector<std::string>& keys);

  /// `done` runs once: at once, or from the fetch's thread when the token's key has to be fetched first.
  /// Fails: token_missing, token_invalid (also when revoked), token_expired, unavailable.
  using authenticated = std::function<void(result<domain::principal>)>;
  void authenticate(std::string token, authenticated done);

  /// `X-API-Key`, or `Authorization: Bearer` with a service key or a token. Fails: as authenticate(), and
  /// unauthorized for a service key that is none.
  void identify(const http::request& request, std::function<void(result<credential>)> done);

  [[nodiscard]] domain::revocations& revoked() noexcept { return revoked_; }
  [[nodiscard]] domain::system_time now() const { return options_.around->now(); }

 private:
  struct waiting {
    std::string token;
    authenticated done;
  };
  struct state;
  [[nodiscard]] domain::key_set_ptr keys() const;
  [[nodiscard]] result<domain::principal> check(std::string_view token) const;
  [[nodiscard]] std::optional<std::string> service_key_name(std::string_view given) const;
  void fetch();
  void fetched(result<std::string> body);

  const authenticator_options options_;
  domain::revocations revoked_;
  std::optional<domain::jwks_cache> jwks_;
  std::shared_ptr<state> state_;  // outlives this for a fetch that comes back late
  mutable std::mutex mutex_;      // guards all below
  domain::key_set configured_;
  domain::key_set_ptr effective_ = std::make_shared<const domain::key_set>();
  std::vector<std::string> service_digests_;
  std::vector<waiting> waiting_;
  bool fetching_ = false;
};

/// What follows "Bearer " where a credential begins so; else all of it.
[[nodiscard]] std::string_view without_scheme(std::string_view credential) noexcept;
/// The token of an `Authorization: Bearer` field (RFC 6750 §2.1), "" without one.
[[nodiscard]] std::string_view bearer_token(const http::fields& headers) noexcept;

}  // namespace fanfare::api
