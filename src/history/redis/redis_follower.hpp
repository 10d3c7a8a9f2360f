#pragma once

// Reads the log's stream as it grows, over a connection of its own. Inbound: redis_log. Outbound: redis/client.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "history/redis/stream_codec.hpp"
#include "redis/client.hpp"

namespace fanfare::history {

/// Thread: the executor's.
class redis_follower {
 public:
  using client_maker = std::function<std::unique_ptr<redis::client>()>;
  struct events {
    /// Each, in the stream's order. False: it and what follows wait for go_on(), and nothing more is read until then.
    std::function<bool(const redis::reply& item)> item;
    /// A page of them has been given.
    std::function<void()> pause;
    /// Something that passed was gone before it could be read, behind what cover() has said.
    std::function<void()> missed;
    /// The connection was lost, or Redis refuses: nothing more is read until read_on().
    std::function<void()> lost;
  };
  struct options {
    std::string key;                 // the stream
    milliseconds block{2000};        // how long Redis holds a question; also how soon silence is noticed
    milliseconds patience{5000};     // beyond that, for the answer
    std::size_t page_entries = 500;  // at most; fewer after a loss
  };
  redis_follower(executor& home, client_maker make, options how, events told)
      : home_(home), make_(std::move(make)), options_(std::move(how)), told_(std::move(told)) {}
  ~redis_follower() { stop(); }
  redis_follower(const redis_follower&) = delete;
  redis_follower& operator=(const redis_follower&) = delete;

  /// Goes on behind `after`, over a new connection.
  void read_on(const stream_id& after);
  void stop();
  /// The same; whoever goes on later goes on behind `after`.
  void stop_at(const stream_id& after) {
    stop();
    last_ = read_to_ = after;
  }
  /// Gives what waits, from the one that was not taken.
  void go_on();
  /// The last that has been read, given or not.
  [[nodiscard]] const stream_id& read_to() const noexcept { return read_to_; }
  /// Of what passed up to there nothing can be missed any more: it is known otherwise.
  void cover(const stream_id& to) { covered_ = std::max(covered_, to); }
  /// What has been given up to here; what was read otherwise is not given again.
  [[nodiscard]] const stream_id& last() const noexcept { return last_; }
  void pass(const stream_id& to) { last_ = std::max(last_, to); }

 private:
  void ask();
  void take(const result<std::vector<redis::reply>>& came);
  void give(std::span<const redis::reply> items);

  executor& home_;
  const client_maker make_;
  const options options_;
  const events told_;
  std::unique_ptr<redis::client> client_;
  std::shared_ptr<bool> asked_;  // of this connection; gone with it
  stream_id last_, covered_, read_to_;
  std::vector<redis::reply> waiting_;  // for go_on()
  bool unheard_ = false;               // when they were read, something that passed was gone
  std::size_t page_entries_ = 1;
};

}  // namespace fanfare::history
