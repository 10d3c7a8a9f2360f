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
#include "history/sqlite_facts.hpp"
#include "history/sqlite_schema.hpp"

namespace fanfare::history {

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
  void remember(const std::vector<answer>& answers, const std::vector<entry>& batch) {
    facts_.remember(answers, batch);
  }
  void keep(const fact& item) { facts_.keep(item); }
  /// Drops what is past a bound. `now_ms`: Unix time.
  void trim(std::int64_t now_ms);
  void commit();
  /// Notes that the file is left in order; before the store goes, unless it is in trouble.
  void end_life() { history::end_life(file_); }
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
    std::size_t loose = 0;        // of those, entries that may be dropped for the room's bound
    std::int64_t loose_from = 0;  // none of these is before it
  };
  struct content {
    std::size_t bytes = 0;
    bool firm = false;  // it never expires
  };
  void count();
  void count_rooms();
  room& room_of(const std::string& name);
  void list(const std::string& name, const entry& item);
  void supersede(const entry& by);
  enum class gap : bool { none, told };
  void unlist(const std::string& name, std::uint64_t position, bool firm, gap left);
  void drop_oldest_of(const std::string& name);
  void drop(std::uint64_t position);
  void remove(std::uint64_t position);
  [[nodiscard]] std::vector<std::string> rooms_of(std::uint64_t position);
  [[nodiscard]] content content_of(std::uint64_t position);
  [[nodiscard]] bool drop_expired(std::int64_t now_ms);
  [[nodiscard]] bool drop_aged(std::int64_t now_ms);
  [[nodiscard]] bool drop_for_size();
  void note_trimmed(std::uint64_t position);

  sqlite_database file_;
  const memory_log_options bounds_;
  std::int64_t seen_version_ = 0;  // PRAGMA data_version: rises with the commits of others
  std::string epoch_;
  std::uint64_t head_ = 0, oldest_ = 1;
  std::uint64_t trimmed_to_ = 0, noted_trimmed_to_ = 0;  // newest position gone from anywhere; as `meta` has it
  std::int64_t aging_from_ = 0, loose_from_ = 0;         // no entry that ages, or may be dropped for size, is before
  std::int64_t next_expiry_ms_ = never;                  // none expires before it
  std::size_t firm_entries_ = 0, firm_bytes_ = 0;        // of those that never expire
  log::usage used_;
  std::unordered_map<std::string, room> rooms_;
  std::optional<sqlite_transaction> transaction_;
  struct statements;
  std::unique_ptr<statements, void (*)(statements*)> sql_;
  sqlite_facts facts_;
};

}  // namespace fanfare::history
