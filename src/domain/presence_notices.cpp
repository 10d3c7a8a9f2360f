#include "domain/presence_notices.hpp"

namespace fanfare::domain {

bool presence_notices::note(const std::string& room, const std::string& user, bool joined) {
  const std::lock_guard guard(mutex_);
  const auto [place, first] = rooms_.try_emplace(room);
  auto& gathered = place->second;
  if (gathered.users.size() >= users_max_ && !gathered.users.contains(user))
    gathered.truncated = true;
  else
    gathered.users[user] += joined ? 1 : -1;
  return first;
}

std::optional<presence_change> presence_notices::take(const std::string& room) {
  const std::lock_guard guard(mutex_);
  const auto place = rooms_.find(room);
  if (place == rooms_.end()) return std::nullopt;
  presence_change out;
  out.truncated = place->second.truncated;
  for (const auto& [user, balance] : place->second.users) {
    if (balance > 0) out.joined.push_back(user);
    if (balance < 0) out.left.push_back(user);
  }
  rooms_.erase(place);
  if (out.joined.empty() && out.left.empty() && !out.truncated) return std::nullopt;
  return out;
}

}  // namespace fanfare::domain
