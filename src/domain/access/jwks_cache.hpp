#pragma once

// When to fetch a JWK set and what to keep of it. Sans-I/O: the owner fetches, with a deadline, and reports.

#include <chrono>
#include <mutex>
#include <string_view>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "domain/access/key_set.hpp"

namespace fanfare::domain {

struct jwks_options {
  std::chrono::seconds refresh{300};   // a set older than this is fetched again
  std::chrono::seconds cooldown{30};   // least time between fetches that unknown kids or failures ask for
  std::vector<jws_algorithm> allowed;  // see parse_jwk_set
};

/// One fetch in flight at most; the old keys serve while the endpoint fails. Thread: any.
class jwks_cache {
 public:
  explicit jwks_cache(jwks_options options = {}) : options_(std::move(options)) {}

  /// Whether the caller should start a fetch now, for age or because nothing has been fetched yet; true at most once
  /// until fetched() or failed().
  [[nodiscard]] bool want_fetch(steady_time now);
  /// The same for a token whose kid is in no key.
  [[nodiscard]] bool want_fetch_for(std::string_view kid, steady_time now);
  /// Takes a body in. Fails, keeping the old keys: bad_request when it is no JWK set or holds no usable key.
  result<void> fetched(std::string_view body, steady_time now);
  void failed(steady_time now);
  /// Never null; empty before the first fetch.
  [[nodiscard]] key_set_ptr keys() const;

 private:
  void begin(steady_time now);
  const jwks_options options_;
  mutable std::mutex mutex_;
  key_set_ptr keys_ = std::make_shared<const key_set>();
  steady_time attempted_{}, succeeded_{};
  bool any_attempt_ = false, any_success_ = false, in_flight_ = false, last_failed_ = false;
};

}  // namespace fanfare::domain
