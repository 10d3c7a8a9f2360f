#pragma once

// Who is in which room on the other nodes of a fleet, and telling them who is here. Sans-I/O: it travels as facts of
// the log that the nodes share. Inbound: connection_table, a timer. Outbound: history::log.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "history/log.hpp"

namespace fanfare::domain {

/// What a node says of itself.
struct node_info {
  std::string name;       // 1 to 64 letters, digits, '-', '_'; another one for each life of a node
  std::uint16_t tag = 0;  // that the session ids name which it gives; drawn at random
  std::string address;    // HOST:PORT, where other nodes reach it; "" when they do not
  bool draining = false;
  friend bool operator==(const node_info&, const node_info&) = default;
};

/// Only changes are told, and a node's life: what it costs does not grow with who stays. A node that is silent is gone
/// within `timeout`, and all that was with it; one that comes back tells all again. Thread: any.
class fleet_members {
 public:
  struct events {
    /// How many connections of the user are in the room on this node now.
    std::function<std::size_t(const std::string& room, const std::string& user)> here;
    /// The user has come to the other nodes' part of the room, or gone from it.
    std::function<void(const std::string& room, const std::string& user, bool joined)> changed;
  };

  /// The log must outlive it.
  fleet_members(history::log& log, node_info self, milliseconds timeout)
      : log_(log), node_(self.name), timeout_(timeout), self_(std::move(self)) {}

  /// Before anything else.
  void attach(events told) { told_ = std::move(told); }
  /// The number of the user's connections in the room is another one here; told with the next tick().
  void touch(const std::string& room, const std::string& user);
  /// Tells what is new, and that this node lives; notices who does not. Some times in `timeout`, from one thread.
  /// `now_ms`: Unix time.
  void tick(std::int64_t now_ms, steady_time now);
  /// Told with the next tick().
  void set_address(std::string address);
  void set_draining();
  /// This node is going: the others need not wait for its silence.
  void leave();

  /// From the log: what another node keeps, and all that is kept, when something of it was missed.
  void hear(const history::fact& item);
  void reread(const std::vector<history::fact>& all, std::int64_t now_ms, steady_time now);

  /// On the other nodes: users in a room, and rooms, with their numbers of connections.
  [[nodiscard]] std::map<std::string, std::size_t> members(std::string_view room) const;
  [[nodiscard]] std::map<std::string, std::size_t> rooms() const;
  [[nodiscard]] std::size_t connections(std::string_view room) const;
  [[nodiscard]] std::size_t of_user(std::string_view user) const;
  [[nodiscard]] bool has(std::string_view room, std::string_view user) const;
  /// All that live, this one too, by name.
  [[nodiscard]] std::vector<node_info> nodes() const;
  /// This one's name.
  [[nodiscard]] const std::string& self() const noexcept { return node_; }

 private:
  using place = std::pair<std::string, std::string>;  // room, user
  using counts = std::map<place, std::size_t>;
  struct other {
    steady_time heard;
    node_info info;
    counts here;
    bool unseen = false;  // nobody has heard it live since this node looked
  };
  struct change {
    place where;
    bool joined = false;
  };
  using changes = std::vector<change>;
  other& known(const std::string& node);
  void heard(const std::string& node, const history::fact& item);
  void set(const std::string& node, const place& where, std::size_t count, changes& out);
  void drop(const std::string& node, changes& out, std::vector<history::fact>& withdrawn);
  void retell(const place& where);
  void retell();
  void tell(const changes& all) const;
  void say(history::fact item);
  [[nodiscard]] std::string name_of(const std::string& node, const place& where) const;

  history::log& log_;
  const std::string node_;
  const milliseconds timeout_;
  events told_;

  mutable std::mutex mutex_;  // never held while the log or a callback runs
  node_info self_;
  std::map<std::string, other> others_;
  std::map<std::string, std::map<std::string, std::size_t, std::less<>>, std::less<>> rooms_;  // of all others
  counts sent_;                        // of this node, as the others know it
  std::set<place> dirty_;              // may be another number now
  std::vector<history::fact> unsaid_;  // that others are dead, and what they have told
  steady_time now_, beat_at_;
};

}  // namespace fanfare::domain
