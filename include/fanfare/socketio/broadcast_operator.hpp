#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/socketio/event.hpp>

namespace fanfare::socketio {

class adapter;

/// Chooses sockets of a namespace, then acts on all of them: `io.to("a").except("b").emit("e", 1)`.
/// A value: each call gives a new one. Thread: any.
class broadcast_operator {
 public:
  explicit broadcast_operator(std::shared_ptr<adapter> target) : target_(std::move(target)) {}

  [[nodiscard]] broadcast_operator to(std::string room) const;                       // those in the room, too
  [[nodiscard]] broadcast_operator to(const std::vector<std::string>& rooms) const;  // those in any of the rooms, too
  [[nodiscard]] broadcast_operator in(std::string room) const { return to(std::move(room)); }  // the same as to()
  [[nodiscard]] broadcast_operator except(std::string room) const;  // without those in the room
  /// Without those in any of the rooms.
  [[nodiscard]] broadcast_operator except(const std::vector<std::string>& rooms) const;
  /// Those who cannot take it at once do without.
  [[nodiscard]] broadcast_operator volatile_() const;
  [[nodiscard]] broadcast_operator compress(bool on) const;  // where the transport can
  /// This node only, whatever the adapter.
  [[nodiscard]] broadcast_operator local() const;
  /// How long emit_with_ack waits.
  [[nodiscard]] broadcast_operator timeout(milliseconds limit) const;
  /// A newer event with the same key replaces an unsent older one.
  [[nodiscard]] broadcast_operator conflate(std::string key) const;
  /// Position in a log: sockets that joined a room `after` it or later skip it. Such broadcasts are posted to every
  /// worker, the caller's too, and so reach each in the order they were made; others reach the caller's worker at once.
  [[nodiscard]] broadcast_operator sequence(std::uint64_t position) const;
  /// For what has no position of its own and yet a place among those that have: it queues with them and overtakes none.
  [[nodiscard]] broadcast_operator ordered() const;

  /// Encodes once and delivers to every socket chosen, each at most once.
  void emit_list(std::string_view name, array args) const;
  /// See emit_list().
  template <class... Args>
  void emit(std::string_view name, Args&&... args) const {
    emit_list(name, make_args(std::forward<Args>(args)...));
  }

  /// Every chosen socket's answer, in the order they came; on timeout errc::timeout and what had come in `answers`.
  struct acks {
    bool timed_out = false;      // whether answers are missing
    std::vector<value> answers;  // the first argument of each
  };
  /// Asks each socket chosen for an answer; `done` runs once.
  void emit_with_ack(std::string_view name, array args, std::function<void(acks)> done) const;

  void sockets_join(const std::vector<std::string>& rooms) const;   // they join all of them
  void sockets_leave(const std::vector<std::string>& rooms) const;  // they leave all of them
  void disconnect_sockets(bool close = false) const;                // `close` ends their connections, too
  /// `done` runs on a worker's thread (the caller's, when it is one).
  void fetch_sockets(std::function<void(std::vector<remote_socket>)> done) const;

 private:
  std::shared_ptr<adapter> target_;
  broadcast_options options_;
  milliseconds timeout_{10000};
};

}  // namespace fanfare::socketio
