#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/socketio/event.hpp>
#include <fanfare/socketio/packet.hpp>

namespace fanfare::socketio {

class name_space;

/// Finds the sockets of a namespace and acts on them, on every worker (worker_adapter, the one-node form) or, in
/// a fleet, on every node (redis). An adapter never knows the server. Thread: any.
class adapter : public std::enable_shared_from_this<adapter> {
 public:
  virtual ~adapter() = default;

  /// Delivers one packet to the sockets chosen, each at most once.
  virtual void broadcast(const packet& out, const broadcast_options& options) = 0;
  /// The same, and gathers their answers: `counted` is told how many answers to expect (once a node), `answered`
  /// gets each. Both run on any worker's thread.
  virtual void broadcast_with_ack(const packet& out, const broadcast_options& options, milliseconds limit,
                                  std::function<void(std::size_t)> counted, std::function<void(array)> answered) = 0;
  /// Joins the chosen to rooms.
  virtual void add_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) = 0;
  /// Takes the chosen out of rooms.
  virtual void remove_sockets(const broadcast_options& options, const std::vector<std::string>& rooms) = 0;
  /// Disconnects the chosen; `close` ends their connections too.
  virtual void disconnect_sockets(const broadcast_options& options, bool close) = 0;
  /// Lists the chosen.
  virtual void fetch_sockets(const broadcast_options& options,
                             std::function<void(std::vector<remote_socket>)> done) = 0;
  /// To the other nodes' name_space::on(name); a lone node has nobody to tell.
  virtual void server_side_emit(std::string_view name, const array& args) = 0;
  /// The same with answers, one a node; `done` gets what came within `limit`.
  virtual void server_side_emit_with_ack(std::string_view name, const array& args, milliseconds limit,
                                         std::function<void(result<std::vector<value>>)> done) = 0;
  /// How many nodes serve this namespace.
  virtual void count_nodes(std::function<void(std::size_t)> done) = 0;

  /// Rooms of this node with their number of sockets.
  virtual void list_rooms(std::function<void(std::vector<std::pair<std::string, std::size_t>>)> done) = 0;
  /// Sockets of this node in a room ("" is the whole namespace), counted without visiting them.
  [[nodiscard]] virtual std::size_t room_size(std::string_view room) const = 0;
  /// Calls `work` for each room that comes to be on this node (true) or ends (false), in order, with a lock held: it
  /// must be short and call no adapter. For fleets that subscribe by room. One watcher; set before any socket joins.
  virtual void watch_rooms(std::function<void(const std::string& room, bool exists)> work) = 0;
  /// The workers of this process, for timers.
  [[nodiscard]] virtual executor_pool& workers() noexcept = 0;
  /// The namespace has ended.
  virtual void close() {}
};

}  // namespace fanfare::socketio
