#include "socketio/rooms/worker_rooms.hpp"

#include <algorithm>

namespace fanfare::socketio {

worker_rooms::member& worker_rooms::add(std::shared_ptr<socket_impl> socket) {
  auto entry = std::make_unique<member>();
  entry->socket = std::move(socket);
  entry->index = members_.size();
  members_.push_back(std::move(entry));
  return *members_.back();
}

void worker_rooms::remove(member& gone) {
  while (!gone.rooms.empty()) {
    const auto [in, index] = gone.rooms.back();
    gone.rooms.pop_back();
    vacate(*in, index);
  }
  const auto index = gone.index;
  auto entry = std::move(members_[index]);
  if (index + 1 != members_.size()) {
    members_[index] = std::move(members_.back());
    members_[index]->index = index;
  }
  members_.pop_back();
  entry->socket.reset();
  if (visiting_ != 0) departed_.push_back(std::move(entry));
}

void worker_rooms::join(member& who, const std::string& name, std::uint64_t after) {
  for (const auto& [in, index] : who.rooms) {
    if (in->name == name) {
      auto& seat = in->seats[index];
      seat.after = std::max(seat.after, after);
      return;
    }
  }
  auto [found, is_new] = rooms_.try_emplace(name);
  room& in = found->second;
  if (is_new) in.name = name;
  who.rooms.emplace_back(&in, in.seats.size());
  in.seats.push_back({&who, after});
  directory_.join(name, worker_);
}

void worker_rooms::leave(member& who, std::string_view name) {
  const auto found =
      std::find_if(who.rooms.begin(), who.rooms.end(), [name](const auto& entry) { return entry.first->name == name; });
  if (found == who.rooms.end()) return;
  const auto [in, index] = *found;
  who.rooms.erase(found);  // Node lists rooms in the order they were joined
  vacate(*in, index);
}

void worker_rooms::vacate(room& in, std::size_t index) {
  directory_.leave(in.name, worker_);
  const std::size_t last = in.seats.size() - 1;
  if (index != last) {
    in.seats[index] = in.seats[last];
    for (auto& [moved_in, moved_index] : in.seats[index].who->rooms) {
      if (moved_in == &in) moved_index = index;
    }
  }
  in.seats.pop_back();
  if (in.seats.empty()) rooms_.erase(rooms_.find(in.name));
}

std::vector<worker_rooms::member*> worker_rooms::choose(const broadcast_options& options) {
  ++visit_;
  for (const auto& name : options.except) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    for (const auto& seat : found->second.seats) seat.who->excluded = visit_;
  }
  std::vector<member*> targets;
  const auto take = [&](member* who) {
    if (who->excluded == visit_ || who->chosen == visit_) return;
    who->chosen = visit_;
    targets.push_back(who);
  };
  if (options.rooms.empty()) {
    targets.reserve(members_.size());
    for (const auto& who : members_) take(who.get());
    return targets;
  }
  for (const auto& name : options.rooms) {
    const auto found = rooms_.find(name);
    if (found == rooms_.end()) continue;
    targets.reserve(targets.size() + found->second.seats.size());
    for (const auto& seat : found->second.seats) {
      // In this room it has had the event by replay; another targeted room may still bring it.
      if (options.sequence != 0 && seat.after >= options.sequence) continue;
      take(seat.who);
    }
  }
  return targets;
}

void worker_rooms::clear() {
  while (!members_.empty()) {
    // What the socket holds may come back here: it goes after its entry.
    const auto keep = members_.back()->socket;
    remove(*members_.back());
  }
}

}  // namespace fanfare::socketio
