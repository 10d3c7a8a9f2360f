#pragma once

// One worker's sessions, and which of them have queued something in this turn of the loop. Each worker has its own, so
// nothing is locked. Inbound: server finds and opens sessions here. Outbound: sessions report their end here.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <fanfare/engineio/server.hpp>

#include "engineio/counters.hpp"

namespace fanfare::engineio {

class session;

/// Thread: its worker, but for worker(), options() and count().
class session_table : public std::enable_shared_from_this<session_table> {
 public:
  session_table(executor& worker, std::shared_ptr<const server_options> options, std::shared_ptr<counters> count)
      : worker_(worker), options_(std::move(options)), count_(std::move(count)) {}

  [[nodiscard]] executor& worker() noexcept { return worker_; }
  [[nodiscard]] const server_options& options() const noexcept { return *options_; }
  [[nodiscard]] counters& count() noexcept { return *count_; }

  [[nodiscard]] std::shared_ptr<session> find(std::string_view id) const;
  void insert(const std::shared_ptr<session>& opened);
  void erase(const std::string& id);
  /// How much later than a refused POST the polls of the session it ended are answered. They come on another
  /// connection, and engine.io-client takes what it hears first for the reason of the end.
  static constexpr milliseconds refusal_head_start{200};
  /// Marks a session as ended by a refused POST, for that long.
  void mark_refused(const std::string& id);
  [[nodiscard]] bool recently_refused(const std::string& id) const { return refused_.contains(id); }
  /// Lets go of sessions that nobody will end any more, as the worker has stopped.
  void clear();
  /// A copy: sessions may end while somebody goes through them.
  [[nodiscard]] std::vector<std::shared_ptr<session>> all() const;

  /// Has the session flushed once this turn of the loop is over: one deferral for all of them, so that a broadcast to
  /// thousands costs one, and a burst to one session leaves in one write.
  void flush_later(std::shared_ptr<session> dirty);

 private:
  void flush_all();

  executor& worker_;
  std::shared_ptr<const server_options> options_;
  std::shared_ptr<counters> count_;
  std::unordered_map<std::string, std::shared_ptr<session>> sessions_;
  std::unordered_set<std::string> refused_;
  std::vector<std::shared_ptr<session>> dirty_, flushing_;
};

}  // namespace fanfare::engineio
