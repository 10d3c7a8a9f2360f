#include "socketio/rooms/room_directory.hpp"

#include <algorithm>

namespace fanfare::socketio {

void room_directory::join(std::string_view room, unsigned worker) {
  auto& shard = shard_of(room);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.rooms.find(room);
  const bool is_new = found == shard.rooms.end();
  if (is_new) found = shard.rooms.emplace(std::string(room), 0).first;
  auto& counts = found->second;
  const auto mine = std::find_if(counts.begin(), counts.end(), [worker](const auto& c) { return c.first == worker; });
  if (mine != counts.end()) {
    ++mine->second;
  } else {
    counts.emplace_back(worker, 1);
  }
  if (is_new && watcher_) watcher_(found->first, true);
}

void room_directory::leave(std::string_view room, unsigned worker) {
  auto& shard = shard_of(room);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.rooms.find(room);
  if (found == shard.rooms.end()) return;
  auto& counts = found->second;
  const auto mine = std::find_if(counts.begin(), counts.end(), [worker](const auto& c) { return c.first == worker; });
  if (mine == counts.end()) return;
  if (--mine->second == 0) counts.erase(mine);
  if (!counts.empty()) return;
  if (watcher_) watcher_(found->first, false);
  shard.rooms.erase(found);
}

void room_directory::choose(std::string_view room, std::vector<char>& chosen) const {
  const auto& shard = shard_of(room);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.rooms.find(room);
  if (found == shard.rooms.end()) return;
  for (const auto& [worker, count] : found->second) chosen.at(worker) = 1;
}

std::size_t room_directory::size(std::string_view room) const {
  const auto& shard = shard_of(room);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.rooms.find(room);
  std::size_t sum = 0;
  if (found == shard.rooms.end()) return sum;
  for (const auto& [worker, count] : found->second) sum += count;
  return sum;
}

std::vector<std::pair<std::string, std::size_t>> room_directory::list() const {
  std::vector<std::pair<std::string, std::size_t>> all;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [room, counts] : shard.rooms) {
      std::size_t sum = 0;
      for (const auto& [worker, count] : counts) sum += count;
      all.emplace_back(room, sum);
    }
  }
  return all;
}

}  // namespace fanfare::socketio
