#pragma once

// What a node has to append, in calls of append.lua: two under way at most, so that Redis works on one while this node
// is busy with the other's answer; what comes meanwhile is in the next.
// Inbound: redis_log. Outbound: redis/client.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "history/log.hpp"
#include "history/redis/stream_codec.hpp"
#include "redis/client.hpp"

namespace fanfare::history {

struct append_job {
  std::vector<entry> batch;
  std::vector<answer> answers;
  std::optional<fact> item;  // instead of a batch
  log::appended done;        // null: answered already, as too late
  steady_time deadline;
  [[nodiscard]] bool kept() const;  // nothing to wait for Redis with, otherwise
};

struct appender_options {
  std::string key;   // the stream
  std::string node;  // names this life of this node: unique in the fleet
  memory_log_options bounds;
  milliseconds answer_window{600000};
  std::size_t answers_max = 100000;  // to publishers, that are kept for it; the oldest go first
  unsigned min_replicas = 0;         // that must have a batch before it is acknowledged
  milliseconds replica_timeout{1000};
  std::size_t call_entries_max = 1000, call_bytes_max = 4194304;  // gathered into one call
};

/// A call whose fate is unknown is made again under its number, which the script answers as it did before; those behind
/// it too, in their order. The script runs none whose predecessor it has not run. Thread: the client's.
class redis_appender {
 public:
  struct answered {
    std::vector<append_job> jobs;
    std::vector<result<placed>> outcomes;  // one a job
    stream_id before;                      // of the stream
    standing now;
  };
  struct events {
    std::function<void(answered)> done;
    /// The connection was lost, or the log is not the one that was joined: nothing more is sent until go().
    std::function<void()> lost;
    /// Redis refuses to run it; the jobs have been answered.
    std::function<void(const std::string& why)> refused;
  };
  redis_appender(executor& home, appender_options options, events told);

  void add(append_job job);
  /// The log is known: what waits is sent. `client` until pause().
  void go(redis::client& client, std::string script, std::string epoch);
  void pause() noexcept { client_ = nullptr; }
  /// The newest position known to have been in the log, and by whom, for join.lua.
  void know(std::uint64_t head, std::string by);
  /// Of another log: that it reaches up to there is all that is known.
  void forget(std::uint64_t head) {
    known_head_ = head;
    known_by_.clear();
  }
  [[nodiscard]] std::uint64_t known_head() const noexcept { return known_head_; }
  [[nodiscard]] const std::string& known_by() const noexcept { return known_by_; }
  /// Answers with unavailable what has waited too long.
  void expire(steady_time now);
  /// Takes out what waits, unsent, and is kept nowhere.
  [[nodiscard]] std::vector<append_job> take_passing();
  [[nodiscard]] bool idle() const noexcept { return waiting_.empty() && calls_.empty(); }

 private:
  static constexpr std::size_t calls_max = 2;   // append.lua remembers the answers to so many
  static constexpr std::size_t split_min = 32;  // jobs
  struct call {
    std::uint64_t number = 0;
    std::vector<append_job> jobs;
    bool sent = false;  // else it is to be made again
  };
  void flush();
  void gather();
  void send(call& which);
  void lose();
  void on_reply(std::uint64_t number, const result<std::vector<redis::reply>>& came);
  void refuse(std::uint64_t number, const std::string& why);
  [[nodiscard]] bool settle(const std::vector<redis::reply>& replies);

  executor& home_;
  const appender_options options_;
  const events told_;
  redis::client* client_ = nullptr;  // null: not now
  std::string script_, epoch_;
  std::deque<append_job> waiting_;
  std::deque<call> calls_;  // under way, or to be made again: the oldest first
  bool flush_due_ = false;
  std::uint64_t call_number_ = 0, sendings_ = 0, connection_ = 0;
  std::uint64_t known_head_ = 0;
  std::string known_by_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fanfare::history
