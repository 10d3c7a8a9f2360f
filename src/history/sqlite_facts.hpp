#pragma once

// What else the log's file keeps beside its entries: how publishers were answered, and facts. No threads. Inbound:
// sqlite_store, in whose transactions it writes. Outbound: sqlite_database.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "history/log.hpp"
#include "history/sqlite_database.hpp"

namespace fanfare::history {

struct answer_bounds {
  std::size_t answers_max = 100000;
  std::chrono::milliseconds window{600000};
};

/// Throws sqlite_error. Thread: one at a time.
class sqlite_facts {
 public:
  /// The file must outlive it.
  sqlite_facts(sqlite_database& file, answer_bounds bounds);

  /// Keeps answers about a batch that has its positions.
  void remember(const std::vector<answer>& answers, const std::vector<entry>& batch);
  void keep(const fact& item);
  /// Drops what is past its bound or time.
  void trim(std::int64_t now_ms);
  /// Counts anew what somebody else has changed.
  void count();

  /// What the file at `path` keeps.
  [[nodiscard]] static std::vector<fact> facts(const std::string& path, std::int64_t now_ms);
  /// Those that the file at `path` keeps, oldest first.
  [[nodiscard]] static std::vector<answer> remembered(const std::string& path);

 private:
  void forget_answers(std::int64_t now_ms);

  sqlite_database& file_;
  const answer_bounds bounds_;
  std::size_t answers_ = 0;
  std::int64_t trimmed_ms_ = 0;
  sqlite_statement remember_, keep_, withdraw_, drop_, forget_, aged_;
};

}  // namespace fanfare::history
