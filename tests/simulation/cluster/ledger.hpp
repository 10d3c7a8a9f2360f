#pragma once

// What was promised to whom, and what came: says what is wrong as soon as it is. Inbound: listener, author, course.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "packet.hpp"
#include "scheduler.hpp"

namespace fanfare::simulation {

/// Positions are of one line over all epochs, as the log promises. As long as Redis has lost nothing, all is looked at
/// with each event; from the first loss on, who lost what is known only when all have come to rest.
class ledger {
 public:
  explicit ledger(scheduler& at) : at_(at) {}

  struct event {
    std::vector<std::string> rooms;
    bool kept = true;
    bool durable = true;                        // kept, and nothing newer takes its place
    std::optional<std::uint64_t> acknowledged;  // its position
  };
  void published(const std::string& id, event what) { events_.emplace(id, std::move(what)); }
  void acknowledged(const std::string& id, const std::string& cursor);

  /// One client, over all its connections. Between two answers that say "not recovered" nothing may be missing.
  struct listener {
    std::string name;
    std::set<std::string> rooms;
    std::set<std::string> here;  // ids that this connection has brought
    std::set<std::string> seen;  // since `start`
    std::string epoch;
    std::uint64_t start = 0, last = 0, checked = 0;
    std::uint64_t live = 0;              // the last that came live on this connection
    bool is_in = false, let_in = false;  // on this connection; ever
  };
  void connects(listener& who) {
    who.here.clear();
    who.live = 0;
    who.is_in = false;
  }
  void came(listener& who, const packet& what);

  /// What the log has, as Redis knows it now.
  using log_view = std::function<const std::map<std::uint64_t, std::string>&()>;
  void look_at(log_view where) { log_ = std::move(where); }

  /// Redis has forgotten what it had beyond `head`: nodes that knew of it, and that live, are to tell.
  void lost(std::uint64_t head, std::vector<std::string> witnesses);
  /// Redis may lose something: no more checks with each event.
  void doubt() { certain_ = false; }
  /// What is not kept may come twice from now on, as a node passes it without Redis, or Redis has forgotten that it was
  /// there; its publisher asked again.
  void expect_repeats() { may_repeat_ = true; }
  /// All has come to rest. `alive`: the names of the nodes that are.
  void settle(const std::vector<const listener*>& all, const std::set<std::string>& alive);
  /// What an acknowledgement means when replicas had to have it: nothing acknowledged is lost.
  bool replicated = false;

  void fail(const std::string& what);
  [[nodiscard]] bool well() const noexcept { return faults_.empty(); }
  [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }

  /// What happened, newest last; kept when `tracing`.
  void note(const std::string& what);
  bool tracing = false;
  [[nodiscard]] const std::vector<std::string>& trace() const noexcept { return trace_; }

  struct counts {
    std::uint64_t events = 0, acknowledged = 0, deliveries = 0, recovered = 0, unrecovered = 0, losses = 0;
  };
  [[nodiscard]] const counts& counted() const noexcept { return counts_; }

 private:
  struct loss {
    std::uint64_t head;
    std::vector<std::string> witnesses;
  };
  void event_came(listener& who, const packet& what);
  void nothing_missing(listener& who, std::uint64_t up_to);
  [[nodiscard]] bool wanted_by(const listener& who, const event& what) const;

  scheduler& at_;
  std::map<std::string, event> events_;
  std::map<std::pair<std::string, std::uint64_t>, std::string> at_position_;  // epoch, position -> id
  log_view log_;
  std::vector<loss> losses_;
  bool certain_ = true, may_repeat_ = false;
  std::vector<std::string> faults_, trace_;
  counts counts_;
};

}  // namespace fanfare::simulation
