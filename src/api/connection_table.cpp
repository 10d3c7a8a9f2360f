#include "api/connection_table.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::api {

namespace {

void on_their_workers(const std::vector<std::weak_ptr<socketio::socket>>& sockets, void (*work)(socketio::socket&)) {
  for (const auto& weak : sockets) {
    const auto socket = weak.lock();
    if (!socket) continue;
    socket->worker().post([weak, work] {
      if (const auto still = weak.lock()) work(*still);
    });
  }
}

bool matches(const connection_row& row, const connection_query& asked) {
  if (asked.user && row.user != *asked.user) return false;
  const auto has = [&asked](const std::string& text) { return text.find(asked.search) != std::string::npos; };
  return has(row.user) || has(row.id) || has(row.address);
}

bool reached(std::size_t count, std::size_t limit) { return limit != 0 && count >= limit; }

std::size_t count_of(const std::unordered_map<std::string, std::size_t>& counts, std::string_view name) {
  const auto found = counts.find(std::string(name));
  return found == counts.end() ? 0 : found->second;
}

void uncount_one(std::unordered_map<std::string, std::size_t>& counts, const std::string& name) {
  if (const auto found = counts.find(name); --found->second == 0) counts.erase(found);
}

}  // namespace

std::optional<connection_table::key> connection_table::add(connection_row row, std::weak_ptr<socketio::socket> socket,
                                                           const connection_limits& limits) {
  const auto elsewhere = others_ != nullptr ? others_->of_user(row.user) : 0;
  const std::lock_guard lock(mutex_);
  if (reached(entries_.size(), limits.total) || reached(count_of(users_, row.user) + elsewhere, limits.per_user) ||
      reached(count_of(addresses_, row.address), limits.per_address)) {
    return std::nullopt;
  }
  ++users_[row.user];
  ++addresses_[row.address];
  row.rooms.clear();
  entries_.emplace(++last_, entry{std::move(row), std::move(socket)});
  return last_;
}

bool connection_table::uncount(const std::string& room, const std::string& user) {
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return false;
  auto& members = found->second;
  --members.connections;
  const bool last = --members.users[user] == 0;
  if (last) members.users.erase(user);
  if (members.users.empty()) rooms_.erase(found);
  return last;
}

void connection_table::remove(key which) {
  std::string user;
  std::vector<std::pair<std::string, bool>> left;  // and whether the user is gone from it
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(which);
    if (found == entries_.end()) return;
    const auto& row = found->second.row;
    user = row.user;
    for (const auto& room : row.rooms) {
      left.emplace_back(room, uncount(room, user));
    }
    uncount_one(users_, row.user);
    uncount_one(addresses_, row.address);
    entries_.erase(found);
  }
  for (const auto& [room, last] : left) changed(room, user, last, false);
}

/// After a change of the user's number of connections in the room, which made it one or none when `first_or_last`.
void connection_table::changed(const std::string& room, const std::string& user, bool first_or_last, bool joined) {
  if (others_ != nullptr) others_->touch(room, user);
  if (!first_or_last || !watcher_ || (others_ != nullptr && others_->has(room, user))) return;
  watcher_(room, user, joined);
}

void connection_table::join_fleet(domain::fleet_members& others) {
  others_ = &others;
  const auto here = [this](const std::string& room, const std::string& user) -> std::size_t {
    const std::lock_guard lock(mutex_);
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) return 0;
    const auto place = found->second.users.find(user);
    return place == found->second.users.end() ? 0 : place->second;
  };
  others.attach({here, [this, here](const std::string& room, const std::string& user, bool joined) {
                   if (watcher_ && here(room, user) == 0) watcher_(room, user, joined);
                 }});
}

void connection_table::set_token(key which, std::shared_ptr<const domain::principal> who) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(which); found != entries_.end()) found->second.row.who = std::move(who);
}

bool connection_table::enter(key which, const std::string& room, std::size_t members_max) {
  std::string user;
  bool first = false;
  const auto elsewhere = others_ != nullptr && members_max != 0 ? others_->connections(room) : 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(which);
    if (found == entries_.end()) return true;
    auto& row = found->second.row;
    if (std::ranges::find(row.rooms, room) != row.rooms.end()) return true;
    auto& members = rooms_[room];
    if (reached(members.connections + elsewhere, members_max)) return false;
    row.rooms.push_back(room);
    ++members.connections;
    first = ++members.users[row.user] == 1;
    user = row.user;
  }
  changed(room, user, first, true);
  return true;
}

void connection_table::leave(key which, const std::string& room) {
  std::string user;
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(which);
    if (found == entries_.end() || std::erase(found->second.row.rooms, room) == 0) return;
    user = found->second.row.user;
    last = uncount(room, user);
  }
  changed(room, user, last, false);
}

std::size_t connection_table::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t connection_table::of_user_here(std::string_view user) const {
  const std::lock_guard lock(mutex_);
  return count_of(users_, user);
}

std::size_t connection_table::of_user(std::string_view user) const {
  return of_user_here(user) + of_user_elsewhere(user);
}

std::size_t connection_table::of_address(std::string_view address) const {
  const std::lock_guard lock(mutex_);
  return count_of(addresses_, address);
}

std::map<std::string, std::size_t> connection_table::members(std::string_view room) const {
  auto all = others_ != nullptr ? others_->members(room) : std::map<std::string, std::size_t>{};
  const std::lock_guard lock(mutex_);
  const auto found = rooms_.find(room);
  if (found == rooms_.end()) return all;
  for (const auto& [user, connections] : found->second.users) all[user] += connections;
  return all;
}

std::vector<std::pair<std::string, std::size_t>> connection_table::rooms() const {
  auto all = others_ != nullptr ? others_->rooms() : std::map<std::string, std::size_t>{};
  const std::lock_guard lock(mutex_);
  for (const auto& [room, members] : rooms_) all[room] += members.connections;
  return {all.begin(), all.end()};
}

std::size_t connection_table::room_count() const {
  if (others_ != nullptr) return rooms().size();
  const std::lock_guard lock(mutex_);
  return rooms_.size();
}

connection_table::part connection_table::list(const connection_query& asked, std::size_t offset,
                                              std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  part out;
  const auto look = [&](const connection_row& row) {
    if (!matches(row, asked)) return;
    if (out.total++ >= offset && out.rows.size() < limit) out.rows.push_back(row);
  };
  if (asked.newest_first) {
    for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) look(at->second.row);
  } else {
    for (const auto& [which, item] : entries_) look(item.row);
  }
  return out;
}

std::vector<std::pair<connection_table::key, std::weak_ptr<socketio::socket>>> connection_table::sockets(
    const connection_query& asked) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<key, std::weak_ptr<socketio::socket>>> out;
  for (const auto& [which, item] : entries_) {
    if (matches(item.row, asked)) out.emplace_back(which, item.socket);
  }
  return out;
}

std::optional<connection_row> connection_table::row(key which) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(which);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.row);
}

std::optional<std::pair<connection_row, std::weak_ptr<socketio::socket>>> connection_table::find(
    std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(entries_, [id](const auto& each) { return each.second.row.id == id; });
  if (found == entries_.end()) return std::nullopt;
  return std::pair{found->second.row, found->second.socket};
}

std::size_t connection_table::disconnect(std::string_view user, std::string_view jti) {
  std::vector<std::weak_ptr<socketio::socket>> chosen;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [which, item] : entries_) {
      const auto& token = item.row.who;
      const bool matches =
          (!user.empty() && item.row.user == user) || (!jti.empty() && token != nullptr && token->jti == jti);
      if (matches) chosen.push_back(item.socket);
    }
  }
  on_their_workers(chosen, [](socketio::socket& each) { each.disconnect(true); });
  return chosen.size();
}

void connection_table::end_transports() {
  std::vector<std::weak_ptr<socketio::socket>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [which, item] : entries_) all.push_back(item.socket);
  }
  on_their_workers(all, [](socketio::socket& each) { each.close_transport(); });
}

}  // namespace fanfare::api
