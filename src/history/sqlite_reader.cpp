#include "history/sqlite_reader.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fanfare/base/json.hpp>

namespace fanfare::history {

sqlite_reader::sqlite_reader(const std::string& path)
    : file_(path, sqlite_database::access::read),
      room_(file_.prepare("SELECT number, trimmed_to FROM room WHERE name=?")),
      rising_(file_.prepare(
          "SELECT position FROM listing WHERE room=? AND position>? AND position<=? ORDER BY position LIMIT ?")),
      falling_(file_.prepare(
          "SELECT position FROM listing WHERE room=? AND position>? AND position<=? ORDER BY position DESC LIMIT ?")),
      entry_(file_.prepare("SELECT id, type, time_ms, conflate_key, rooms, json FROM entry WHERE position=?")),
      trimmed_(file_.prepare("SELECT content FROM meta WHERE name='trimmed_to'")),
      // Of those appended before the first that is not: times rise with positions, but for a clock that is set back.
      earlier_(
          file_.prepare("SELECT ifnull(max(position),0) FROM entry WHERE position < "
                        "ifnull((SELECT position FROM entry WHERE time_ms >= ? ORDER BY time_ms, position LIMIT 1), "
                        "9223372036854775807)")) {}

page sqlite_reader::read(const range& wanted) {
  const sqlite_transaction snapshot(file_, false);
  const auto signed_max = std::numeric_limits<std::int64_t>::max();
  auto after = static_cast<std::int64_t>(std::min<std::uint64_t>(wanted.after, signed_max));
  const auto up_to = static_cast<std::int64_t>(std::min<std::uint64_t>(wanted.up_to, signed_max));
  const auto limit = std::max<std::size_t>(wanted.entries_max, 1);
  page out;
  if (wanted.since_ms != 0) {
    earlier_.reset().bind(1, wanted.since_ms).step();
    const auto before = earlier_.integer(0);
    earlier_.reset();
    // With nothing left from before that time, what came after it may be gone as well.
    if (before == 0) {
      out.complete = !(trimmed_.reset().step() && trimmed_.integer(0) > 0);
      trimmed_.reset();
      if (!out.complete) after = std::max(after, file_.number("SELECT content FROM meta WHERE name='trimmed_to'"));
    }
    after = std::max(after, before);
  }
  std::vector<std::int64_t> positions;
  for (const auto& name : wanted.rooms) {
    auto& room = room_.reset().bind_text(1, name);
    if (!room.step()) {
      out.complete = out.complete && !(trimmed_.reset().step() && after < trimmed_.integer(0));
      trimmed_.reset();
      continue;
    }
    const auto number = room.integer(0);
    if (after < room.integer(1)) out.complete = false;
    room.reset();
    auto& listed = wanted.newest_first ? falling_ : rising_;
    // One more than the bound from each room is enough to know whether the merged page is cut short.
    listed.reset().bind(1, number).bind(2, after).bind(3, up_to).bind(4, static_cast<std::int64_t>(limit) + 1);
    while (listed.step()) positions.push_back(listed.integer(0));
    listed.reset();
  }
  std::ranges::sort(positions);
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  if (wanted.newest_first) std::ranges::reverse(positions);
  std::size_t bytes = 0;
  for (const auto position : positions) {
    auto& row = entry_.reset().bind(1, position);
    if (!row.step()) throw sqlite_error("a listing names an entry that is not there", SQLITE_CORRUPT);
    bytes += row.text(5).size();
    out.more = out.entries.size() == limit || (!out.entries.empty() && bytes > wanted.bytes_max);
    if (out.more) break;
    entry item;
    item.position = static_cast<std::uint64_t>(position);
    item.id = row.text(0);
    item.type = row.text(1);
    item.time_ms = row.integer(2);
    item.conflate_key = row.text(3);
    if (const auto rooms = json::parse(row.text(4)); rooms && rooms->if_array() != nullptr) {
      for (const auto& room : *rooms->if_array()) item.rooms.emplace_back(room.as_string());
    }
    item.json = shared_bytes(std::string(row.text(5)));
    out.entries.push_back(std::move(item));
  }
  entry_.reset();
  return out;
}

}  // namespace fanfare::history
