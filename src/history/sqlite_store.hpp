#pragma once

// The log's file: its schema, entries in and out, and what the bounds drop. No threads. Inbound: sqlite_log. Outbound:
// sqlite_database.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "history/log.hpp"
#include "history/memory_log.hpp"
#include "history/sqlite_database.hpp"

namespace fanfare::history {

/// What a commit survives: `full` a loss of power, `normal` a crash of the process or a clean shutdown of the machine
/// (a loss of power may take the last commits, never an older one), `off` a crash of the process.
enum class sqlite_sync : std::uint8_t { full, normal, off };

/// "full", "normal", "off".
[[nodiscard]] std::optional<sqlite_sync> parse_sync(std::string_view name) noexcept;

/// What makes a file one of ours: "Fanf" in PRAGMA application_id, the schema's version in PRAGMA user_version.
inline constexpr std::int64_t sqlite_application_id = 0x46616e66;
inline constexpr std::int64_t sqlite_schema_version = 1;

struct answer_bounds {
  std::size_t answers_max = 100000;
  std::chrono::milliseconds window{600000};
};

/// The side that writes. Throws sqlite_error from everything but the getters; after one from append() or commit(), make
/// a new one. Thread: one at a time.
class sqlite_store {
 public:
  /// Opens or makes the file. `fresh_epoch` names a new log. Throws sqlite_error with words for the operator: no
  /// database, another program's, of a newer schema.
  sqlite_store(const std::string& path, sqlite_sync sync, std::string fresh_epoch, memory_log_options bounds,
               answer_bounds answers = {});

  /// Counts anew what somebody else has changed meanwhile: `fanfare history delete`.
  void begin();
  /// Gives the entries their positions; stores the kept ones.
  void append(std::vector<entry>& batch);
  /// Keeps answers about a batch that has been appended.
  void remember(const std::vector<answer>& answers, const std::vector<entry>& batch);
  void keep(const fact& item);
  /// What the file at `path` keeps. Throws sqlite_error.
  [[nodiscard]] static std::vector<fact> facts(const std::string& path, std::int64_t now_ms);
  /// Those that the file at `path` keeps, oldest first. Throws sqlite_error.
  [[nodiscard]] static std::vector<answer> remembered(const std::string& path);
  /// Drops what is past a bound. `now_ms`: Unix time.
  void trim(std::int64_t now_ms);
  void commit();
  /// Notes that the file is left in order; before the store goes, unless it is in trouble.
  void end_life();
  /// Writes something, to see whether the disk takes it.
  void probe();
  /// Whether all of the batch's kept entries together would be dropped at once.
  [[nodiscard]] bool too_large(const std::vector<entry>& batch) const;

  [[nodiscard]] const std::string& epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t oldest() const noexcept { return used_.entries == 0 ? 0 : oldest_; }
  [[nodiscard]] const log::usage& used() const noexcept { return used_; }

 private:
  struct room {
    std::int64_t number = 0;
    std::size_t listed = 0;
  };
  void open_or_make(sqlite_sync sync, std::string fresh_epoch);
  void begin_life(sqlite_sync sync, const std::string& fresh_epoch);
  void count();
  room& room_of(const std::string& name);
  void list(const std::string& name, const entry& item);
  void drop_oldest_of(const std::string& name);
  void drop(std::uint64_t position);
  [[nodiscard]] bool past_bounds(std::int64_t now_ms);
  void forget_answers(std::int64_t now_ms);

  sqlite_database file_;
  const memory_log_options bounds_;
  const answer_bounds answer_bounds_;
  std::size_t answers_ = 0;
  std::int64_t facts_trimmed_ms_ = 0;
  std::int64_t seen_version_ = 0;  // PRAGMA data_version: rises with the commits of others
  std::string epoch_;
  std::uint64_t head_ = 0, oldest_ = 1;
  log::usage used_;
  std::unordered_map<std::string, room> rooms_;
  std::optional<sqlite_transaction> transaction_;
  struct statements;
  std::unique_ptr<statements, void (*)(statements*)> sql_;
};

}  // namespace fanfare::history
