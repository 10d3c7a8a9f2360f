#include "history/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::history {

namespace {

constexpr std::size_t entry_overhead_bytes = 128;  // rows and indices, about

std::size_t bytes_of(const entry& item) {
  return item.json.size() + item.id.size() + item.type.size() + entry_overhead_bytes;
}

std::string rooms_text(const std::vector<std::string>& rooms) { return json::write(array(rooms.begin(), rooms.end())); }

}  // namespace

// 9223372036854775807 is `never`.
struct sqlite_store::statements {
  explicit statements(sqlite_database& file)
      : insert(file.prepare("INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?)")),
        list(file.prepare("INSERT OR IGNORE INTO listing VALUES(?,?)")),
        new_room(file.prepare("INSERT INTO room(name, trimmed_to) VALUES(?,?)")),
        oldest_listed(file.prepare("SELECT listing.position FROM listing JOIN entry ON entry.position=listing.position "
                                   "WHERE room=? AND listing.position>=? AND ifnull(expires_ms,0)<9223372036854775807 "
                                   "ORDER BY listing.position LIMIT 1")),
        unlist(file.prepare("DELETE FROM listing WHERE room=? AND position=?")),
        listed(file.prepare("SELECT EXISTS(SELECT 1 FROM listing WHERE position=?)")),
        rooms_of(file.prepare("SELECT name FROM listing JOIN room ON room.number=listing.room WHERE position=?")),
        trim_room(file.prepare("UPDATE room SET trimmed_to=max(trimmed_to,?) WHERE number=?")),
        forget_room(file.prepare("DELETE FROM room WHERE number=? RETURNING trimmed_to")),
        same_key(file.prepare(
            "SELECT position FROM entry WHERE only_newest=1 AND conflate_key=? AND position<? ORDER BY position")),
        expired(file.prepare("SELECT position, expires_ms FROM entry WHERE expires_ms IS NOT NULL "
                             "ORDER BY expires_ms, position LIMIT 1")),
        aging(file.prepare("SELECT position, time_ms FROM entry WHERE position>=? AND expires_ms IS NULL "
                           "ORDER BY position LIMIT 1")),
        loose(file.prepare("SELECT position FROM entry WHERE position>=? "
                           "AND ifnull(expires_ms,0)<9223372036854775807 ORDER BY position LIMIT 1")),
        firm(file.prepare("SELECT position FROM entry WHERE expires_ms=9223372036854775807 ORDER BY position LIMIT 1")),
        oldest(file.prepare("SELECT position FROM entry ORDER BY position LIMIT 1")),
        content(file.prepare("SELECT length(json)+length(CAST(id AS BLOB))+length(CAST(type AS BLOB)), "
                             "ifnull(expires_ms,0) FROM entry WHERE position=?")),
        remove(file.prepare("DELETE FROM entry WHERE position=?")),
        version(file.prepare("PRAGMA data_version")),
        set_meta(file.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)")) {}
  sqlite_statement insert, list, new_room, oldest_listed, unlist, listed, rooms_of, trim_room, forget_room, same_key,
      expired, aging, loose, firm, oldest, content, remove, version, set_meta;
};

sqlite_store::sqlite_store(const std::string& path, sqlite_sync sync, std::string fresh_epoch,
                           memory_log_options bounds, answer_bounds answers)
    : file_(path, sqlite_database::access::write),
      bounds_(bounds),
      epoch_(prepare_file(file_, sync, fresh_epoch)),
      sql_(new statements(file_), [](statements* made) { delete made; }),
      facts_(file_, answers) {
  count();
}

void sqlite_store::count() {
  seen_version_ = file_.number("PRAGMA data_version");
  auto all = file_.prepare(
      "SELECT count(*), ifnull(sum(length(json)+length(CAST(id AS BLOB))+length(CAST(type AS BLOB))),0), "
      "ifnull(min(position),0), ifnull(max(position),0) FROM entry");
  all.step();
  used_.entries = static_cast<std::size_t>(all.integer(0));
  used_.bytes = static_cast<std::size_t>(all.integer(1)) + used_.entries * entry_overhead_bytes;
  oldest_ = static_cast<std::uint64_t>(all.integer(2));
  // Positions never come again, also when what had the highest has been trimmed or deleted.
  const auto gone = file_.number("SELECT ifnull(max(content),0) FROM meta WHERE name IN('trimmed_to','head')");
  head_ = static_cast<std::uint64_t>(std::max(all.integer(3), gone));
  trimmed_to_ = static_cast<std::uint64_t>(file_.number("SELECT content FROM meta WHERE name='trimmed_to'"));
  noted_trimmed_to_ = trimmed_to_;
  auto firm = file_.prepare(
      "SELECT count(*), ifnull(sum(length(json)+length(CAST(id AS BLOB))+length(CAST(type AS BLOB))),0) FROM entry "
      "WHERE expires_ms=9223372036854775807");
  firm.step();
  firm_entries_ = static_cast<std::size_t>(firm.integer(0));
  firm_bytes_ = static_cast<std::size_t>(firm.integer(1)) + firm_entries_ * entry_overhead_bytes;
  next_expiry_ms_ = 0;
  count_rooms();
  facts_.count();
}

void sqlite_store::count_rooms() {
  rooms_.clear();
  auto rooms = file_.prepare(
      "SELECT name, number, (SELECT count(*) FROM listing WHERE listing.room=room.number), ifnull(firm,0) FROM room "
      "LEFT JOIN (SELECT room, count(*) AS firm FROM entry JOIN listing ON listing.position=entry.position "
      "WHERE expires_ms=9223372036854775807 GROUP BY room) AS kept ON kept.room=room.number");
  while (rooms.step()) {
    const auto listed = static_cast<std::size_t>(rooms.integer(2));
    rooms_[std::string(rooms.text(0))] = {rooms.integer(1), listed,
                                          listed - static_cast<std::size_t>(rooms.integer(3))};
  }
  used_.rooms = rooms_.size();
}

bool sqlite_store::too_large(const std::vector<entry>& batch) const {
  std::size_t bytes = 0, count = 0;
  for (const auto& item : batch) {
    if (!item.kept) continue;
    bytes += bytes_of(item);
    ++count;
  }
  return bytes > bounds_.bytes_max || count > bounds_.entries_max;
}

void sqlite_store::begin() {
  transaction_.emplace(file_);
  sql_->version.reset().step();
  const auto version = sql_->version.integer(0);
  sql_->version.reset();
  if (version != seen_version_) count();
}

void sqlite_store::append(std::vector<entry>& batch) {
  for (auto& item : batch) {
    item.position = item.kept ? ++head_ : head_;
    if (!item.kept) continue;
    const auto rooms = rooms_text(item.rooms);
    const bool only_newest = item.only_newest && !item.conflate_key.empty();
    auto& row = sql_->insert.reset();
    if (item.expires_ms != 0) row.bind(8, item.expires_ms);
    row.bind(1, static_cast<std::int64_t>(item.position))
        .bind_text(2, item.id)
        .bind_text(3, item.type)
        .bind(4, item.time_ms)
        .bind_text(5, item.conflate_key)
        .bind_text(6, rooms)
        .bind_blob(7, item.json.view())
        .bind(9, only_newest ? 1 : 0)
        .run();
    if (used_.entries++ == 0) oldest_ = item.position;
    used_.bytes += bytes_of(item);
    if (item.expires_ms == never) {
      ++firm_entries_;
      firm_bytes_ += bytes_of(item);
    } else if (item.expires_ms != 0) {
      next_expiry_ms_ = std::min(next_expiry_ms_, item.expires_ms);
    }
    for (const auto& room : item.rooms) list(room, item);
    if (only_newest) supersede(item);
  }
}

sqlite_store::room& sqlite_store::room_of(const std::string& name) {
  auto [place, fresh] = rooms_.try_emplace(name);
  if (!fresh) return place->second;
  // What an emptied, forgotten room once held is covered by what is gone from anywhere.
  sql_->new_room.reset().bind_text(1, name).bind(2, static_cast<std::int64_t>(trimmed_to_)).run();
  place->second.number = sqlite3_last_insert_rowid(file_.handle());
  used_.rooms = rooms_.size();
  return place->second;
}

void sqlite_store::list(const std::string& name, const entry& item) {
  auto& in = room_of(name);
  sql_->list.reset().bind(1, in.number).bind(2, static_cast<std::int64_t>(item.position)).run();
  if (sqlite3_changes(file_.handle()) == 0) return;  // the entry names the room twice
  ++in.listed;
  if (item.expires_ms != never) ++in.loose;
  while (in.loose > std::max<std::size_t>(bounds_.room_entries_max, 1)) drop_oldest_of(name);
}

void sqlite_store::supersede(const entry& by) {
  std::vector<std::uint64_t> same;
  auto& older = sql_->same_key.reset().bind_text(1, by.conflate_key).bind(2, static_cast<std::int64_t>(by.position));
  while (older.step()) same.push_back(static_cast<std::uint64_t>(older.integer(0)));
  older.reset();
  for (const auto position : same) {
    const bool firm = content_of(position).firm;
    auto left = rooms_of(position);
    for (const auto& room : by.rooms) {
      if (std::erase(left, room) != 0) unlist(room, position, firm, gap::none);
    }
    if (left.empty()) remove(position);
  }
}

void sqlite_store::unlist(const std::string& name, std::uint64_t position, bool firm, gap left) {
  const auto place = static_cast<std::int64_t>(position);
  auto& from = rooms_.at(name);
  sql_->unlist.reset().bind(1, from.number).bind(2, place).run();
  if (!firm) --from.loose;
  if (left == gap::told) sql_->trim_room.reset().bind(1, place).bind(2, from.number).run();
  if (--from.listed != 0) return;
  auto& forgotten = sql_->forget_room.reset().bind(1, from.number);
  if (forgotten.step()) note_trimmed(static_cast<std::uint64_t>(forgotten.integer(0)));
  forgotten.reset();
  rooms_.erase(name);
  used_.rooms = rooms_.size();
}

void sqlite_store::drop_oldest_of(const std::string& name) {
  auto& from = rooms_.at(name);
  auto& oldest = sql_->oldest_listed.reset().bind(1, from.number).bind(2, from.loose_from);
  oldest.step();
  from.loose_from = oldest.integer(0);
  oldest.reset();
  const auto position = static_cast<std::uint64_t>(from.loose_from);
  unlist(name, position, false, gap::told);
  auto& listed = sql_->listed.reset().bind(1, static_cast<std::int64_t>(position));
  listed.step();
  const bool elsewhere = listed.integer(0) != 0;
  listed.reset();
  if (elsewhere) return;
  remove(position);
  ++used_.trimmed;
}

std::vector<std::string> sqlite_store::rooms_of(std::uint64_t position) {
  std::vector<std::string> names;
  auto& in = sql_->rooms_of.reset().bind(1, static_cast<std::int64_t>(position));
  while (in.step()) names.emplace_back(in.text(0));
  in.reset();
  return names;
}

sqlite_store::content sqlite_store::content_of(std::uint64_t position) {
  auto& row = sql_->content.reset().bind(1, static_cast<std::int64_t>(position));
  row.step();
  const content out{static_cast<std::size_t>(row.integer(0)) + entry_overhead_bytes, row.integer(1) == never};
  row.reset();
  return out;
}

/// The entry and its listings.
void sqlite_store::drop(std::uint64_t position) {
  note_trimmed(position);
  const bool firm = content_of(position).firm;
  for (const auto& name : rooms_of(position)) unlist(name, position, firm, gap::told);
  remove(position);
  ++used_.trimmed;
}

/// The entry, whose listings are gone.
void sqlite_store::remove(std::uint64_t position) {
  const auto gone = content_of(position);
  used_.bytes -= gone.bytes;
  --used_.entries;
  if (gone.firm) {
    --firm_entries_;
    firm_bytes_ -= gone.bytes;
  }
  sql_->remove.reset().bind(1, static_cast<std::int64_t>(position)).run();
}

void sqlite_store::note_trimmed(std::uint64_t position) { trimmed_to_ = std::max(trimmed_to_, position); }

// Each of these drops one entry, or tells that there is none to drop.

bool sqlite_store::drop_expired(std::int64_t now_ms) {
  if (next_expiry_ms_ > now_ms) return false;
  auto& first = sql_->expired.reset();
  const bool any = first.step();
  next_expiry_ms_ = any ? first.integer(1) : never;
  const auto position = any ? static_cast<std::uint64_t>(first.integer(0)) : 0;
  first.reset();
  if (next_expiry_ms_ > now_ms) return false;
  drop(position);
  return true;
}

bool sqlite_store::drop_aged(std::int64_t now_ms) {
  const auto age_max_ms = bounds_.age_max.count();
  if (age_max_ms == 0) return false;
  auto& oldest = sql_->aging.reset().bind(1, aging_from_);
  const bool any = oldest.step();
  aging_from_ = any ? oldest.integer(0) : static_cast<std::int64_t>(head_) + 1;
  const bool aged = any && oldest.integer(1) < now_ms - age_max_ms;
  oldest.reset();
  if (aged) drop(static_cast<std::uint64_t>(aging_from_));
  return aged;
}

bool sqlite_store::drop_for_size() {
  if (used_.bytes <= bounds_.bytes_max && used_.entries <= bounds_.entries_max) return false;
  const bool too_much_is_firm = firm_bytes_ > bounds_.bytes_max / 2 || firm_entries_ > bounds_.entries_max / 2;
  auto& oldest = too_much_is_firm ? sql_->firm.reset() : sql_->loose.reset().bind(1, loose_from_);
  const bool any = oldest.step();
  const auto position = any ? oldest.integer(0) : 0;
  oldest.reset();
  if (!too_much_is_firm) loose_from_ = any ? position : static_cast<std::int64_t>(head_) + 1;
  if (any) drop(static_cast<std::uint64_t>(position));
  return any;
}

void sqlite_store::trim(std::int64_t now_ms) {
  facts_.trim(now_ms);
  while (drop_expired(now_ms) || drop_aged(now_ms) || drop_for_size()) {
  }
  auto& oldest = sql_->oldest.reset();
  oldest_ = oldest.step() ? static_cast<std::uint64_t>(oldest.integer(0)) : 0;
  oldest.reset();
  if (trimmed_to_ == noted_trimmed_to_) return;
  sql_->set_meta.reset().bind_text(1, "trimmed_to").bind(2, static_cast<std::int64_t>(trimmed_to_)).run();
  noted_trimmed_to_ = trimmed_to_;
}

void sqlite_store::probe() {
  begin();
  sql_->set_meta.reset().bind_text(1, "probe").bind(2, static_cast<std::int64_t>(head_)).run();
  commit();
}

void sqlite_store::commit() {
  transaction_->commit();
  transaction_.reset();
}

}  // namespace fanfare::history
