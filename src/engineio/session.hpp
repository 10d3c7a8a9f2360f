#pragma once

// One session: performs what session_fsm asks for, over the two transports, and is the socket that users hold.
// Inbound: exchanges and WebSockets from server. Outbound: polling_transport, websocket_transport, the user's handlers.

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engineio/polling_transport.hpp"
#include "engineio/send_queue.hpp"
#include "engineio/session_fsm.hpp"
#include "engineio/session_table.hpp"
#include "engineio/websocket_transport.hpp"

namespace fanfare::engineio {

/// Thread: the table's worker.
class session final : public socket, private session_fsm::actions {
 public:
  /// From a packet with pause_after to the next write: long enough for the peer to read the first by itself. A
  /// client that waits for one message at a time, as test suites on npm's ws do, loses the second of two frames that
  /// come in one read: ws emits both in one turn of its loop, before the suite can listen again. On a busy machine 5 ms
  /// are too short for one such client in forty, 10 ms for one in a thousand. What the peer sends ends the pause: it
  /// has read by then.
  static constexpr milliseconds write_pause{10};
  /// A heartbeat's deadline counts from when its ping was due, but for what a busy loop delayed past this.
  static constexpr milliseconds lateness_max{50};

  /// How long a POST that closes waits for a poll, where none is parked: a client that sends both at once means the
  /// poll to hear of it, but they come on two connections, which two workers may read.
  static constexpr milliseconds close_patience{10};

  /// `place` is held until the session ends.
  session(std::shared_ptr<session_table> table, std::string id, http::request handshake,
          std::shared_ptr<reservation> place);

  // Opening: the OPEN packet is queued, and leaves with the turn of the loop.
  void open_polling(http::exchange_ptr handshake);
  void open_websocket(const websocket::connection_ptr& connection);
  // Requests of the open session, verified.
  void on_get(const http::exchange_ptr& poll);
  void on_post(const http::exchange_ptr& post);
  void on_other_method(const http::exchange_ptr& any) { polling_.refuse(any, 500); }  // Node's answer
  [[nodiscard]] bool probing() const noexcept { return fsm_.probing(); }
  /// The WebSocket of an upgrade; it is closed when the session cannot take it.
  void on_probe(const websocket::connection_ptr& connection);
  /// Whether the heartbeat has run out, though a busy loop may not have come to its timer yet: a request that comes
  /// after the deadline must not find the session alive. Ends it then.
  [[nodiscard]] bool overdue();
  /// What session_table deferred.
  void flush_now();
  void shut_down();

  [[nodiscard]] bool ended() const noexcept { return fsm_.now() == session_fsm::state::closed; }

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] executor& worker() noexcept override { return table_->worker(); }
  [[nodiscard]] const http::request& request() const noexcept override { return request_; }
  [[nodiscard]] const http::request& carrier() const noexcept override { return carrier_ ? *carrier_ : request_; }
  [[nodiscard]] std::string_view transport() const noexcept override;
  void on_message(std::function<void(message)> work) override { message_work_ = std::move(work); }
  void on_close(std::function<void(close_reason)> work) override { close_work_ = std::move(work); }
  void on_upgrade(std::function<void()> work) override { upgrade_work_ = std::move(work); }
  void send(outbound packet, const send_options& options) override;
  void send(const std::vector<outbound>& packets, const send_options& options) override;
  void close(bool discard) override;
  void close_transport() override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override;
  void when_drained(std::function<void()> work) override;
  [[nodiscard]] bool writable() const noexcept override;

 private:
  // session_fsm::actions
  void enqueue(packet_type type) override;
  void flush() override;
  [[nodiscard]] bool queue_empty() const override { return queue_.empty(); }
  void answer_poll(std::string_view payload) override { polling_.answer(std::string(payload)); }
  void close_websocket() override;
  void answer_probe() override;
  void adopt_probe() override;
  void close_probe() override;
  void arm(session_fsm::timer which, milliseconds delay) override;
  void disarm(session_fsm::timer which) override;
  void deliver(packet in) override;
  void upgraded() override;
  void ended(close_reason reason) override;

  [[nodiscard]] std::shared_ptr<session> self() { return std::static_pointer_cast<session>(shared_from_this()); }
  void start(session_fsm::carrier how);
  void take_payload(const http::exchange_ptr& post);
  /// Whether the packets may be queued; drops volatile ones, ends the session past the bounds.
  [[nodiscard]] bool admit(std::size_t bytes, std::size_t packets, const send_options& options);
  /// Gives the carrier what it takes at once.
  void offer();
  void left(std::size_t packets);
  void tell_drained();
  void watch_progress();
  void check_progress();
  void fire(session_fsm::timer which);
  void queued(std::size_t conflated);
  void pause_writes();
  void resume_writes();
  void mark_dirty();
  void listen(const websocket::connection_ptr& connection);
  void on_websocket_message(websocket::connection& connection, websocket::connection::message in);
  void on_websocket_closed(websocket::connection& connection, std::uint16_t code);
  [[nodiscard]] bool is_carrier(const websocket::connection& connection) const noexcept;

  std::shared_ptr<session_table> table_;
  std::string id_;
  http::request request_;
  const http::request* carrier_ = nullptr;  // while a message is being handled
  std::shared_ptr<reservation> place_;
  session_fsm::terms terms_;
  session_fsm fsm_;
  send_queue queue_;
  polling_transport polling_;
  websocket_transport websocket_;
  websocket::connection_ptr probe_;
  struct armed_timer {
    timer_id id = 0;
    steady_time due;
  };
  std::array<armed_timer, session_fsm::timer_count> timers_{};
  milliseconds late_{0};  // how late the timer fired that is being handled
  bool dirty_ = false;
  std::size_t sent_ = 0;                            // packets that have left the queue
  timer_id stall_timer_ = 0;                        // runs while the queue is past its bound
  std::size_t stall_sent_ = 0, stall_written_ = 0;  // sent_ and the carrier's bytes when it was set
  timer_id pause_ = 0;                              // runs for write_pause: what a turn of the loop queued waits
  std::function<void(message)> message_work_;
  std::function<void(close_reason)> close_work_;
  std::function<void()> upgrade_work_;
  std::function<void()> drained_work_;
};

}  // namespace fanfare::engineio
