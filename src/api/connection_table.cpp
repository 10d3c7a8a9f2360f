#include "api/connection_table.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::api {

std::optional<connection_table::key> connection_table::add(connection_row row, std::weak_ptr<socketio::socket> socket,
                                                           std::size_t total_max, std::size_t per_user_max) {
  const std::lock_guard lock(mutex_);
  auto& of_user = users_[row.user];
  if (entries_.size() >= total_max || of_user >= per_user_max) {
    if (of_user == 0) users_.erase(row.user);
    return std::nullopt;
  }
  ++of_user;
  row.rooms.clear();
  entries_.emplace(++last_, entry{std::move(row), std::move(socket)});
  return last_;
}

void connection_table::uncount(const std::string& room, const std::string& user) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return;
  if (--found->second[user] == 0) found->second.erase(user);
  if (found->second.empty()) rooms_.erase(found);
}

void connection_table::remove(key which) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(which);
  if (found == entries_.end()) return;
  const auto& row = found->second.row;
  for (const auto& room : row.rooms) uncount(room, row.user);
  if (const auto user = users_.find(row.user); --user->second == 0) users_.erase(user);
  entries_.erase(found);
}

void connection_table::set_jti(key which, std::string jti) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(which); found != entries_.end()) found->second.row.jti = std::move(jti);
}

void connection_table::enter(key which, const std::string& room) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(which);
  if (found == entries_.end()) return;
  auto& row = found->second.row;
  if (std::ranges::find(row.rooms, room) != row.rooms.end()) return;
  row.rooms.push_back(room);
  ++rooms_[room][row.user];
}

void connection_table::leave(key which, const std::string& room) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(which);
  if (found == entries_.end()) return;
  if (std::erase(found->second.row.rooms, room) != 0) uncount(room, found->second.row.user);
}

std::size_t connection_table::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t connection_table::of_user(std::string_view user) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(std::string(user));
  return found == users_.end() ? 0 : found->second;
}

std::map<std::string, std::size_t> connection_table::members(std::string_view room) const {
  const std::lock_guard lock(mutex_);
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? std::map<std::string, std::size_t>{} : found->second;
}

std::vector<std::pair<std::string, std::size_t>> connection_table::rooms() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::size_t>> all;
  for (const auto& [room, users] : rooms_) {
    std::size_t connections = 0;
    for (const auto& [user, count] : users) connections += count;
    all.emplace_back(room, connections);
  }
  return all;
}

std::vector<connection_row> connection_table::list(const std::optional<std::string>& user, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<connection_row> rows;
  for (const auto& [which, item] : entries_) {
    if (rows.size() == limit) break;
    if (!user || item.row.user == *user) rows.push_back(item.row);
  }
  return rows;
}

std::size_t connection_table::disconnect(std::string_view user, std::string_view jti) {
  std::vector<std::weak_ptr<socketio::socket>> chosen;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [which, item] : entries_) {
      const bool matches = (!user.empty() && item.row.user == user) || (!jti.empty() && item.row.jti == jti);
      if (matches) chosen.push_back(item.socket);
    }
  }
  for (const auto& weak : chosen) {
    if (const auto socket = weak.lock()) {
      socket->worker().post([weak] {
        if (const auto still = weak.lock()) still->disconnect(true);
      });
    }
  }
  return chosen.size();
}

}  // namespace fanfare::api
