#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/engineio/packet.hpp>
#include <fanfare/socketio/broadcast_operator.hpp>
#include <fanfare/socketio/event.hpp>

namespace fanfare::socketio {

class name_space;

/// How one emit travels; see engineio::send_options.
struct emit_options {
  bool is_volatile = false;  // may be left out where it would have to wait
  bool compress = true;      // where the transport can
  std::string conflate_key;  // a newer event of the same key replaces an unsent older one
};

/// One client in one namespace (Socket.IO v5). Thread: owning worker, but for id(), worker() and what to(),
/// broadcast() and except() give. Kept by the namespace while connected; keep a weak_ptr or the id beyond that.
class socket : public std::enable_shared_from_this<socket> {
 public:
  virtual ~socket() = default;

  [[nodiscard]] virtual const std::string& id() const noexcept = 0;                 // of this client in this namespace
  [[nodiscard]] virtual name_space& nsp() noexcept = 0;                             // its namespace
  [[nodiscard]] virtual const socketio::handshake& handshake() const noexcept = 0;  // what it came with
  [[nodiscard]] virtual executor& worker() noexcept = 0;                            // the one that owns it
  [[nodiscard]] virtual bool connected() const noexcept = 0;                        // false once it has left
  /// Whether connection state recovery brought the session back.
  [[nodiscard]] virtual bool recovered() const noexcept = 0;
  /// In a middleware, for a program that recovers connections from a log of its own instead of recovery_options: the
  /// private id that the CONNECT reply tells, by which the client asks for its session again (`pid` and `offset` in
  /// handshake().auth; the offset is the last argument of an event, a string); and the id of the session that came
  /// back, "" for a new one.
  virtual void identify(std::string pid, std::string sid) = 0;
  /// The engine.io transport's name now.
  [[nodiscard]] virtual std::string_view transport() const noexcept = 0;
  /// Anything to keep with the socket; fetch_sockets() shows it, recovery restores it.
  [[nodiscard]] virtual value& data() noexcept = 0;

  using listener = std::function<void(event)>;  // gets each event of a name
  /// Adds a listener.
  virtual void on(std::string name, listener work) = 0;
  /// Removes all listeners of the name.
  virtual void off(std::string_view name) = 0;
  /// Called for every event, before its own listeners (Node: onAny).
  virtual void on_any(std::function<void(const event&)> work) = 0;
  /// Called for every event sent (Node: onAnyOutgoing).
  virtual void on_any_outgoing(std::function<void(std::string_view name, const array& args)> work) = 0;
  /// Before rooms are left, then after; `reason` in Node's words ("client namespace disconnect", …).
  virtual void on_disconnecting(std::function<void(std::string_view reason)> work) = 0;
  /// Runs once, when it has left.
  virtual void on_disconnect(std::function<void(std::string_view reason)> work) = 0;
  /// Called with what event middleware rejected.
  virtual void on_error(std::function<void(const rejection&)> work) = 0;
  /// Runs for every event before its listeners; call `next` once, with a rejection to drop the event.
  using next = std::function<void(std::optional<rejection>)>;
  using event_middleware = std::function<void(event&, socket::next)>;  // may change the event; see next
  /// Adds one; they run in the order they were added.
  virtual void use(event_middleware work) = 0;

  /// Sends one event with the list as its arguments; emit() is the same with each argument written out.
  virtual void emit_list(std::string_view name, array args, const emit_options& options = {}) = 0;
  /// Queues an event.
  template <class... Args>
  void emit(std::string_view name, Args&&... args) {
    emit_list(name, make_args(std::forward<Args>(args)...));
  }
  /// `done` gets the answer, or timeout, or closed when the socket ends first. A zero limit waits for ever.
  virtual void emit_with_ack(std::string_view name, array args, milliseconds limit,
                             std::function<void(result<array>)> done) = 0;

  /// Fails: over_limit, past limits::rooms_per_socket_max. `after`: broadcasts whose sequence is not past it are
  /// skipped for this room (they have been replayed).
  virtual result<void> join(const std::string& room, std::uint64_t after = 0) = 0;
  /// Nothing where it is not in it.
  virtual void leave(const std::string& room) = 0;
  [[nodiscard]] virtual std::vector<std::string> rooms() const = 0;  // those it is in

  /// All others in the room, or in the namespace.
  [[nodiscard]] virtual broadcast_operator to(std::string room) = 0;
  [[nodiscard]] virtual broadcast_operator broadcast() = 0;  // all sockets of the namespace but this one
  /// All but this one and those in the room.
  [[nodiscard]] broadcast_operator except(std::string room) { return broadcast().except(std::move(room)); }

  /// Leaves this namespace; `close` ends the whole connection.
  virtual void disconnect(bool close = false) = 0;
  /// Ends the transport without Engine.IO's close packet, as a broken network would.
  virtual void close_transport() = 0;
  /// Bytes queued and not yet handed to the kernel, for the whole connection.
  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;
  /// Runs `work` once, when all of that has left; never inline, and not at all if the connection ends first. A second
  /// call takes the place of the first.
  virtual void when_drained(std::function<void()> work) = 0;

  /// Broadcasts to this socket wait from now on, in their order, until release(); what it emits itself, and what is
  /// sent to it alone, does not. When more than `bytes_max` would wait, `overflow` runs, once, and is to release() at
  /// once: nothing is dropped.
  virtual void hold(std::size_t bytes_max, std::function<void()> overflow) = 0;
  /// Sends what has waited.
  virtual void release() = 0;
};
using socket_ptr = std::shared_ptr<socket>;

}  // namespace fanfare::socketio
