#pragma once

// Floor 7. The clients connected to this process: who, since when, in which rooms. What presence, statistics and
// limits are answered from without visiting a worker.
// Inbound: gateway_session. Outbound: administration, status.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/socket.hpp>

#include "domain/access/principal.hpp"
#include "domain/fleet/fleet_members.hpp"

namespace fanfare::api {

struct connection_row {
  std::string id;
  std::string user;
  std::shared_ptr<const domain::principal> who;  // what its token says now
  std::string nsp;
  std::string address;
  std::int64_t connected_ms = 0;  // Unix time
  std::vector<std::string> rooms;
};

/// Which of them somebody asks for.
struct connection_query {
  std::optional<std::string> user;  // only this user's
  std::string search;               // part of the user, the id or the address
  bool newest_first = false;
};

/// How many there may be at once; 0 is no limit.
struct connection_limits {
  std::size_t total = 0;
  std::size_t per_user = 0;
  std::size_t per_address = 0;
};

/// Thread: any.
class connection_table {
 public:
  using key = std::uint64_t;

  /// Told of a user's first connection in a room, and when the last one is gone, on all nodes; from the caller's
  /// thread, outside the lock. Set before anybody connects.
  using presence_watcher = std::function<void(const std::string& room, const std::string& user, bool joined)>;
  void watch_presence(presence_watcher watcher) { watcher_ = std::move(watcher); }

  /// What it says of users, rooms and members is true of the whole fleet from now on, and the others are told of what
  /// is here. Before anybody connects. `others` must outlive it.
  void join_fleet(domain::fleet_members& others);

  /// Counts the connection; nothing when a limit is reached.
  [[nodiscard]] std::optional<key> add(connection_row row, std::weak_ptr<socketio::socket> socket,
                                       const connection_limits& limits);
  void remove(key which);
  void set_token(key which, std::shared_ptr<const domain::principal> who);
  /// False when the room has `members_max` connections already (0: no limit) and this is none of them.
  bool enter(key which, const std::string& room, std::size_t members_max = 0);
  void leave(key which, const std::string& room);

  /// Of this process.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t of_address(std::string_view address) const;
  [[nodiscard]] std::size_t of_user_here(std::string_view user) const;
  /// Of the other nodes, as they last told.
  [[nodiscard]] std::size_t of_user_elsewhere(std::string_view user) const {
    return others_ != nullptr ? others_->of_user(user) : 0;
  }
  /// Of all nodes.
  [[nodiscard]] std::size_t of_user(std::string_view user) const;
  /// Users in a room with their numbers of connections.
  [[nodiscard]] std::map<std::string, std::size_t> members(std::string_view room) const;
  /// Rooms with their numbers of connections, by name.
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> rooms() const;
  /// The nodes that live, by name; none without a fleet.
  [[nodiscard]] std::vector<domain::node_info> nodes() const {
    return others_ != nullptr ? others_->nodes() : std::vector<domain::node_info>{};
  }
  /// This node's name; "" without a fleet.
  [[nodiscard]] std::string node() const { return others_ != nullptr ? others_->self() : std::string(); }
  [[nodiscard]] std::size_t room_count() const;
  struct part {
    std::size_t total = 0;  // that match
    std::vector<connection_row> rows;
  };
  /// Of this process, in order of connecting: at most `limit` of those that match, without the first `offset`.
  [[nodiscard]] part list(const connection_query& asked, std::size_t offset, std::size_t limit) const;
  /// All of this process that match, for those who have to visit them.
  [[nodiscard]] std::vector<std::pair<key, std::weak_ptr<socketio::socket>>> sockets(
      const connection_query& asked) const;
  [[nodiscard]] std::optional<connection_row> row(key which) const;
  [[nodiscard]] std::optional<std::pair<connection_row, std::weak_ptr<socketio::socket>>> find(
      std::string_view id) const;
  /// Disconnects all that match, each on its own worker; gives how many. An empty argument matches nothing.
  std::size_t disconnect(std::string_view user, std::string_view jti);
  /// Ends every connection as a broken network would, each on its own worker, so that its client comes back by itself.
  void end_transports();

 private:
  struct entry {
    connection_row row;
    std::weak_ptr<socketio::socket> socket;
  };
  struct members_of_room {
    std::map<std::string, std::size_t> users;  // -> connections
    std::size_t connections = 0;
  };
  [[nodiscard]] bool uncount(const std::string& room, const std::string& user);  // the user's last one
  void changed(const std::string& room, const std::string& user, bool first_or_last, bool joined);

  mutable std::mutex mutex_;
  std::map<key, entry> entries_;
  std::unordered_map<std::string, std::size_t> users_;
  std::unordered_map<std::string, std::size_t> addresses_;
  std::map<std::string, members_of_room, std::less<>> rooms_;
  presence_watcher watcher_;
  domain::fleet_members* others_ = nullptr;  // null: there are none
  key last_ = 0;
};

}  // namespace fanfare::api
