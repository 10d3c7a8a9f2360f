#include "domain/filter_rooms.hpp"

#include <unordered_map>

namespace fanfare::domain {

result<std::string> filter_rooms::acquire(const std::string& room, const filter_ptr& only) {
  auto& filters = rooms_[room];
  const auto place = filters.find(only->hash());
  if (place == filters.end()) {
    if (size_ >= filters_max_) {
      if (filters.empty()) rooms_.erase(room);
      return error{errc::over_limit, "too many different filters are in use", {}};
    }
    filters.emplace(only->hash(), shared_filter{only, 1});
    ++size_;
  } else {
    ++place->second.users;
  }
  return room + filter_mark + only->hash();
}

void filter_rooms::release(std::string_view internal_room) {
  const auto mark = internal_room.find(filter_mark);
  if (mark == std::string_view::npos) return;
  const auto room = rooms_.find(internal_room.substr(0, mark));
  if (room == rooms_.end()) return;
  const auto place = room->second.find(internal_room.substr(mark + 1));
  if (place == room->second.end() || --place->second.users != 0) return;
  room->second.erase(place);
  --size_;
  if (room->second.empty()) rooms_.erase(room);
}

std::size_t filter_rooms::add_matching(std::vector<std::string>& rooms, const value& envelope) const {
  std::unordered_map<std::string_view, bool> verdicts;  // by hash: rooms of one event may have a filter in common
  const auto named = rooms.size();
  for (std::size_t i = 0; i < named; ++i) {
    const auto place = rooms_.find(rooms[i]);
    if (place == rooms_.end()) continue;
    for (const auto& [hash, shared] : place->second) {
      const auto [verdict, fresh] = verdicts.try_emplace(hash, false);
      if (fresh) verdict->second = shared.only->matches(envelope);
      if (verdict->second) rooms.push_back(place->first + filter_mark + hash);
    }
  }
  return verdicts.size();
}

}  // namespace fanfare::domain
