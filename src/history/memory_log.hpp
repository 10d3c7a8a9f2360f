#pragma once

// history::log in this process's memory, bounded in bytes, entries and age; an index per room.

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "history/log.hpp"

namespace fanfare::history {

struct memory_log_options {
  std::size_t bytes_max = 67108864;  // of all entries, bookkeeping included
  std::size_t entries_max = 100000;
  std::size_t room_entries_max = 10000;  // of one room, so that a loud one does not push the others out
  std::chrono::milliseconds age_max{std::chrono::hours{24}};  // zero: no bound
};

/// Keeps the newest entries; append() and trim() drop the oldest past a bound and free their memory. Ages and expiries
/// go by the entries' own times, so no clock is needed. Thread: any.
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
  [[nodiscard]] std::string epoch() const override { return epoch_; }
  [[nodiscard]] usage used() const override;
  void trim(std::int64_t now_ms) override;

  /// As the newest part of a log that is kept elsewhere: forgets all, and holds what comes after `position`.
  void begin_after(std::uint64_t position);
  /// Holds an entry that has its position there, after all that it was given; nobody observes it.
  void admit(const entry& item);

 private:
  struct record {
    entry item;
    std::size_t bytes = 0;
    std::size_t indexed = 0;  // rooms that still list it; 0: its content is gone, its position and time stay in line
  };
  struct room_index {
    std::deque<std::uint64_t> positions;
    std::uint64_t trimmed_to = 0;  // newest position of this room that is gone
    std::size_t loose = 0;         // of its positions, those whose entry may be dropped for the room's bound
    std::uint64_t loose_from = 0;  // none of these is before it
  };
  using is_one = bool (*)(const record&);
  [[nodiscard]] result<placed> store(std::vector<entry>& batch);
  void store(const entry& item);
  void supersede(const entry& by);
  [[nodiscard]] record& at(std::uint64_t position);  // that is listed
  [[nodiscard]] const record& at(std::uint64_t position) const;
  [[nodiscard]] record* next(std::uint64_t& from, is_one wanted);
  enum class gap : bool { none, told };
  void unlist(record& from, const std::string& room, gap left);
  void drop(record& gone);
  void drop_oldest_of(const std::string& room);
  void forget(record& gone);
  void tidy();
  void trim_locked(std::int64_t now_ms);
  [[nodiscard]] bool too_much_is_firm() const;
  [[nodiscard]] page look_up(const range& wanted) const;
  [[nodiscard]] std::uint64_t position_before(std::int64_t time_ms) const;

  const std::string epoch_;
  const memory_log_options options_;
  std::mutex order_;         // held while a batch is stored and observed; taken before data_
  mutable std::mutex data_;  // guards all below but observer_
  observer observer_;
  std::deque<record> records_;    // by position; the first has its content
  std::size_t hollow_ = 0;        // of them, those without
  std::uint64_t head_ = 0;        // newest position ever given
  std::uint64_t trimmed_to_ = 0;  // newest position gone from anywhere
  // Where to look for the oldest entry that the bound on ages, and that those on size, may drop, and the oldest firm
  // one: there is none before. And what has an expiry of its own, by that.
  std::uint64_t aging_from_ = 0, loose_from_ = 0, firm_from_ = 0;
  std::set<std::pair<std::int64_t, std::uint64_t>> expiring_;
  std::unordered_map<std::string, std::vector<std::uint64_t>> newest_;  // conflation key -> entries only_newest
  std::size_t firm_entries_ = 0, firm_bytes_ = 0;                       // that never expire
  std::unordered_map<std::string, room_index> rooms_;
  usage usage_;
};

}  // namespace fanfare::history
