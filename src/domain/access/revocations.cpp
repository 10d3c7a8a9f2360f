#include "domain/access/revocations.hpp"

#include <algorithm>

namespace fanfare::domain {

result<void> revocations::put(std::string key, entry item, system_time now) {
  const std::lock_guard guard(mutex_);
  if (const auto place = entries_.find(key); place != entries_.end()) {
    place->second.before = std::max(place->second.before, item.before);
    place->second.expires = std::max(place->second.expires, item.expires);
    return {};
  }
  if (entries_.size() >= entries_max_) {
    std::erase_if(entries_, [now](const auto& each) { return each.second.expires <= now; });
  }
  // Dropping one that counts would let a revoked token in again.
  if (entries_.size() >= entries_max_) return error{errc::over_limit, "too many revocations are in force", {}};
  entries_.emplace(std::move(key), item);
  return {};
}

result<void> revocations::revoke_token(std::string jti, system_time now, system_time expires) {
  return put("j" + std::move(jti), {now, expires}, now);
}

result<void> revocations::revoke_user(std::string sub, system_time now, system_time expires) {
  return put("u" + std::move(sub), {now, expires}, now);
}

std::optional<revocations::record> revocations::find(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  const auto place = entries_.find(key);
  if (place == entries_.end()) return std::nullopt;
  return record{key, place->second.before, place->second.expires};
}

void revocations::restore(const record& kept, system_time now) {
  if (kept.expires > now) static_cast<void>(put(kept.key, {kept.before, kept.expires}, now));
}

bool revocations::revoked(const principal& who, system_time now) const {
  const std::lock_guard guard(mutex_);
  if (!who.jti.empty()) {
    const auto place = entries_.find("j" + who.jti);
    if (place != entries_.end() && now < place->second.expires) return true;
  }
  const auto place = entries_.find("u" + who.sub);
  if (place == entries_.end() || now >= place->second.expires) return false;
  return !who.issued_at || *who.issued_at <= place->second.before;
}

std::size_t revocations::size() const {
  const std::lock_guard guard(mutex_);
  return entries_.size();
}

}  // namespace fanfare::domain
