#pragma once

// history::log in this process's memory, bounded in bytes, entries and age; an index per room.

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "history/log.hpp"

namespace fanfare::history {

struct memory_log_options {
  std::size_t bytes_max = 67108864;  // of all entries, bookkeeping included
  std::size_t entries_max = 100000;
  std::size_t room_entries_max = 10000;  // of one room, so that a loud one does not push the others out
  std::chrono::milliseconds age_max{std::chrono::hours{24}};  // zero: no bound
};

/// Keeps the newest entries; append() and trim() drop the oldest past a bound and free their memory. The age bound
/// goes by the entries' own time_ms, so no clock is needed. Thread: any.
class memory_log : public log {
 public:
  /// `epoch` must be new for every life of the process: the caller draws it at random.
  explicit memory_log(std::string epoch, memory_log_options options = {});

  void observe(observer work) override;
  void append(std::vector<entry> batch, std::vector<answer> answers, appended done) override;
  void keep(fact, kept done) override { done({}); }  // for as long as the process lives
  void read(range wanted, page_ready done) const override;
  [[nodiscard]] std::uint64_t head() const override;
  [[nodiscard]] std::uint64_t oldest() const override;
  [[nodiscard]] const std::string& epoch() const noexcept override { return epoch_; }
  [[nodiscard]] usage used() const override;
  void trim(std::int64_t now_ms) override;

 private:
  struct record {
    entry item;
    std::size_t bytes = 0;
    std::size_t indexed = 0;  // rooms that still list it; 0 frees its content, though its place in line stays
  };
  struct room_index {
    std::deque<std::uint64_t> positions;
    std::uint64_t trimmed_to = 0;  // newest position of this room that is gone
  };
  [[nodiscard]] result<std::vector<std::uint64_t>> store(std::vector<entry>& batch);
  void store(const entry& item);
  void drop_oldest();
  void drop_oldest_of(room_index& index);
  void forget(record& gone);
  void trim_locked(std::int64_t now_ms);
  [[nodiscard]] page look_up(const range& wanted) const;
  [[nodiscard]] std::uint64_t position_before(std::int64_t time_ms) const;

  const std::string epoch_;
  const memory_log_options options_;
  std::mutex order_;         // held while a batch is stored and observed; taken before data_
  mutable std::mutex data_;  // guards all below but observer_
  observer observer_;
  std::deque<record> records_;  // records_[i] has position first_ + i
  std::uint64_t first_ = 1;
  std::uint64_t trimmed_to_ = 0;  // newest position gone from anywhere
  std::unordered_map<std::string, room_index> rooms_;
  usage usage_;
};

}  // namespace fanfare::history
