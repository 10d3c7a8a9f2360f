#include "history/sqlite_file.hpp"

#include <sqlite3.h>

#include <filesystem>

#include <fanfare/base/json.hpp>

#include "history/sqlite_store.hpp"

namespace fanfare::history {

namespace {

/// SQLite would make the file that is not there.
const std::string& there(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) throw sqlite_error("there is no such file", SQLITE_CANTOPEN);
  return path;
}

}  // namespace

sqlite_file::sqlite_file(const std::string& path) : file_(there(path), sqlite_database::access::write) {
  if (file_.number("PRAGMA application_id") != sqlite_application_id) {
    throw sqlite_error("the file is no history of Fanfare", SQLITE_NOTADB);
  }
  if (const auto version = file_.number("PRAGMA user_version"); version < 1 || version > sqlite_schema_version) {
    throw sqlite_error("the file has schema " + std::to_string(version) + "; this Fanfare knows " +
                           std::to_string(sqlite_schema_version),
                       SQLITE_MISMATCH);
  }
}

sqlite_file::numbers sqlite_file::stats() {
  const sqlite_transaction snapshot(file_, false);
  numbers out;
  auto epoch = file_.prepare("SELECT content FROM meta WHERE name='epoch'");
  if (epoch.step()) out.epoch = epoch.text(0);
  auto all = file_.prepare(
      "SELECT count(*), ifnull(sum(length(json)),0), ifnull(min(position),0), ifnull(max(position),0), "
      "ifnull(min(time_ms),0), ifnull(max(time_ms),0) FROM entry");
  all.step();
  out.entries = all.integer(0);
  out.json_bytes = all.integer(1);
  out.oldest = static_cast<std::uint64_t>(all.integer(2));
  const auto gone = file_.number("SELECT ifnull(max(content),0) FROM meta WHERE name IN('trimmed_to','head')");
  out.head = static_cast<std::uint64_t>(std::max(all.integer(3), gone));
  out.oldest_ms = all.integer(4);
  out.newest_ms = all.integer(5);
  out.rooms = file_.number("SELECT count(*) FROM room");
  const auto page_bytes = file_.number("PRAGMA page_size");
  out.file_bytes = file_.number("PRAGMA page_count") * page_bytes;
  out.free_bytes = file_.number("PRAGMA freelist_count") * page_bytes;
  out.answers = file_.number("SELECT count(*) FROM answer");
  auto facts = file_.prepare(
      "SELECT substr(CAST(name AS TEXT),1,instr(CAST(name AS TEXT),' ')-1) AS kind, count(*) FROM fact GROUP BY kind");
  while (facts.step()) out.facts[std::string(facts.text(0))] = facts.integer(1);
  return out;
}

void sqlite_file::each(const std::string& room, std::uint64_t after, const each_entry& work) {
  const sqlite_transaction snapshot(file_, false);
  auto rows = file_.prepare(
      room.empty() ? "SELECT position, json FROM entry WHERE position>? ORDER BY position"
                   : "SELECT listing.position, json FROM listing JOIN entry ON entry.position=listing.position "
                     "WHERE listing.position>? AND room=(SELECT number FROM room WHERE name=?) "
                     "ORDER BY listing.position");
  rows.bind(1, static_cast<std::int64_t>(std::min<std::uint64_t>(after, std::numeric_limits<std::int64_t>::max())));
  if (!room.empty()) rows.bind_text(2, room);
  while (rows.step()) work(static_cast<std::uint64_t>(rows.integer(0)), rows.text(1));
}

std::int64_t sqlite_file::erase_room(const std::string& room) {
  return erase("SELECT position FROM listing WHERE room=(SELECT number FROM room WHERE name=?)", room);
}

std::int64_t sqlite_file::erase_user(const std::string& user) {
  // What a session holds is the user's too; a revocation that names the user is kept, or revoked tokens would be good
  // again.
  file_.run("PRAGMA secure_delete=ON");
  file_
      .prepare(
          "DELETE FROM fact WHERE json_valid(CAST(content AS TEXT)) "
          "AND json_extract(CAST(content AS TEXT),'$.user')=?")
      .bind_text(1, user)
      .run();
  // Anywhere among the envelope's strings: a field of one's own may hold it under any name.
  return erase(
      "SELECT position FROM entry WHERE EXISTS(SELECT 1 FROM json_tree(CAST(entry.json AS TEXT)) AS node "
      "WHERE node.type='text' AND node.atom=?1) "
      "UNION SELECT position FROM listing WHERE room=(SELECT number FROM room WHERE name='user:'||?1)",
      user);
}

std::int64_t sqlite_file::erase(const std::string& chosen, const std::string& name) {
  file_.run("PRAGMA secure_delete=ON");  // pages that become free are overwritten
  file_.run("CREATE TEMP TABLE IF NOT EXISTS chosen(position INTEGER PRIMARY KEY)");
  std::int64_t count = 0;
  {
    sqlite_transaction deleting(file_);
    file_.run("DELETE FROM chosen");
    file_.prepare("INSERT OR IGNORE INTO chosen " + chosen).bind_text(1, name).run();
    count = file_.number("SELECT count(*) FROM chosen");
    // Positions never come again, though the newest may go now.
    file_.run(
        "INSERT OR REPLACE INTO meta SELECT 'head', max(ifnull((SELECT max(position) FROM entry),0), "
        "ifnull((SELECT max(content) FROM meta WHERE name IN('trimmed_to','head')),0))");
    file_.run("DELETE FROM listing WHERE position IN (SELECT position FROM chosen)");
    file_.run("DELETE FROM entry WHERE position IN (SELECT position FROM chosen)");
    // A room's name may be a person's. What it had lost before is then known of the log as a whole.
    file_.run(
        "INSERT OR REPLACE INTO meta SELECT 'trimmed_to', max(ifnull((SELECT content FROM meta WHERE "
        "name='trimmed_to'),0), ifnull((SELECT max(trimmed_to) FROM room WHERE NOT EXISTS(SELECT 1 FROM listing "
        "WHERE listing.room=room.number)),0))");
    file_.run("DELETE FROM room WHERE NOT EXISTS(SELECT 1 FROM listing WHERE listing.room=room.number)");
    deleting.commit();
  }
  // The write-ahead log still has the pages as they were: it is moved into the file and emptied.
  auto moved = file_.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!moved.step() || moved.integer(0) != 0) {
    throw sqlite_error("deleted, but a reader held on to the write-ahead log: run this again to overwrite it",
                       SQLITE_BUSY);
  }
  return count;
}

void sqlite_file::backup(const std::string& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored)) throw sqlite_error(to + " is there already", SQLITE_CANTOPEN);
  file_.prepare("VACUUM INTO ?").bind_text(1, to).run();
  // Who starts a server on the copy gives positions again that this file has given to other events meanwhile.
  sqlite_database(to, sqlite_database::access::write).run("INSERT OR REPLACE INTO meta VALUES('copied', 1)");
}

std::vector<std::string> sqlite_file::verify() {
  std::vector<std::string> out;
  auto own = file_.prepare("PRAGMA integrity_check");
  while (own.step()) {
    if (own.text(0) != "ok") out.emplace_back(own.text(0));
  }
  if (!out.empty()) return out;
  const sqlite_transaction snapshot(file_, false);
  const auto count = [this, &out](const char* sql, const char* what) {
    if (const auto found = file_.number(sql); found != 0) out.push_back(std::to_string(found) + what);
  };
  count("SELECT count(*) FROM listing WHERE NOT EXISTS(SELECT 1 FROM entry WHERE entry.position=listing.position)",
        " listings name an entry that is not there");
  count("SELECT count(*) FROM listing WHERE NOT EXISTS(SELECT 1 FROM room WHERE room.number=listing.room)",
        " listings name a room that is not there");
  count("SELECT count(*) FROM entry WHERE NOT EXISTS(SELECT 1 FROM listing WHERE listing.position=entry.position)",
        " entries are in no room");
  auto rows = file_.prepare("SELECT position, json FROM entry");
  while (rows.step()) {
    if (const auto parsed = json::parse(rows.text(1)); !parsed || parsed->if_object() == nullptr) {
      out.push_back("entry " + std::to_string(rows.integer(0)) + " is no JSON object");
    }
  }
  return out;
}

}  // namespace fanfare::history
