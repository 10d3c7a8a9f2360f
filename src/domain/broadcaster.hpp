#pragma once

// The heart: drafts in, one order of events out. Validates, answers repeats, appends to the log, and hands each event
// to the delivery in log order; lets subscribers in between two events, so that replay and live never overlap or gap.
// Inbound: api/publish, api/github, api/gateway. Outbound: history/log, then delivery.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/base/metrics.hpp>
#include <fanfare/base/value.hpp>

#include "domain/access/principal.hpp"
#include "domain/catalogue/catalogue.hpp"
#include "domain/envelope.hpp"
#include "domain/filter_rooms.hpp"
#include "domain/idempotency.hpp"
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

/// Whoever reaches the sockets. Called in log order, one at a time, under the broadcaster's mutex: hand over and
/// return; of the broadcaster call release() and head_cursor() at most.
class delivery {
 public:
  virtual ~delivery() = default;
  virtual void deliver(const outgoing& event) = 0;
};

/// On whose behalf, and when.
struct publish_context {
  std::string publisher;        // key name or "sub:<sub>": ids and idempotency keys count per publisher
  std::string idempotency_key;  // of the whole request; "" none
  std::string request_digest;   // of what came with that key; the same key with another one is refused
  std::string default_source = "/fanfare";
  /// Asked for every room of every event; empty: anywhere.
  std::function<result<void>(const std::string& room)> may_publish;
  system_time now;
  steady_time steady_now;
};

using accepted = idempotency::answer;  // {id, cursor}
struct publish_answer {
  std::vector<accepted> events;  // as many as drafts, in their order
  bool repeated = false;         // nothing new was sent
};

struct replayed {
  std::string type;
  value envelope;  // with cursor
};
struct subscription {
  std::vector<std::string> rooms;
  std::optional<std::string> since;
  filter_ptr only;                  // null: everything
  std::optional<std::size_t> last;  // without `since`: the newest so many that `only` lets through come first
};
struct subscribed {
  std::string cursor;  // where live events go on
  std::uint64_t head = 0;
  bool recovered = false;           // `since` or `last` was given and all that it asks for is in `events`
  std::vector<replayed> events;     // send these before anything the room brings
  std::vector<std::string> joined;  // the rooms joined: internal ones when filtered
};

struct broadcaster_options {
  std::vector<std::string> room_kinds;  // that there are; none: any well-formed room will do
  std::size_t batch_max = 1000;
  std::size_t event_bytes_max = 1000000;  // of one envelope's JSON text
  std::size_t replay_max = 10000;         // events; past it recovered is false and nothing is replayed
  std::size_t filters_max = 10000;        // distinct pairs of room and filter
  std::size_t waiting_max = 10000;        // repeats that wait for their first request
  idempotency::options repeats;
  envelope_limits envelope;
  metrics::registry* metrics = nullptr;
};

/// Thread: any. Its log and delivery must outlive it.
class broadcaster {
 public:
  broadcaster(const catalogue& types, history::log& log, delivery& out, broadcaster_options options = {});
  ~broadcaster();
  broadcaster(const broadcaster&) = delete;
  broadcaster& operator=(const broadcaster&) = delete;

  /// Publishes all of the batch or none of it. Events of one publisher whose source and id were accepted within the
  /// window are answered as then and not sent again; so is a whole request by its idempotency key. `done` runs once:
  /// with memory_log before publish() returns (unless the same key is under way on another thread).
  /// Fails: bad_request with a pointer ("/1/data/project_id" when the batch was an array; see `batch`), forbidden,
  /// payload_too_large, over_limit, idempotency_mismatch, unavailable.
  using published = std::function<void(result<publish_answer>)>;
  void publish(std::vector<draft> drafts, publish_context context, published done, bool batch = true);

  /// Lets a subscriber in. `join` runs once, under the mutex, with the rooms to join and the head: the caller joins
  /// its socket to them `after` that; when it fails, so does the subscription. With a filter the rooms are internal
  /// ones: give them back with release() when the socket leaves them.
  /// Fails: bad_request (a malformed cursor), over_limit (filters), and what `join` fails with.
  using join_rooms = std::function<result<void>(const std::vector<std::string>& rooms, std::uint64_t after)>;
  [[nodiscard]] result<subscribed> subscribe(const subscription& wish, const join_rooms& join);
  void release(const std::string& internal_room);

  /// What the rooms hold after `since` (from the start when not given), for GET history and tools.
  struct history_page {
    std::vector<replayed> events;
    std::string cursor;     // `since` of the next page
    bool recovered = true;  // false: something after `since` is gone, or the cursor is of another life of the log
    bool more = false;
  };
  [[nodiscard]] result<history_page> read(const std::vector<std::string>& rooms,
                                          const std::optional<std::string>& since, std::size_t limit) const;
  /// The newest `limit` events of the rooms, oldest first; `more`: there are older ones.
  [[nodiscard]] result<history_page> read_last(const std::vector<std::string>& rooms, std::size_t limit) const;
  /// The cursor of the newest kept event.
  [[nodiscard]] std::string head_cursor() const;
  [[nodiscard]] std::size_t active_filters() const;

 private:
  struct job;
  [[nodiscard]] result<history::entry> complete(draft& item, const publish_context& context) const;
  enum class next_step { send, wait, answer, refuse };
  [[nodiscard]] next_step plan(job& work);
  void start(const std::shared_ptr<job>& work);
  void finish(job& work, const result<std::vector<std::uint64_t>>& positions);
  void answer(job& work);
  void deliver(const history::entry& item);
  void count_refused(const error& why) const;
  [[nodiscard]] result<std::string> acquire(const std::string& room, const filter_ptr& only);
  [[nodiscard]] std::vector<replayed> replay(const std::vector<history::entry>& entries, const filter* only) const;

  const catalogue& types_;
  history::log& log_;
  delivery& delivery_;
  const broadcaster_options options_;
  std::mutex mutex_;                 // delivery order: an event is delivered, or a subscriber let in
  std::atomic<std::uint64_t> head_;  // written under mutex_
  // Taken after mutex_, and never while delivering: a socket that a delivery overflows may close at once and give
  // its filters back.
  mutable std::mutex filters_mutex_;
  filter_rooms filters_;
  std::mutex repeats_mutex_;  // never held while the log or a callback runs
  idempotency repeats_;
  std::vector<std::shared_ptr<job>> waiting_;  // for keys that are under way
  metrics::cell* published_ = nullptr;
  metrics::cell* repeated_ = nullptr;
  metrics::cell* evaluated_ = nullptr;
};

/// The room that clients know: without the mark and hash of an internal one.
[[nodiscard]] std::string_view public_room(std::string_view room) noexcept;

}  // namespace fanfare::domain
