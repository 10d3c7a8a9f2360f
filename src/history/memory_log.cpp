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

template <class Record>
bool is_firm(const Record& each) {
  return each.item.expires_ms == never;
}
template <class Record>
bool is_loose(const Record& each) {
  return !is_firm(each);
}
template <class Record>
bool ages(const Record& each) {
  return each.item.expires_ms == 0;
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
  result<placed> outcome = errc::internal;
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

result<placed> memory_log::store(std::vector<entry>& batch) {
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
    item.position = item.kept ? ++head_ : head_;
    positions.push_back(item.position);
    if (item.kept) store(item);
  }
  if (!batch.empty()) trim_locked(batch.back().time_ms);
  return placed{std::move(positions), {}};
}

void memory_log::begin_after(std::uint64_t position) {
  const std::lock_guard guard(data_);
  records_.clear();
  expiring_.clear();
  newest_.clear();
  rooms_.clear();
  hollow_ = firm_entries_ = firm_bytes_ = 0;
  aging_from_ = loose_from_ = firm_from_ = 0;
  usage_ = {};
  head_ = trimmed_to_ = position;
}

void memory_log::admit(const entry& item) {
  const std::lock_guard guard(data_);
  head_ = item.position;
  store(item);
  trim_locked(item.time_ms);
}

void memory_log::store(const entry& item) {
  auto& stored = records_.emplace_back(record{item, 0, 0});
  stored.item.envelope = nullptr;
  if (!item.only_newest) stored.item.conflate_key.clear();
  stored.bytes = sizeof(record) + content_bytes(item);
  usage_.bytes += stored.bytes;
  ++usage_.entries;
  if (is_firm(stored)) {
    ++firm_entries_;
    firm_bytes_ += stored.bytes;
  } else if (item.expires_ms != 0) {
    expiring_.emplace(item.expires_ms, item.position);
  }
  for (const auto& room : item.rooms) {
    auto [place, fresh] = rooms_.try_emplace(room);
    auto& index = place->second;
    // What an emptied, forgotten index once knew is covered by the log's own bound.
    if (fresh) index.trimmed_to = trimmed_to_;
    if (!index.positions.empty() && index.positions.back() == item.position) continue;  // named twice
    index.positions.push_back(item.position);
    if (is_loose(stored)) ++index.loose;
    ++stored.indexed;
  }
  if (item.only_newest && !item.conflate_key.empty()) supersede(item);
  for (const auto& room : item.rooms) {
    while (rooms_.at(room).loose > std::max<std::size_t>(options_.room_entries_max, 1)) drop_oldest_of(room);
  }
}

void memory_log::supersede(const entry& by) {
  const auto same = newest_[by.conflate_key];
  for (const auto position : same) {
    auto& old = at(position);
    for (const auto& room : by.rooms) unlist(old, room, gap::none);
    if (old.indexed == 0) forget(old);
  }
  newest_[by.conflate_key].push_back(by.position);
}

const memory_log::record& memory_log::at(std::uint64_t position) const {
  return *std::ranges::lower_bound(records_, position, {}, [](const record& each) { return each.item.position; });
}

memory_log::record& memory_log::at(std::uint64_t position) {
  return const_cast<record&>(std::as_const(*this).at(position));
}

/// The oldest with content that is wanted; moves `from` to it, so that what lies before is looked at once.
memory_log::record* memory_log::next(std::uint64_t& from, is_one wanted) {
  auto place = std::ranges::lower_bound(records_, from, {}, [](const record& each) { return each.item.position; });
  while (place != records_.end() && (place->indexed == 0 || !wanted(*place))) ++place;
  from = place == records_.end() ? head_ + 1 : place->item.position;
  return place == records_.end() ? nullptr : &*place;
}

void memory_log::unlist(record& from, const std::string& room, gap left) {
  const auto place = rooms_.find(room);
  if (place == rooms_.end()) return;
  auto& index = place->second;
  const auto listed = std::ranges::lower_bound(index.positions, from.item.position);
  if (listed == index.positions.end() || *listed != from.item.position) return;
  index.positions.erase(listed);
  if (is_loose(from)) --index.loose;
  --from.indexed;
  if (left == gap::told) index.trimmed_to = std::max(index.trimmed_to, from.item.position);
  if (!index.positions.empty()) return;
  trimmed_to_ = std::max(trimmed_to_, index.trimmed_to);
  rooms_.erase(place);
}

void memory_log::drop_oldest_of(const std::string& room) {
  auto& index = rooms_.at(room);
  auto place = std::ranges::lower_bound(index.positions, index.loose_from);
  while (is_firm(at(*place))) ++place;
  index.loose_from = *place;
  auto& gone = at(*place);
  unlist(gone, room, gap::told);
  if (gone.indexed != 0) return;
  ++usage_.trimmed;
  forget(gone);
}

void memory_log::drop(record& gone) {
  trimmed_to_ = std::max(trimmed_to_, gone.item.position);
  const auto rooms = std::move(gone.item.rooms);
  for (const auto& room : rooms) unlist(gone, room, gap::told);
  ++usage_.trimmed;
  forget(gone);
}

/// Frees the content; its place in line keeps position and time.
void memory_log::forget(record& gone) {
  usage_.bytes -= gone.bytes;
  --usage_.entries;
  if (is_firm(gone)) {
    --firm_entries_;
    firm_bytes_ -= gone.bytes;
  }
  expiring_.erase({gone.item.expires_ms, gone.item.position});
  if (const auto same = newest_.find(gone.item.conflate_key); same != newest_.end()) {
    std::erase(same->second, gone.item.position);
    if (same->second.empty()) newest_.erase(same);
  }
  const auto position = gone.item.position;
  const auto time_ms = gone.item.time_ms;
  gone = record{};
  gone.item.position = position;
  gone.item.time_ms = time_ms;
  ++hollow_;
}

/// Places in line that are empty go when they are the oldest, or most of all.
void memory_log::tidy() {
  const auto is_hollow = [](const record& each) { return each.indexed == 0; };
  for (; !records_.empty() && is_hollow(records_.front()); --hollow_) records_.pop_front();
  if (hollow_ < 64 || hollow_ * 2 < records_.size()) return;
  std::erase_if(records_, is_hollow);
  hollow_ = 0;
}

bool memory_log::too_much_is_firm() const {
  return firm_bytes_ > options_.bytes_max / 2 || firm_entries_ > options_.entries_max / 2;
}

void memory_log::trim_locked(std::int64_t now_ms) {
  while (!expiring_.empty() && expiring_.begin()->first <= now_ms) drop(at(expiring_.begin()->second));
  const auto age_max_ms = options_.age_max.count();
  while (age_max_ms > 0) {
    auto* oldest = next(aging_from_, ages<record>);
    if (oldest == nullptr || oldest->item.time_ms >= now_ms - age_max_ms) break;
    drop(*oldest);
  }
  while (usage_.bytes > options_.bytes_max || usage_.entries > options_.entries_max) {
    auto* oldest = too_much_is_firm() ? next(firm_from_, is_firm<record>) : next(loose_from_, is_loose<record>);
    if (oldest == nullptr) break;
    drop(*oldest);
  }
  tidy();
  usage_.rooms = rooms_.size();
}

void memory_log::trim(std::int64_t now_ms) {
  const std::lock_guard guard(data_);
  trim_locked(now_ms);
}

void memory_log::read(range wanted, page_ready done) const { done(look_up(wanted)); }

// The newest position left that was appended before that time, taking times to rise with positions; 0 when none is.
std::uint64_t memory_log::position_before(std::int64_t time_ms) const {
  const auto later = std::partition_point(records_.begin(), records_.end(),
                                          [time_ms](const record& each) { return each.item.time_ms < time_ms; });
  return later == records_.begin() ? 0 : std::prev(later)->item.position;
}

page memory_log::look_up(const range& asked) const {
  const std::lock_guard guard(data_);
  page out;
  auto wanted = asked;
  if (wanted.since_ms != 0) {
    const auto before = position_before(wanted.since_ms);
    // With nothing left from before that time, what came after it may be gone as well.
    if (before == 0 && trimmed_to_ != 0) out.complete = false;
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
    const auto& item = at(position).item;
    bytes += item.json.size();
    out.more = out.entries.size() == limit || (!out.entries.empty() && bytes > wanted.bytes_max);
    if (out.more) break;
    out.entries.push_back(item);
  }
  return out;
}

std::uint64_t memory_log::head() const {
  const std::lock_guard guard(data_);
  return head_;
}

std::uint64_t memory_log::oldest() const {
  const std::lock_guard guard(data_);
  return records_.empty() ? 0 : records_.front().item.position;
}

log::usage memory_log::used() const {
  const std::lock_guard guard(data_);
  return usage_;
}

}  // namespace fanfare::history
