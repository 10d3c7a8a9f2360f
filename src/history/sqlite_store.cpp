#include "history/sqlite_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::history {

namespace {

// Entries in their order, and for each room the positions it holds: pages are read along an index. `trimmed_to` is the
// newest position that is gone from a room, and under its name in `meta` the newest that is gone from anywhere.
constexpr const char* schema = R"(
  CREATE TABLE meta(name TEXT PRIMARY KEY, content) WITHOUT ROWID;
  CREATE TABLE entry(position INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, time_ms INTEGER NOT NULL,
    conflate_key TEXT NOT NULL, rooms TEXT NOT NULL, json BLOB NOT NULL);
  CREATE INDEX entry_by_time ON entry(time_ms);
  CREATE TABLE room(number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, trimmed_to INTEGER NOT NULL);
  CREATE TABLE listing(room INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY(room, position)) WITHOUT ROWID;
  CREATE INDEX listing_by_position ON listing(position);
  CREATE TABLE answer(number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, time_ms INTEGER NOT NULL, digest BLOB NOT NULL,
    events TEXT NOT NULL);
  CREATE TABLE fact(name BLOB PRIMARY KEY, number INTEGER NOT NULL, until_ms INTEGER NOT NULL) WITHOUT ROWID;
)";

constexpr std::int64_t facts_trim_every_ms = 60000;
constexpr std::size_t entry_overhead_bytes = 128;  // rows and indices, about

/// Another at each start of the machine; "" where the system does not say.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

std::size_t bytes_of(const entry& item) {
  return item.json.size() + item.id.size() + item.type.size() + entry_overhead_bytes;
}

std::string rooms_text(const std::vector<std::string>& rooms) { return json::write(array(rooms.begin(), rooms.end())); }

const char* words_for(sqlite_sync sync) {
  switch (sync) {
    case sqlite_sync::full:
      return "FULL";
    case sqlite_sync::normal:
      return "NORMAL";
    default:
      return "OFF";
  }
}

}  // namespace

std::optional<sqlite_sync> parse_sync(std::string_view name) noexcept {
  if (name == "full") return sqlite_sync::full;
  if (name == "normal") return sqlite_sync::normal;
  if (name == "off") return sqlite_sync::off;
  return std::nullopt;
}

struct sqlite_store::statements {
  explicit statements(sqlite_database& file)
      : insert(file.prepare("INSERT INTO entry VALUES(?,?,?,?,?,?,?)")),
        list(file.prepare("INSERT OR IGNORE INTO listing VALUES(?,?)")),
        new_room(file.prepare("INSERT INTO room(name, trimmed_to) VALUES(?,?)")),
        oldest_listed(file.prepare("SELECT min(position) FROM listing WHERE room=?")),
        unlist(file.prepare("DELETE FROM listing WHERE room=? AND position=?")),
        listed(file.prepare("SELECT EXISTS(SELECT 1 FROM listing WHERE position=?)")),
        rooms_of(file.prepare("SELECT name FROM listing JOIN room ON room.number=listing.room WHERE position=?")),
        trim_room(file.prepare("UPDATE room SET trimmed_to=? WHERE number=?")),
        forget_room(file.prepare("DELETE FROM room WHERE number=?")),
        oldest(file.prepare("SELECT position, time_ms FROM entry ORDER BY position LIMIT 1")),
        size(file.prepare(
            "SELECT length(json)+length(CAST(id AS BLOB))+length(CAST(type AS BLOB)) FROM entry WHERE position=?")),
        remove(file.prepare("DELETE FROM entry WHERE position=?")),
        version(file.prepare("PRAGMA data_version")),
        set_meta(file.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)")),
        remember(file.prepare("INSERT OR REPLACE INTO answer(key, time_ms, digest, events) VALUES(?,?,?,?)")),
        keep(file.prepare("INSERT OR REPLACE INTO fact VALUES(?,?,?)")),
        drop_facts(file.prepare("DELETE FROM fact WHERE until_ms < ?")),
        forget(file.prepare("DELETE FROM answer WHERE number IN (SELECT number FROM answer ORDER BY number LIMIT ?)")),
        aged(file.prepare("SELECT count(*) FROM (SELECT 1 FROM answer WHERE number <= "
                          "(SELECT max(number) FROM (SELECT number, time_ms FROM answer ORDER BY number LIMIT 1000) "
                          "WHERE time_ms < ?))")) {}
  sqlite_statement insert, list, new_room, oldest_listed, unlist, listed, rooms_of, trim_room, forget_room, oldest,
      size, remove, version, set_meta, remember, keep, drop_facts, forget, aged;
};

sqlite_store::sqlite_store(const std::string& path, sqlite_sync sync, std::string fresh_epoch,
                           memory_log_options bounds, answer_bounds answers)
    : file_(path, sqlite_database::access::write),
      bounds_(bounds),
      answer_bounds_(answers),
      sql_(nullptr, [](statements* made) { delete made; }) {
  open_or_make(sync, std::move(fresh_epoch));
  sql_.reset(new statements(file_));
  count();
}

void sqlite_store::open_or_make(sqlite_sync sync, std::string fresh_epoch) {
  const auto tables = file_.number("SELECT count(*) FROM sqlite_schema");
  const auto owner = file_.number("PRAGMA application_id");
  const auto version = file_.number("PRAGMA user_version");
  if (owner != sqlite_application_id && (tables != 0 || owner != 0)) {
    throw sqlite_error("the file is a database of another program", SQLITE_NOTADB);
  }
  if (version > sqlite_schema_version) {
    throw sqlite_error("the file has schema " + std::to_string(version) + ", of a newer Fanfare; this one knows " +
                           std::to_string(sqlite_schema_version),
                       SQLITE_MISMATCH);
  }
  if (tables == 0) file_.run("PRAGMA auto_vacuum=INCREMENTAL");
  auto mode = file_.prepare("PRAGMA journal_mode=WAL");
  if (!mode.step() || mode.text(0) != "wal")
    throw sqlite_error("the file cannot have a write-ahead log", SQLITE_CANTOPEN);
  mode.reset();
  file_.run(std::string("PRAGMA synchronous=") + words_for(sync));
  if (tables == 0) {
    sqlite_transaction making(file_);
    file_.run(schema);
    file_.run("PRAGMA application_id=" + std::to_string(sqlite_application_id));
    file_.run("PRAGMA user_version=" + std::to_string(sqlite_schema_version));
    file_.prepare("INSERT INTO meta VALUES('epoch',?)").bind_text(1, fresh_epoch).run();
    making.commit();
  }
  begin_life(sync, fresh_epoch);
}

// Positions may come again where events have been lost: after a backup, or when the machine went down under a server
// whose commits were not synced. A cursor of then must not be taken for one of ours, so the log gets another epoch.
void sqlite_store::begin_life(sqlite_sync sync, const std::string& fresh_epoch) {
  const auto meta = [this](const char* name) {
    auto asked = file_.prepare("SELECT content FROM meta WHERE name=?");
    return asked.bind_text(1, name).step() ? std::string(asked.text(0)) : std::string();
  };
  const auto this_boot = boot_id();
  const auto left_open = meta("open");  // by a life that did not end well: "<boot> <sync>"
  const bool lossy = !left_open.empty() && !left_open.ends_with(words_for(sqlite_sync::full));
  const bool rebooted = this_boot.empty() || !left_open.starts_with(this_boot);
  sqlite_transaction beginning(file_);
  if (!meta("copied").empty() || (lossy && rebooted)) {
    file_.prepare("UPDATE meta SET content=? WHERE name='epoch'").bind_text(1, fresh_epoch).run();
    file_.run("DELETE FROM meta WHERE name='copied'");
  }
  const auto mark = this_boot + " " + words_for(sync);
  file_.prepare("INSERT OR REPLACE INTO meta VALUES('open',?)").bind_text(1, mark).run();
  beginning.commit();
  epoch_ = meta("epoch");
  if (epoch_.empty()) throw sqlite_error("the file names no epoch", SQLITE_CORRUPT);
}

void sqlite_store::end_life() {
  sqlite_transaction ending(file_);
  file_.run("DELETE FROM meta WHERE name='open'");
  ending.commit();
}

void sqlite_store::count() {
  seen_version_ = file_.number("PRAGMA data_version");
  rooms_.clear();
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
  auto rooms =
      file_.prepare("SELECT name, number, (SELECT count(*) FROM listing WHERE listing.room=room.number) FROM room");
  while (rooms.step()) {
    rooms_[std::string(rooms.text(0))] = {rooms.integer(1), static_cast<std::size_t>(rooms.integer(2))};
  }
  used_.rooms = rooms_.size();
  answers_ = static_cast<std::size_t>(file_.number("SELECT count(*) FROM answer"));
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
    sql_->insert.reset()
        .bind(1, static_cast<std::int64_t>(item.position))
        .bind_text(2, item.id)
        .bind_text(3, item.type)
        .bind(4, item.time_ms)
        .bind_text(5, item.conflate_key)
        .bind_text(6, rooms)
        .bind_blob(7, item.json.view())
        .run();
    if (used_.entries++ == 0) oldest_ = item.position;
    used_.bytes += bytes_of(item);
    for (const auto& room : item.rooms) list(room, item);
  }
}

sqlite_store::room& sqlite_store::room_of(const std::string& name) {
  auto [place, fresh] = rooms_.try_emplace(name);
  if (!fresh) return place->second;
  // What an emptied, forgotten room once held is covered by what is gone from anywhere.
  const auto trimmed = file_.number("SELECT content FROM meta WHERE name='trimmed_to'");
  sql_->new_room.reset().bind_text(1, name).bind(2, trimmed).run();
  place->second.number = sqlite3_last_insert_rowid(file_.handle());
  used_.rooms = rooms_.size();
  return place->second;
}

void sqlite_store::list(const std::string& name, const entry& item) {
  auto& in = room_of(name);
  sql_->list.reset().bind(1, in.number).bind(2, static_cast<std::int64_t>(item.position)).run();
  if (sqlite3_changes(file_.handle()) != 0) ++in.listed;  // else the entry names the room twice
  while (in.listed > std::max<std::size_t>(bounds_.room_entries_max, 1)) drop_oldest_of(name);
}

void sqlite_store::drop_oldest_of(const std::string& name) {
  auto& from = rooms_.at(name);
  auto& oldest = sql_->oldest_listed.reset().bind(1, from.number);
  oldest.step();
  const auto position = oldest.integer(0);
  oldest.reset();
  sql_->unlist.reset().bind(1, from.number).bind(2, position).run();
  sql_->trim_room.reset().bind(1, position).bind(2, from.number).run();
  --from.listed;
  auto& listed = sql_->listed.reset().bind(1, position);
  listed.step();
  const bool elsewhere = listed.integer(0) != 0;
  listed.reset();
  if (!elsewhere) drop(static_cast<std::uint64_t>(position));
}

// The entry's row; its listings are gone, or go with it.
void sqlite_store::drop(std::uint64_t position) {
  const auto place = static_cast<std::int64_t>(position);
  std::vector<std::string> names;
  for (auto& in = sql_->rooms_of.reset().bind(1, place); in.step();) names.emplace_back(in.text(0));
  sql_->rooms_of.reset();
  for (const auto& name : names) {
    auto& from = rooms_.at(name);
    sql_->unlist.reset().bind(1, from.number).bind(2, place).run();
    if (--from.listed == 0) {
      sql_->forget_room.reset().bind(1, from.number).run();
      rooms_.erase(name);
    } else {
      sql_->trim_room.reset().bind(1, place).bind(2, from.number).run();
    }
  }
  auto& size = sql_->size.reset().bind(1, place);
  size.step();
  used_.bytes -= static_cast<std::size_t>(size.integer(0)) + entry_overhead_bytes;
  size.reset();
  sql_->remove.reset().bind(1, place).run();
  --used_.entries;
  ++used_.trimmed;
  used_.rooms = rooms_.size();
}

bool sqlite_store::past_bounds(std::int64_t now_ms) {
  auto& oldest = sql_->oldest.reset();
  const bool any = oldest.step();
  oldest_ = any ? static_cast<std::uint64_t>(oldest.integer(0)) : 0;
  const auto time_ms = any ? oldest.integer(1) : 0;
  oldest.reset();
  if (!any) return false;
  const auto age_max_ms = bounds_.age_max.count();
  const bool aged = age_max_ms > 0 && time_ms < now_ms - age_max_ms;
  return aged || used_.bytes > bounds_.bytes_max || used_.entries > bounds_.entries_max;
}

void sqlite_store::trim(std::int64_t now_ms) {
  forget_answers(now_ms);
  if (now_ms - facts_trimmed_ms_ > facts_trim_every_ms) {
    facts_trimmed_ms_ = now_ms;
    sql_->drop_facts.reset().bind(1, now_ms).run();
  }
  std::uint64_t trimmed = 0;
  while (past_bounds(now_ms)) drop(trimmed = oldest_);
  if (trimmed == 0) return;
  sql_->set_meta.reset().bind_text(1, "trimmed_to").bind(2, static_cast<std::int64_t>(trimmed)).run();
}

void sqlite_store::remember(const std::vector<answer>& answers, const std::vector<entry>& batch) {
  for (const auto& each : answers) {
    array events;
    for (const auto& event : each.events) {
      const auto position = event.of_batch ? batch.at(*event.of_batch).position : event.position;
      array pair;
      pair.emplace_back(event.id);
      pair.emplace_back(static_cast<std::int64_t>(position));
      events.emplace_back(std::move(pair));
    }
    const auto text = json::write(value(std::move(events)));
    sql_->remember.reset()
        .bind_blob(1, each.key)
        .bind(2, each.time_ms)
        .bind_blob(3, each.digest)
        .bind_text(4, text)
        .run();
    ++answers_;
  }
}

void sqlite_store::keep(const fact& item) {
  sql_->keep.reset().bind_blob(1, item.name).bind(2, item.number).bind(3, item.until_ms).run();
}

std::vector<fact> sqlite_store::facts(const std::string& path, std::int64_t now_ms) {
  sqlite_database file(path, sqlite_database::access::read);
  std::vector<fact> out;
  auto rows = file.prepare("SELECT name, number, until_ms FROM fact WHERE until_ms >= ?");
  for (rows.bind(1, now_ms); rows.step();) out.push_back({std::string(rows.text(0)), rows.integer(1), rows.integer(2)});
  return out;
}

// They come in the order of their time, near enough: what is past the window is at the front.
void sqlite_store::forget_answers(std::int64_t now_ms) {
  std::int64_t gone = 0;
  if (answers_ > answer_bounds_.answers_max) {
    gone = static_cast<std::int64_t>(answers_ - answer_bounds_.answers_max);
  } else if (answers_ != 0) {
    auto& aged = sql_->aged.reset().bind(1, now_ms - answer_bounds_.window.count());
    if (aged.step()) gone = aged.integer(0);
    aged.reset();
  }
  if (gone == 0) return;
  sql_->forget.reset().bind(1, gone).run();
  answers_ -= std::min(answers_, static_cast<std::size_t>(gone));
}

std::vector<answer> sqlite_store::remembered(const std::string& path) {
  sqlite_database file(path, sqlite_database::access::read);
  std::vector<answer> out;
  for (auto rows = file.prepare("SELECT key, digest, time_ms, events FROM answer ORDER BY number"); rows.step();) {
    answer each;
    each.key = rows.text(0);
    each.digest = rows.text(1);
    each.time_ms = rows.integer(2);
    const auto events = json::parse(rows.text(3));
    if (!events || events->if_array() == nullptr) continue;
    for (const auto& event : *events->if_array()) {
      const auto* pair = event.if_array();
      if (pair == nullptr || pair->size() != 2 || (*pair)[1].if_integer() == nullptr) continue;
      each.events.push_back(
          {std::string((*pair)[0].as_string()), static_cast<std::uint64_t>(*(*pair)[1].if_integer()), {}});
    }
    out.push_back(std::move(each));
  }
  return out;
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
