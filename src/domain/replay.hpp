#pragma once

// What one subscriber missed, page by page: the next is read when the last has left. Sans-I/O.
// Inbound: api/subscriptions. Outbound: feed (pages), receiver (events).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "domain/feed.hpp"

namespace fanfare::domain {

struct replay_bounds {
  std::size_t page_entries = 500;
  std::size_t page_bytes = 131072;     // what one replay holds in memory, about
  std::size_t bytes_max = 1073741824;  // of all that is looked at, as JSON
  milliseconds time_max{60000};
};

/// The events after a position, or the newest so many, up to the head at which the subscriber was let in. Ends as not
/// recovered when something has been trimmed, the log cannot be read, a bound is reached or stop() is called.
/// Thread: the worker.
class replay : public std::enable_shared_from_this<replay> {
 public:
  struct wish {
    std::vector<std::string> rooms;
    feed::start from;
    std::optional<std::size_t> last;  // instead of `from`: the newest so many that `only` lets through
    std::uint64_t head = 0;
    feed::selection only;
  };
  struct receiver {
    std::function<void(replayed)> send;
    /// Has `go_on` called once all that was sent has left; never inline, and not at all if the subscriber goes.
    std::function<void(std::function<void()> go_on)> when_drained;
  };
  using ended = std::function<void(bool recovered)>;

  /// `done` runs once on the worker, after start() has returned; not if the replay is dropped before.
  replay(const feed& events, executor& worker, wish what, replay_bounds bounds, receiver to, ended done);
  ~replay() { worker_.cancel(timer_); }
  void start();
  /// Sends nothing more; `done` runs before this returns, unless it has.
  void stop() { finish(false); }
  [[nodiscard]] const wish& what() const noexcept { return what_; }

 private:
  using step = void (replay::*)(result<feed::page>);
  void seek(std::uint64_t up_to);
  void sought(result<feed::page> came);
  void next();
  void got(result<feed::page> came);
  void read(history::range wanted, step then);
  void finish(bool recovered);

  const feed& events_;
  executor& worker_;
  wish what_;
  const replay_bounds bounds_;
  receiver to_;
  ended done_;
  timer_id timer_ = 0;
  std::size_t found_ = 0;  // of the newest
  std::size_t bytes_ = 0;
};

}  // namespace fanfare::domain
