#pragma once

// What an operator does with the log's file, also while a server uses it. Inbound: server/history_commands. Outbound:
// sqlite_database.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "history/sqlite_database.hpp"

namespace fanfare::history {

/// Everything throws sqlite_error, with words for the operator. Thread: one at a time.
class sqlite_file {
 public:
  /// The file must be there, and be a log of this schema.
  explicit sqlite_file(const std::string& path);

  struct numbers {
    std::string epoch;
    std::uint64_t head = 0, oldest = 0;
    std::int64_t entries = 0, rooms = 0, json_bytes = 0, file_bytes = 0, free_bytes = 0;
    std::int64_t oldest_ms = 0, newest_ms = 0;  // Unix time; 0 without entries
    std::int64_t answers = 0;
    std::map<std::string, std::int64_t> facts;  // by the first word of their names
  };
  [[nodiscard]] numbers stats();

  /// One entry after another, oldest first, with its cursor's position: `json` is the envelope without its cursor.
  using each_entry = std::function<void(std::uint64_t position, std::string_view json)>;
  /// Of one room, or of all when it is empty; positions after `after`.
  void each(const std::string& room, std::uint64_t after, const each_entry& work);

  /// Deletes what is in the room, whatever other rooms it is in. Gives how many entries.
  std::int64_t erase_room(const std::string& room);
  /// Deletes what is in `user:<id>` and what names the id anywhere in its envelope. Gives how many entries.
  std::int64_t erase_user(const std::string& user);

  /// A copy, whole and consistent, at `to`, which must not be there. A server that starts on it takes a new epoch.
  void backup(const std::string& to);
  /// What is wrong with the file: SQLite's own check, then ours. Empty: nothing.
  [[nodiscard]] std::vector<std::string> verify();

 private:
  std::int64_t erase(const std::string& chosen, const std::string& name);
  sqlite_database file_;
};

}  // namespace fanfare::history
