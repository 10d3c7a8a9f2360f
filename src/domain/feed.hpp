#pragma once

// What the log brings and holds, for those who listen: hands each event to the delivery in log order, lets subscribers
// in between two events, and reads the past in pages.
// Inbound: history/log (live entries), api and replay (subscribers, readers). Outbound: delivery, history/log.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/value.hpp>

#include "domain/filter_rooms.hpp"
#include "history/log.hpp"

namespace fanfare::domain {

/// One event ready for the sockets. References hold during the call only.
struct outgoing {
  const std::string& type;                // the Socket.IO event's name
  const value& envelope;                  // its one argument, cursor included
  const std::vector<std::string>& rooms;  // public ones and the internal rooms of matching filters
  std::uint64_t sequence;                 // broadcast_options::sequence; 0 for events that are not kept
  const std::string& conflate_key;
};

/// Whoever reaches the sockets. Called in log order, one at a time, under the feed's mutex: hand over and return; of
/// the feed call release() and head_cursor() at most.
class delivery {
 public:
  virtual ~delivery() = default;
  virtual void deliver(const outgoing& event) = 0;
  /// What was delivered was not all, or is no longer in the log: whoever listens must come back with its cursor, and
  /// hear nothing more until then.
  virtual void interrupted() {}
};

struct replayed {
  std::string type;
  value envelope;  // with cursor
};

struct feed_options {
  std::size_t filters_max = 10000;  // distinct pairs of room and filter
  metrics::registry* metrics = nullptr;
};

/// Thread: any. Its log and delivery must outlive it.
class feed {
 public:
  feed(history::log& log, delivery& out, feed_options options = {});
  ~feed();
  feed(const feed&) = delete;
  feed& operator=(const feed&) = delete;

  struct subscription {
    std::string room;
    filter_ptr only;  // null: everything
  };
  struct entered {
    std::vector<std::string> joined;  // one a subscription: internal rooms when filtered
    std::uint64_t head = 0;           // where live events go on
  };
  /// Lets a subscriber in, to all of the rooms at one head. `join` runs once, under the mutex, with the rooms to join
  /// and the head: the caller joins its socket to them `after` that; when it fails, so does this. With a filter the
  /// rooms are internal ones: give them back with release() when the socket leaves them. Fails: over_limit (filters),
  /// and what `join` fails with.
  using join_rooms = std::function<result<void>(const std::vector<std::string>& rooms, std::uint64_t after)>;
  [[nodiscard]] result<entered> enter(const std::vector<subscription>& wanted, const join_rooms& join);
  void release(const std::string& internal_room);

  /// Which entries are wanted, by their rooms, position and envelope; empty: all.
  using selection = std::function<bool(const history::entry& item, const value& envelope)>;
  /// What the filter lets through.
  [[nodiscard]] static selection matching(filter_ptr only);
  /// A page of what has been; the entries that `only` keeps out are left out.
  struct page {
    std::vector<replayed> events;
    std::vector<std::uint64_t> positions;  // of each
    std::uint64_t seen =
        0;  // the position of the last entry looked at, also of one left out; `after` when there is none
    std::size_t bytes = 0;               // of what was looked at, as JSON
    bool complete = true, more = false;  // history::page
  };
  /// `done` runs once, from any thread, maybe before read() returns. Fails: unavailable.
  using page_ready = std::function<void(result<page>)>;
  void read(history::range wanted, selection only, page_ready done) const;

  /// Where a reader goes on: after a position, or at a time.
  struct start {
    std::uint64_t after = 0;
    std::int64_t since_ms = 0;  // history::range
  };
  /// What `since` names, a cursor or an RFC 3339 time; nothing when a cursor leads nowhere now: another life of the
  /// log, or past the head. Fails: bad_request, neither of them.
  [[nodiscard]] result<std::optional<start>> start_of(std::string_view since) const;
  /// Runs `then` on `worker`, inline where it can: at once, unless `since` is a cursor from a node that is ahead of
  /// this one; then once this one has come as far, or after 5 s. Thread: `worker`'s.
  void catch_up(std::string_view since, executor& worker, std::function<void()> then);
  [[nodiscard]] std::string cursor_at(std::uint64_t position) const;
  /// The position of the newest kept event, and its cursor.
  [[nodiscard]] std::uint64_t head() const noexcept { return head_; }
  [[nodiscard]] std::string head_cursor() const { return cursor_at(head_); }
  [[nodiscard]] std::size_t active_filters() const;

 private:
  void deliver(const history::entry& item);
  void break_off();
  void wake(std::uint64_t up_to);
  [[nodiscard]] result<std::string> acquire(const std::string& room, const filter_ptr& only);

  history::log& log_;
  delivery& delivery_;
  std::mutex mutex_;                 // delivery order: an event is delivered, or a subscriber let in
  std::atomic<std::uint64_t> head_;  // written under mutex_
  // Who waits for a position, by it and a number of its own; under mutex_.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::function<void()>> ahead_;
  std::uint64_t waits_ = 0;
  // Taken after mutex_, and never while delivering: a socket that a delivery overflows may close at once and give
  // its filters back.
  mutable std::mutex filters_mutex_;
  filter_rooms filters_;
  metrics::cell* evaluated_ = nullptr;
};

/// What the rooms hold, for those who ask by HTTP.
struct history_page {
  std::vector<replayed> events;
  std::string cursor;     // `since` of the next page
  bool recovered = true;  // false: something after `since` is gone, or the cursor is of another life of the log
  bool more = false;
};
using history_answer = std::function<void(result<history_page>)>;
/// What came after `since`, from the start when not given; `done` as feed::read(). Fails: bad_request (`since`),
/// unavailable.
void read_history(const feed& events, const std::vector<std::string>& rooms, const std::optional<std::string>& since,
                  std::size_t limit, history_answer done);
/// The newest `limit` events, oldest first; `more`: there are older ones. Fails: unavailable.
void read_newest(const feed& events, const std::vector<std::string>& rooms, std::size_t limit, history_answer done);

/// The room that clients know: without the mark and hash of an internal one.
[[nodiscard]] std::string_view public_room(std::string_view room) noexcept;

}  // namespace fanfare::domain
