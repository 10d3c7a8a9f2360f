#include "history/sqlite_schema.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>

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

// What each version adds to the one before; the schema above is version 1. An entry without expires_ms goes by the
// log's bound on ages.
constexpr const char* migrations[] = {R"(
  ALTER TABLE entry ADD COLUMN expires_ms INTEGER;
  ALTER TABLE entry ADD COLUMN only_newest INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX entry_by_expiry ON entry(expires_ms) WHERE expires_ms IS NOT NULL;
  CREATE INDEX entry_by_key ON entry(conflate_key) WHERE only_newest=1;
  ALTER TABLE fact ADD COLUMN content BLOB NOT NULL DEFAULT x'';
)"};
static_assert(std::size(migrations) == sqlite_schema_version - 1);

/// Another at each start of the machine; "" where the system does not say.
std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

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

// Positions may come again where events have been lost: after a backup, or when the machine went down under a server
// whose commits were not synced. A cursor of then must not be taken for one of ours, so the log gets another epoch.
std::string begin_life(sqlite_database& file, sqlite_sync sync, const std::string& fresh_epoch) {
  const auto meta = [&file](const char* name) {
    auto asked = file.prepare("SELECT content FROM meta WHERE name=?");
    return asked.bind_text(1, name).step() ? std::string(asked.text(0)) : std::string();
  };
  const auto this_boot = boot_id();
  const auto left_open = meta("open");  // by a life that did not end well: "<boot> <sync>"
  const bool lossy = !left_open.empty() && !left_open.ends_with(words_for(sqlite_sync::full));
  const bool rebooted = this_boot.empty() || !left_open.starts_with(this_boot);
  sqlite_transaction beginning(file);
  if (!meta("copied").empty() || (lossy && rebooted)) {
    file.prepare("UPDATE meta SET content=? WHERE name='epoch'").bind_text(1, fresh_epoch).run();
    file.run("DELETE FROM meta WHERE name='copied'");
  }
  const auto mark = this_boot + " " + words_for(sync);
  file.prepare("INSERT OR REPLACE INTO meta VALUES('open',?)").bind_text(1, mark).run();
  beginning.commit();
  auto epoch = meta("epoch");
  if (epoch.empty()) throw sqlite_error("the file names no epoch", SQLITE_CORRUPT);
  return epoch;
}

}  // namespace

std::optional<sqlite_sync> parse_sync(std::string_view name) noexcept {
  if (name == "full") return sqlite_sync::full;
  if (name == "normal") return sqlite_sync::normal;
  if (name == "off") return sqlite_sync::off;
  return std::nullopt;
}

std::string prepare_file(sqlite_database& file, sqlite_sync sync, const std::string& fresh_epoch) {
  const auto tables = file.number("SELECT count(*) FROM sqlite_schema");
  const auto owner = file.number("PRAGMA application_id");
  const auto version = file.number("PRAGMA user_version");
  if (owner != sqlite_application_id && (tables != 0 || owner != 0)) {
    throw sqlite_error("the file is a database of another program", SQLITE_NOTADB);
  }
  if (version > sqlite_schema_version) {
    throw sqlite_error("the file has schema " + std::to_string(version) + ", of a newer Fanfare; this one knows " +
                           std::to_string(sqlite_schema_version),
                       SQLITE_MISMATCH);
  }
  if (tables == 0) file.run("PRAGMA auto_vacuum=INCREMENTAL");
  auto mode = file.prepare("PRAGMA journal_mode=WAL");
  if (!mode.step() || mode.text(0) != "wal")
    throw sqlite_error("the file cannot have a write-ahead log", SQLITE_CANTOPEN);
  mode.reset();
  file.run(std::string("PRAGMA synchronous=") + words_for(sync));
  if (tables == 0 || version < sqlite_schema_version) {
    sqlite_transaction making(file);
    if (tables == 0) {
      file.run(schema);
      file.run("PRAGMA application_id=" + std::to_string(sqlite_application_id));
      file.prepare("INSERT INTO meta VALUES('epoch',?)").bind_text(1, fresh_epoch).run();
    }
    for (auto next = std::max<std::int64_t>(version, 1); next < sqlite_schema_version; ++next) {
      file.run(migrations[next - 1]);
    }
    file.run("PRAGMA user_version=" + std::to_string(sqlite_schema_version));
    making.commit();
  }
  return begin_life(file, sync, fresh_epoch);
}

void end_life(sqlite_database& file) {
  sqlite_transaction ending(file);
  file.run("DELETE FROM meta WHERE name='open'");
  ending.commit();
}

}  // namespace fanfare::history
