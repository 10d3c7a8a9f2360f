#pragma once

// Floor 7. The clients connected to this process: who, since when, in which rooms. What presence, statistics and
// limits are answered from without visiting a worker.
// Inbound: gateway_session. Outbound: administration, status.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/socket.hpp>

namespace fanfare::api {

struct connection_row {
  std::string id;
  std::string user;
  std::string jti;
  std::string nsp;
  std::string address;
  std::int64_t connected_ms = 0;  // Unix time
  std::vector<std::string> rooms;
};

/// Thread: any.
class connection_table {
 public:
  using key = std::uint64_t;

  /// Counts the connection; nothing when `total_max` or `per_user_max` are reached.
  [[nodiscard]] std::optional<key> add(connection_row row, std::weak_ptr<socketio::socket> socket,
                                       std::size_t total_max, std::size_t per_user_max);
  void remove(key which);
  void set_jti(key which, std::string jti);
  void enter(key which, const std::string& room);
  void leave(key which, const std::string& room);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t of_user(std::string_view user) const;
  /// Users in a room with their numbers of connections.
  [[nodiscard]] std::map<std::string, std::size_t> members(std::string_view room) const;
  /// Rooms with their numbers of connections, by name.
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> rooms() const;
  /// At most `limit` rows, in order of connecting; of one user when given.
  [[nodiscard]] std::vector<connection_row> list(const std::optional<std::string>& user, std::size_t limit) const;
  /// Disconnects all that match, each on its own worker; gives how many. An empty argument matches nothing.
  std::size_t disconnect(std::string_view user, std::string_view jti);

 private:
  struct entry {
    connection_row row;
    std::weak_ptr<socketio::socket> socket;
  };
  void uncount(const std::string& room, const std::string& user);

  mutable std::mutex mutex_;
  std::map<key, entry> entries_;
  std::unordered_map<std::string, std::size_t> users_;
  std::map<std::string, std::map<std::string, std::size_t>, std::less<>> rooms_;  // room -> user -> connections
  key last_ = 0;
};

}  // namespace fanfare::api
