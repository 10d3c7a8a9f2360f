#pragma once

// What makes a file the log's: its schema, its versions, and whose life it is in. Inbound: sqlite_store. Outbound:
// sqlite_database.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "history/sqlite_database.hpp"

namespace fanfare::history {

/// What a commit survives: `full` a loss of power, `normal` a crash of the process or a clean shutdown of the machine
/// (a loss of power may take the last commits, never an older one), `off` a crash of the process.
enum class sqlite_sync : std::uint8_t { full, normal, off };

/// "full", "normal", "off".
[[nodiscard]] std::optional<sqlite_sync> parse_sync(std::string_view name) noexcept;

/// What makes a file one of ours: "Fanf" in PRAGMA application_id, the schema's version in PRAGMA user_version.
inline constexpr std::int64_t sqlite_application_id = 0x46616e66;
inline constexpr std::int64_t sqlite_schema_version = 2;

/// Makes the schema, or brings an older one up to date, and begins a life of the log; gives its epoch, `fresh_epoch`
/// for a new log. Throws sqlite_error with words for the operator: no database, another program's, of a newer schema.
[[nodiscard]] std::string prepare_file(sqlite_database& file, sqlite_sync sync, const std::string& fresh_epoch);
/// Notes that the file is left in order.
void end_life(sqlite_database& file);

}  // namespace fanfare::history
