#include "history/memory_log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fanfare::history {

namespace {

std::size_t content_bytes(const entry& item) {
  auto bytes = item.id.size() + item.type.size() + item.json.size();
  // A room's name is held by the entry; its listing is one place in the room's index.
  for (const auto& room : item.rooms) bytes += sizeof(std::string) + room.size() + sizeof(std::uint64_t);
  return bytes;
}

bool valid_epoch(const std::string& epoch) {
  return !epoch.empty() && epoch.size() <= 32 && std::all_of(epoch.begin(), epoch.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace

memory_log::memory_log(std::string epoch, memory_log_options options) : epoch_(std::move(epoch)), options_(options) {
  if (!valid_epoch(epoch_)) throw std::invalid_argument("the epoch of a log is 1 to 32 letters and digits");
}

void memory_log::observe(observer work) {
  const std::lock_guard in_order(order_);
  observer_ = std::move(work);
}

void memory_log::append(std::vector<entry> batch, std::vector<answer>, appended done) {
  result<std::vector<std::uint64_t>> outcome = errc::internal;
  {
    const std::lock_guard in_order(order_);
    outcome = store(batch);
    if (outcome && observer_) {
      for (const auto& item : batch) observer_(item);
    }
  }
  // Outside the lock: whoever is told may append again.
  if (done) done(std::move(outcome));
}

result<std::vector<std::uint64_t>> memory_log::store(std::vector<entry>& batch) {
  const std::lock_guard guard(data_);
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const auto& item : batch) {
    if (!item.kept) continue;
    bytes += sizeof(record) + content_bytes(item);
    ++count;
  }
  // Storing what the bounds drop at once would promise a replay that can never be.
  if (bytes > options_.bytes_max || count > options_.entries_max) {
    return error{errc::over_limit, "the batch is larger than the whole history", {}};
  }
  std::vector<std::uint64_t> positions;
  positions.reserve(batch.size());
  for (auto& item : batch) {
    item.position = first_ + records_.size() - (item.kept ? 0 : 1);
    positions.push_back(item.position);
    if (item.kept) store(item);
  }
  if (!batch.empty()) trim_locked(batch.back().time_ms);
  return positions;
}

void memory_log::store(const entry& item) {
  auto& stored = records_.emplace_back(record{item, 0, 0});
  stored.item.envelope = nullptr;
  stored.item.conflate_key.clear();
  stored.bytes = content_bytes(item);
  usage_.bytes += sizeof(record) + stored.bytes;
  ++usage_.entries;
  for (const auto& room : item.rooms) {
    auto [place, fresh] = rooms_.try_emplace(room);
    auto& index = place->second;
    // What an emptied, forgotten index once knew is covered by the log's own bound.
    if (fresh) index.trimmed_to = trimmed_to_;
    if (!index.positions.empty() && index.positions.back() == item.position) continue;  // named twice
    index.positions.push_back(item.position);
    ++stored.indexed;
  }
  for (const auto& room : item.rooms) {
    auto& index = rooms_.at(room);
    while (index.positions.size() > std::max<std::size_t>(options_.room_entries_max, 1)) drop_oldest_of(index);
  }
}

void memory_log::drop_oldest_of(room_index& index) {
  index.trimmed_to = index.positions.front();
  index.positions.pop_front();
  auto& gone = records_[index.trimmed_to - first_];
  if (--gone.indexed == 0) forget(gone);
}

void memory_log::forget(record& gone) {
  usage_.bytes -= gone.bytes;
  --usage_.entries;
  ++usage_.trimmed;
  const auto time_ms = gone.item.time_ms;
  gone = record{};
  gone.item.time_ms = time_ms;  // its place in line keeps its time
}

void memory_log::drop_oldest() {
  auto& gone = records_.front();
  if (gone.indexed != 0) {
    trimmed_to_ = first_;
    for (const auto& room : gone.item.rooms) {
      const auto place = rooms_.find(room);
      if (place == rooms_.end() || place->second.positions.empty()) continue;
      auto& index = place->second;
      if (index.positions.front() != first_) continue;  // the room's own bound dropped it before
      index.positions.pop_front();
      index.trimmed_to = first_;
      if (index.positions.empty()) rooms_.erase(place);
    }
    forget(gone);
  }
  records_.pop_front();
  usage_.bytes -= sizeof(record);
  ++first_;
}

void memory_log::trim_locked(std::int64_t now_ms) {
  const auto age_max_ms = options_.age_max.count();
  while (!records_.empty()) {
    const auto& oldest = records_.front();
    const bool aged = age_max_ms > 0 && oldest.item.time_ms < now_ms - age_max_ms;
    const bool hollow = oldest.indexed == 0;
    if (!hollow && !aged && usage_.bytes <= options_.bytes_max && records_.size() <= options_.entries_max) break;
    drop_oldest();
  }
  usage_.rooms = rooms_.size();
}

void memory_log::trim(std::int64_t now_ms) {
  const std::lock_guard guard(data_);
  trim_locked(now_ms);
}

void memory_log::read(range wanted, page_ready done) const { done(look_up(wanted)); }

// The newest position appended before that time, taking times to rise with positions; 0 when all of it may be gone.
std::uint64_t memory_log::position_before(std::int64_t time_ms) const {
  const auto later = std::partition_point(records_.begin(), records_.end(),
                                          [time_ms](const record& each) { return each.item.time_ms < time_ms; });
  return first_ + static_cast<std::uint64_t>(later - records_.begin()) - 1;
}

page memory_log::look_up(const range& asked) const {
  const std::lock_guard guard(data_);
  page out;
  auto wanted = asked;
  if (wanted.since_ms != 0) {
    const auto before = position_before(wanted.since_ms);
    // With nothing left from before that time, what came after it may be gone as well.
    if (before < first_ && trimmed_to_ != 0) out.complete = false;
    wanted.after = std::max(wanted.after, before);
  }
  std::vector<std::uint64_t> positions;
  // One more than the bound from each room is enough to know whether the merged page is cut short.
  const auto limit = std::max<std::size_t>(wanted.entries_max, 1);
  const auto add = [&positions, limit](auto from, auto to) {
    for (std::size_t taken = 0; from != to && taken <= limit; ++from, ++taken) positions.push_back(*from);
  };
  for (const auto& room : wanted.rooms) {
    const auto place = rooms_.find(room);
    if (wanted.after < (place == rooms_.end() ? trimmed_to_ : place->second.trimmed_to)) out.complete = false;
    if (place == rooms_.end()) continue;
    const auto& listed = place->second.positions;
    const auto begin = std::upper_bound(listed.begin(), listed.end(), wanted.after);
    const auto end = std::upper_bound(begin, listed.end(), wanted.up_to);
    if (wanted.newest_first)
      add(std::make_reverse_iterator(end), std::make_reverse_iterator(begin));
    else
      add(begin, end);
  }
  std::sort(positions.begin(), positions.end());
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  if (wanted.newest_first) std::reverse(positions.begin(), positions.end());
  std::size_t bytes = 0;
  for (const auto position : positions) {
    const auto& item = records_[position - first_].item;
    bytes += item.json.size();
    out.more = out.entries.size() == limit || (!out.entries.empty() && bytes > wanted.bytes_max);
    if (out.more) break;
    out.entries.push_back(item);
  }
  return out;
}

std::uint64_t memory_log::head() const {
  const std::lock_guard guard(data_);
  return first_ + records_.size() - 1;
}

std::uint64_t memory_log::oldest() const {
  const std::lock_guard guard(data_);
  return records_.empty() ? 0 : first_;
}

log::usage memory_log::used() const {
  const std::lock_guard guard(data_);
  return usage_;
}

}  // namespace fanfare::history
