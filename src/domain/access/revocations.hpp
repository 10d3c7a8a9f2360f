#pragma once

// Tokens that no longer count, by jti or by user, until they would have expired anyway.

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <fanfare/base/error.hpp>

#include "domain/access/principal.hpp"

namespace fanfare::domain {

/// Thread: any.
class revocations {
 public:
  explicit revocations(std::size_t entries_max = 100000) : entries_max_(entries_max) {}

  /// Refuses this token until `expires`. Fails: over_limit when full of entries that still count.
  result<void> revoke_token(std::string jti, system_time now, system_time expires);
  /// Refuses the user's tokens issued up to `now` (iat has whole seconds, so the second of `now` counts as before; a
  /// token without iat is refused as well) until `expires`. Fails: over_limit.
  result<void> revoke_user(std::string sub, system_time now, system_time expires);
  /// What of it must outlive a restart, for revoke_…() and restore(): "j" + jti or "u" + sub, and the two times.
  struct record {
    std::string key;
    system_time before, expires;
  };
  [[nodiscard]] std::optional<record> find(const std::string& key) const;
  void restore(const record& kept, system_time now);
  [[nodiscard]] bool revoked(const principal& who, system_time now) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct entry {
    system_time before;  // tokens issued up to here are refused
    system_time expires;
  };
  result<void> put(std::string key, entry item, system_time now);
  mutable std::mutex mutex_;
  const std::size_t entries_max_;
  std::unordered_map<std::string, entry> entries_;  // "j" + jti, "u" + sub
};

}  // namespace fanfare::domain
