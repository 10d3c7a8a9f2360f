#include "domain/access/jwks_cache.hpp"

namespace fanfare::domain {

bool jwks_cache::want_fetch(steady_time now) {
  const std::lock_guard guard(mutex_);
  if (in_flight_) return false;
  const bool due = !any_success_ || now - succeeded_ >= options_.refresh;
  if (!due || (last_failed_ && now - attempted_ < options_.cooldown)) return false;
  begin(now);
  return true;
}

bool jwks_cache::want_fetch_for(std::string_view kid, steady_time now) {
  const std::lock_guard guard(mutex_);
  if (in_flight_ || keys_->has_kid(kid)) return false;
  // Anybody can send tokens with invented kids: they must not make us hammer the endpoint.
  if (any_attempt_ && now - attempted_ < options_.cooldown) return false;
  begin(now);
  return true;
}

void jwks_cache::begin(steady_time now) {
  in_flight_ = true;
  any_attempt_ = true;
  attempted_ = now;
}

result<void> jwks_cache::fetched(std::string_view body, steady_time now) {
  auto set = parse_jwk_set(body, options_.allowed);
  const std::lock_guard guard(mutex_);
  in_flight_ = false;
  last_failed_ = true;
  if (!set) return set.error();
  if (set->keys.empty()) return error{errc::bad_request, "the JWK set holds no key that can be used", {}};
  keys_ = std::make_shared<const key_set>(std::move(*set));
  last_failed_ = false;
  any_success_ = true;
  succeeded_ = now;
  return {};
}

void jwks_cache::failed(steady_time now) {
  const std::lock_guard guard(mutex_);
  attempted_ = now;  // a fetch may take as long as the cooldown: that counts from its end
  in_flight_ = false;
  last_failed_ = true;
}

key_set_ptr jwks_cache::keys() const {
  const std::lock_guard guard(mutex_);
  return keys_;
}

}  // namespace fanfare::domain
