#pragma once

// Appends that Redis has answered, and that are answered in turn once this node has observed what they appended: who
// publishes and then reads finds it. Inbound: redis_log.

#include <deque>
#include <functional>
#include <utility>

#include <fanfare/base/executor.hpp>

#include "history/redis/stream_codec.hpp"

namespace fanfare::history {

/// Thread: one.
class waiting_answers {
 public:
  void add(const stream_id& until, steady_time deadline, std::function<void()> give) {
    waiting_.push_back({until, deadline, std::move(give)});
  }
  /// Gives those of what has been observed, up to `seen`, and those that are late. Whether one was late.
  bool give(const std::function<stream_id()>& seen, steady_time now) {
    bool late = false;
    while (!waiting_.empty() && (waiting_.front().until <= seen() || waiting_.front().deadline <= now)) {
      const auto ready = std::move(waiting_.front());
      waiting_.pop_front();
      late = late || ready.until > seen();
      ready.give();
    }
    return late;
  }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

 private:
  struct waiting {
    stream_id until;
    steady_time deadline;
    std::function<void()> give;
  };
  std::deque<waiting> waiting_;
};

}  // namespace fanfare::history
