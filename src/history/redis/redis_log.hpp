#pragma once

// history::log in a Redis that several nodes share: one order for all of them. Every node reads the stream and delivers
// from it, its own events too. Inbound: publishing, feed, replay. Outbound: redis_joiner, redis_appender,
// redis_follower, and the newest part of the log in memory.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>

#include "history/log.hpp"
#include "history/memory_log.hpp"
#include "history/redis/listeners.hpp"
#include "history/redis/redis_appender.hpp"
#include "history/redis/redis_follower.hpp"
#include "history/redis/redis_joiner.hpp"
#include "history/redis/redis_reader.hpp"
#include "history/redis/stream_codec.hpp"
#include "history/redis/waiting_answers.hpp"

namespace fanfare::history {

struct redis_log_options {
  std::string prefix = "{fanfare}";   // of all keys; in braces, so that they lie in one slot of a cluster
  appender_options appender;          // its key is made of the prefix; its bounds are the log's, the same on every node
  memory_log_options window;          // what is answered without asking Redis
  milliseconds patience{5000};        // how long what is appended waits for a Redis that is away
  milliseconds start_timeout{10000};  // 0: nobody waits, as where `home` is the caller's own thread
  std::size_t page_bytes_max = 1048576;  // of one question to Redis
  redis_follower::client_maker make_client;
  std::function<std::string()> draw_epoch;  // another one each time: 1 to 32 letters and digits
  /// Told when Redis is away or refuses, with the reason, and when it takes events again, with "". On `home`.
  std::function<void(const std::string& reason)> on_trouble;
  metrics::registry* metrics = nullptr;
};

/// Entries are observed and appends answered on `home`. While Redis is away, appends of kept entries wait for
/// `patience`, or fail at once when it has been away for longer; what is not kept goes to this node's observer alone.
/// Back, it reads on where it was; what it finds lost or dropped meanwhile it tells as a break. Thread: any but `home`
/// to make, close and destroy; else any.
class redis_log final : public log {
 public:
  /// Waits until Redis has answered. Throws std::runtime_error, for the operator, when it does not. `home` must outlive
  /// it. Where nobody waits, epoch() is "" until Redis has answered, and what is kept fails until then.
  redis_log(executor& home, redis_log_options options);
  ~redis_log() override { close(); }
  redis_log(const redis_log&) = delete;
  redis_log& operator=(const redis_log&) = delete;

  void observe(observer work) override { told_.observe(std::move(work)); }
  void on_break(std::function<void()> work) override { told_.on_break(std::move(work)); }
  void watch_facts(fact_watcher watcher) override;
  void append(std::vector<entry> batch, std::vector<answer> answers, appended done) override;
  void keep(fact item, kept done) override;
  [[nodiscard]] bool shared() const override { return true; }
  void find(std::string name, found done) const override;
  void read(range wanted, page_ready done) const override;
  void close() override;
  /// close() without the wait: once closed(), close() and the destructor have nothing to wait for. Thread: any.
  void begin_close();
  [[nodiscard]] bool closed() const { return guarded(ended_); }
  [[nodiscard]] std::uint64_t head() const override { return guarded(head_); }
  [[nodiscard]] std::uint64_t oldest() const override { return guarded(oldest_); }
  [[nodiscard]] std::string epoch() const override { return guarded(epoch_); }
  [[nodiscard]] usage used() const override { return guarded(used_); }
  [[nodiscard]] bool ready() const override { return guarded(ready_) && !guarded(refusing_); }
  void trim(std::int64_t now_ms) override;

 private:
  template <class Value>
  [[nodiscard]] Value guarded(const Value& what) const {
    const std::lock_guard guard(mutex_);
    return what;
  }
  void give(append_job job);
  // All of these on home.
  void start();
  void end();
  void take_inbox();
  [[nodiscard]] known_log known() const;
  void on_joined(const standing& now, bool missed, bool moved);
  void on_away(const std::string& reason);
  void break_off(std::string_view cause);
  void follow(const stream_id& after, bool all_facts);
  [[nodiscard]] bool on_item(const redis::reply& came);
  [[nodiscard]] bool on_event(const entry& item, const std::string& by);
  void observe_one(const entry& item);
  void set_refusing(bool now, const std::string& why);
  void on_answered(redis_appender::answered came);
  void observe_own(const redis_appender::answered& came);
  void give_answers();
  void tick();
  void pass_locally();
  void take_standing(const standing& now);
  void count(std::string_view name, std::string_view help, std::string_view cause) const;

  executor& home_;
  const redis_log_options options_;
  const std::string key_;
  mutable memory_log window_;

  listeners told_;

  // Home's own.
  std::unique_ptr<redis_joiner> joiner_;
  std::unique_ptr<redis_appender> appender_;
  std::unique_ptr<redis_reader> reader_;
  std::unique_ptr<redis_follower> follower_;
  bool following_ = false, facts_missed_ = false;
  std::uint64_t follows_ = 0;  // times that it began to follow: only the last counts
  std::optional<steady_time> away_since_;
  bool doubts_ = false;  // what follows waits until it is known whether what it lacks was dropped
  // What is read up to there lacks nothing that was not asked about, or, up to the second, that was not told as a
  // break.
  std::uint64_t whole_to_ = 0, broken_to_ = 0;
  waiting_answers answers_;
  timer_id timer_ = 0;

  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable changed_;
  std::vector<append_job> inbox_;
  bool open_ = false, stopping_ = false, ended_ = false, ready_ = false, refusing_ = false, all_told_ = false;
  std::string epoch_, trouble_;
  std::uint64_t head_ = 0, oldest_ = 0;
  usage used_;
};

}  // namespace fanfare::history
