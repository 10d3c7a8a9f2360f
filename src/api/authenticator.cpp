#include "api/authenticator.hpp"

#include <algorithm>
#include <utility>

#include <fanfare/base/digest.hpp>

namespace fanfare::api {

// A fetch may come back when the authenticator is gone: it then finds no owner here. Recursive, because an answer
// that ends one wait may ask for the next fetch, which may fail at once.
struct authenticator::state {
  std::recursive_mutex mutex;
  authenticator* owner = nullptr;
};

authenticator::authenticator(authenticator_options options)
    : options_(std::move(options)), revoked_(options_.revocations_max), state_(std::make_shared<state>()) {
  state_->owner = this;
  if (options_.jwks) jwks_.emplace(*options_.jwks);
}

authenticator::~authenticator() {
  const std::lock_guard lock(state_->mutex);
  state_->owner = nullptr;
}

void authenticator::set_keys(domain::key_set keys) {
  const std::lock_guard lock(mutex_);
  configured_ = std::move(keys);
  auto all = std::make_shared<domain::key_set>(configured_);
  if (jwks_) {
    const auto fetched = jwks_->keys();
    all->keys.insert(all->keys.end(), fetched->keys.begin(), fetched->keys.end());
  }
  effective_ = std::move(all);
}

void authenticator::set_service_keys(const std::vector<std::string>& keys) {
  std::vector<std::string> digests;
  for (const auto& key : keys) digests.push_back(sha256(key));
  const std::lock_guard lock(mutex_);
  service_digests_ = std::move(digests);
}

domain::key_set_ptr authenticator::keys() const {
  const std::lock_guard lock(mutex_);
  return effective_;
}

result<domain::principal> authenticator::check(std::string_view token) const {
  auto who = domain::authenticate(token, *keys(), options_.rules, options_.names, options_.around->now());
  if (who && revoked_.revoked(*who, options_.around->now())) return error{errc::token_invalid, "revoked", {}};
  return who;
}

void authenticator::authenticate(std::string token, authenticated done) {
  auto who = check(token);
  if (!jwks_) return done(std::move(who));
  bool wait = false;
  bool start = jwks_->want_fetch(options_.around->steady_now());
  if (!who && who.error().code == errc::token_invalid) {
    // Only a key that is not there yet is worth waiting for.
    const auto kid = domain::unverified_kid(token);
    const bool missing = kid ? !keys()->has_kid(*kid) : keys()->keys.empty();
    if (missing && !start) start = jwks_->want_fetch_for(kid.value_or(""), options_.around->steady_now());
    const std::lock_guard lock(mutex_);
    wait = missing && (start || fetching_);
    if (wait && waiting_.size() >= options_.waiting_max) {
      wait = false;
      who = error{errc::unavailable, "too many tokens wait for the key set", {}};
    } else if (wait) {
      waiting_.push_back({std::move(token), done});
    }
    if (start) fetching_ = true;
  } else if (start) {
    const std::lock_guard lock(mutex_);
    fetching_ = true;
  }
  if (start) fetch();
  if (!wait) done(std::move(who));
}

void authenticator::fetch() {
  options_.fetch_jwks([state = state_](result<std::string> body) {
    const std::lock_guard lock(state->mutex);
    if (state->owner != nullptr) state->owner->fetched(std::move(body));
  });
}

void authenticator::fetched(result<std::string> body) {
  const auto now = options_.around->steady_now();
  // A set that cannot be used changes nothing: the old keys stay, and so do the refusals.
  result<void> outcome;
  if (body) {
    outcome = jwks_->fetched(*body, now);
  } else {
    jwks_->failed(now);
    outcome = body.error();
  }
  options_.jwks_fetched(outcome);
  domain::key_set configured;
  std::vector<waiting> ready;
  {
    const std::lock_guard lock(mutex_);
    configured = configured_;
    ready.swap(waiting_);
    fetching_ = false;
  }
  set_keys(std::move(configured));
  for (auto& item : ready) item.done(check(item.token));
}

std::optional<std::string> authenticator::service_key_name(std::string_view given) const {
  if (given.empty()) return std::nullopt;
  const auto digest = sha256(given);
  const std::lock_guard lock(mutex_);
  bool matched = false;
  // All are compared, whatever matches, so that the time says nothing about which.
  for (const auto& known : service_digests_) matched |= constant_time_equal(known, digest);
  if (!matched) return std::nullopt;
  return "key:" + hex(std::string_view(digest).substr(0, 4));
}

void authenticator::identify(const http::request& request, std::function<void(result<credential>)> done) {
  if (const auto key = request.headers.get("x-api-key")) {
    auto name = service_key_name(*key);
    if (!name) return done(errc::unauthorized);
    return done(credential{true, std::nullopt, std::move(*name)});
  }
  const auto bearer = bearer_token(request.headers);
  if (bearer.empty()) return done(errc::token_missing);
  if (auto name = service_key_name(bearer)) return done(credential{true, std::nullopt, std::move(*name)});
  authenticate(std::string(bearer), [done = std::move(done)](result<domain::principal> who) {
    if (!who) return done(who.error());
    auto name = "sub:" + who->sub;
    done(credential{false, std::move(*who), std::move(name)});
  });
}

std::string_view without_scheme(std::string_view credential) noexcept {
  constexpr std::string_view scheme = "bearer ";
  if (credential.size() < scheme.size()) return credential;
  const bool named = std::equal(scheme.begin(), scheme.end(), credential.begin(), [](char expected, char given) {
    return expected == (given >= 'A' && given <= 'Z' ? static_cast<char>(given + 32) : given);
  });
  if (!named) return credential;
  credential.remove_prefix(scheme.size());
  while (credential.starts_with(' ')) credential.remove_prefix(1);
  return credential;
}

std::string_view bearer_token(const http::fields& headers) noexcept {
  const auto field = headers.get("authorization").value_or("");
  const auto token = without_scheme(field);
  return token.size() == field.size() ? std::string_view() : token;
}

}  // namespace fanfare::api
