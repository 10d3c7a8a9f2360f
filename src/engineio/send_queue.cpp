#include "engineio/send_queue.hpp"

#include <utility>

namespace fanfare::engineio {

std::size_t send_queue::push(const std::vector<outbound>& group, bool compress, std::string_view conflate_key) {
  if (group.empty()) return 0;
  const std::size_t conflated = conflate(conflate_key);
  bool first = true;
  for (const auto& packet : group) {
    append(packet, compress, first ? conflate_key : std::string_view{},
           first ? static_cast<std::uint32_t>(group.size()) : 0, false);
    first = false;
  }
  return conflated;
}

std::size_t send_queue::push(outbound packet, bool compress, std::string_view conflate_key, bool pause_after) {
  const std::size_t conflated = conflate(conflate_key);
  append(std::move(packet), compress, conflate_key, 1, pause_after);
  return conflated;
}

void send_queue::append(outbound packet, bool compress, std::string_view key, std::uint32_t group, bool pause_after) {
  bytes_ += packet->message().size();
  ++live_;
  if (!key.empty()) keyed_.insert_or_assign(std::string(key), front_number_ + entries_.size());
  entries_.push_back({std::move(packet), std::string(key), group, compress, pause_after});
}

std::size_t send_queue::conflate(std::string_view key) {
  if (key.empty() || keyed_.empty()) return 0;
  const auto found = keyed_.find(std::string(key));
  if (found == keyed_.end()) return 0;
  const auto first = static_cast<std::size_t>(found->second - front_number_);
  const std::size_t count = entries_[first].group;
  for (std::size_t i = first; i < first + count; ++i) {
    bytes_ -= entries_[i].packet->message().size();
    entries_[i] = {};
  }
  live_ -= count;
  keyed_.erase(found);
  // A reader that never comes back must not let the holes pile up.
  if (entries_.size() - head_ > 2 * live_ + 32) compact();
  return count;
}

void send_queue::compact() {
  std::vector<entry> kept;
  kept.reserve(live_);
  const std::uint64_t next_number = front_number_ + entries_.size();
  for (std::size_t i = head_; i < entries_.size(); ++i) {
    if (entries_[i].packet == nullptr) continue;
    if (!entries_[i].key.empty()) keyed_[entries_[i].key] = next_number + kept.size();
    kept.push_back(std::move(entries_[i]));
  }
  entries_ = std::move(kept);
  head_ = 0;
  front_number_ = next_number;
}

void send_queue::skip_holes() noexcept {
  while (head_ < entries_.size() && entries_[head_].packet == nullptr) ++head_;
}

send_queue::batch send_queue::take(std::size_t bytes_max, std::size_t packets_max, cost_of cost, bool uniform) {
  batch taken;
  std::size_t bytes = 0;
  for (skip_holes(); head_ < entries_.size() && taken.packets.size() < packets_max; skip_holes()) {
    entry& next = entries_[head_];
    bytes += cost(*next.packet);
    if (taken.pause_after && !next.pause_after) break;
    if (!taken.packets.empty() && (bytes > bytes_max || (uniform && next.compress != taken.compress))) break;
    // From here on the group is on its way, whole or in part: nothing may replace what is left of it.
    if (!next.key.empty()) keyed_.erase(next.key);
    taken.compress = taken.compress || next.compress;
    bytes_ -= next.packet->message().size();
    --live_;
    taken.packets.push_back(std::move(next.packet));
    taken.pause_after = uniform && next.pause_after;
    ++head_;
  }
  if (live_ == 0) {
    clear();
  } else if (head_ > 64 && head_ > live_) {
    compact();
  }
  return taken;
}

void send_queue::clear() noexcept {
  front_number_ += entries_.size();
  // An idle session keeps no memory for what it once sent.
  std::vector<entry>().swap(entries_);
  keyed_ = {};
  head_ = live_ = bytes_ = 0;
}

}  // namespace fanfare::engineio
