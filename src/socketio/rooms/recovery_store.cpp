#include "socketio/rooms/recovery_store.hpp"

#include <algorithm>
#include <charconv>

namespace fanfare::socketio {

recovery_store::reservation recovery_store::reserve() {
  const std::lock_guard lock(mutex_);
  const auto position = ++reserved_;
  return {position, epoch_ + "." + std::to_string(position)};
}

void recovery_store::append(std::uint64_t position, const frames& packet, const broadcast_options& options,
                            std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  kept entry{packet, options.rooms, options.except, now_ms, 128};
  for (const auto& frame : packet) entry.bytes += frame->message().size();
  if (packets_.empty()) first_ = position;
  bytes_ += entry.bytes;
  packets_.push_back(std::move(entry));
  expire(now_ms);
}

/// Keeps the newest packet whatever its age and size, as Node does: its offset says that nothing was missed.
void recovery_store::expire(std::int64_t now_ms) {
  const auto oldest = now_ms - options_.disconnection_max.count();
  while (packets_.size() > 1 && (bytes_ > options_.bytes_max || packets_.front().sent_ms < oldest)) {
    bytes_ -= packets_.front().bytes;
    packets_.pop_front();
    ++first_;
  }
  while (!sessions_order_.empty() && sessions_order_.front().second < oldest) {
    const auto& [pid, lost_ms] = sessions_order_.front();
    const auto found = sessions_.find(pid);
    if (found != sessions_.end() && found->second.lost_ms == lost_ms) sessions_.erase(found);
    sessions_order_.pop_front();
  }
}

bool recovery_store::persist(session lost) {
  const std::lock_guard lock(mutex_);
  expire(lost.lost_ms);
  bool dropped = false;
  // Taken sessions leave their place in the order behind, so the order is what bounds.
  while (sessions_order_.size() >= std::max<std::size_t>(options_.sessions_max, 1)) {
    const auto& [pid, lost_ms] = sessions_order_.front();
    const auto found = sessions_.find(pid);
    if (found != sessions_.end() && found->second.lost_ms == lost_ms) {
      sessions_.erase(found);
      dropped = true;
    }
    sessions_order_.pop_front();
  }
  sessions_order_.emplace_back(lost.pid, lost.lost_ms);
  auto pid = lost.pid;
  sessions_.insert_or_assign(std::move(pid), std::move(lost));
  return dropped;
}

std::optional<recovery_store::session> recovery_store::take(const std::string& pid, const std::string& offset,
                                                            std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(pid);
  if (found == sessions_.end()) return std::nullopt;
  if (found->second.lost_ms + options_.disconnection_max.count() < now_ms) {
    sessions_.erase(found);
    return std::nullopt;
  }
  const auto position = position_of(offset);
  if (!position || *position < first_ || *position >= first_ + packets_.size()) return std::nullopt;
  session lost = std::move(found->second);
  sessions_.erase(found);
  lost.seen = *position;
  return lost;
}

std::optional<recovery_store::missed> recovery_store::missed_by(const session& lost) const {
  const std::lock_guard lock(mutex_);
  if (lost.seen + 1 < first_) return std::nullopt;
  const auto has_any = [&lost](const std::vector<std::string>& rooms) {
    return std::any_of(lost.rooms.begin(), lost.rooms.end(), [&rooms](const std::string& room) {
      return std::find(rooms.begin(), rooms.end(), room) != rooms.end();
    });
  };
  missed found;
  found.last = lost.seen;
  for (auto position = lost.seen + 1; position < first_ + packets_.size(); ++position) {
    const kept& entry = packets_[position - first_];
    found.last = position;
    if ((entry.rooms.empty() || has_any(entry.rooms)) && !has_any(entry.except)) found.packets.push_back(entry.packet);
  }
  return found;
}

std::optional<std::uint64_t> recovery_store::position_of(const std::string& offset) const {
  if (offset.size() <= epoch_.size() + 1 || offset.compare(0, epoch_.size() + 1, epoch_ + ".") != 0)
    return std::nullopt;
  std::uint64_t position = 0;
  const char* end = offset.data() + offset.size();
  const auto [stop, failure] = std::from_chars(offset.data() + epoch_.size() + 1, end, position);
  if (failure != std::errc{} || stop != end) return std::nullopt;
  return position;
}

}  // namespace fanfare::socketio
