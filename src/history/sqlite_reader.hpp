#pragma once

// Pages of the log's file. Inbound: sqlite_log, on its reader thread. Outbound: sqlite_database.

#include <string>

#include "history/log.hpp"
#include "history/sqlite_database.hpp"

namespace fanfare::history {

/// What the file holds of a range; on a connection of its own, of the last commit. Throws sqlite_error.
class sqlite_reader {
 public:
  explicit sqlite_reader(const std::string& path);
  [[nodiscard]] page read(const range& wanted);

 private:
  sqlite_database file_;
  sqlite_statement room_, rising_, falling_, entry_, trimmed_, earlier_;
};

}  // namespace fanfare::history
