#pragma once

// One session's states: opening, open, closing, closed; polling, probing, WebSocket; heartbeat. No I/O, no clock.
// Inbound: packets, polls, probes, ends of transports, timers. Outbound: session_fsm::actions, which session performs.

#include <cstdint>
#include <string_view>

#include <fanfare/base/executor.hpp>
#include <fanfare/engineio/server.hpp>

#include "engineio/packet_codec.hpp"

namespace fanfare::engineio {

class session_fsm {
 public:
  enum class state : std::uint8_t { opening, open, closing, closed };
  enum class carrier : std::uint8_t { polling, websocket };
  enum class timer : std::uint8_t { heartbeat, upgrade, upgrade_check, close };
  static constexpr std::size_t timer_count = 4;

  struct terms {
    milliseconds ping_interval{25000};
    milliseconds ping_timeout{20000};
    milliseconds upgrade_timeout{10000};
    bool allow_upgrades = true;
  };
  /// From the answer to a probe to the NOOP that ends a parked poll. Not at once: the client stops polling when it has
  /// read the answer, and until then would only poll again. Soon: until the poll ends the client sends nothing. Then
  /// twice as long each time.
  static constexpr milliseconds upgrade_check_first{10}, upgrade_check_max{100};
  static constexpr milliseconds close_timeout{30000};  // for the next poll to fetch the close packet

  /// What the machine asks for. Every call may come from within an input.
  class actions {
   public:
    virtual ~actions() = default;
    /// Queues a control packet behind what is queued.
    virtual void enqueue(packet_type type) = 0;
    /// Hands queued packets to the carrier as far as it takes them; calls on_poll_answered when that used the poll.
    virtual void flush() = 0;
    [[nodiscard]] virtual bool queue_empty() const = 0;
    /// Answers the parked poll with this payload, past the queue.
    virtual void answer_poll(std::string_view payload) = 0;
    virtual void close_websocket() = 0;
    virtual void answer_probe() = 0;  // "3probe"
    virtual void adopt_probe() = 0;   // the probing WebSocket becomes the carrier
    virtual void close_probe() = 0;
    virtual void arm(timer which, milliseconds delay) = 0;  // anew, when it runs already
    virtual void disarm(timer which) = 0;
    virtual void deliver(packet message) = 0;
    virtual void upgraded() = 0;
    /// Once, and the last call.
    virtual void ended(close_reason reason) = 0;
  };

  session_fsm(actions& driver, const terms& agreed) : driver_(driver), terms_(agreed) {}

  /// The handshake was accepted. With polling, its GET is parked.
  void open(carrier how);
  /// A GET has come and the driver has parked it. False: another is parked already; the driver refuses this one
  /// (400), the session has ended.
  [[nodiscard]] bool on_poll();
  void on_poll_answered() noexcept { parked_ = false; }
  void on_poll_aborted();
  /// A packet of the carrier, in order.
  void on_packet(packet in);
  /// The carrier brought what cannot be read (parse_error) or may not come (transport_error).
  void on_fault(close_reason reason) { end(reason, true); }
  void on_websocket_closed(bool by_error);
  /// False: not now; the driver closes that WebSocket.
  [[nodiscard]] bool on_probe_open();
  /// `understood` false: it could not be decoded.
  void on_probe_packet(const packet& in, bool understood = true);
  void on_probe_closed();
  /// The queue has become empty: a graceful close may go on.
  void on_drained();
  void on_timer(timer which);
  /// This side ends the session; without `discard` after what is queued.
  void close(bool discard, close_reason reason = close_reason::forced_close);
  /// The send queue passed its bound: nothing queued is sent any more.
  void on_overload() { end(close_reason::overload, false); }
  /// Ends the carrier as a broken network would: no close packet.
  void drop_carrier();

  [[nodiscard]] state now() const noexcept { return state_; }
  [[nodiscard]] carrier by() const noexcept { return carrier_; }
  [[nodiscard]] bool parked() const noexcept { return parked_; }
  [[nodiscard]] bool probing() const noexcept { return probing_; }

 private:
  void answer(std::string_view payload);
  void close_carrier(bool discard, close_reason reason);
  void end(close_reason reason, bool flush_first);
  void client_closed();
  void finish(close_reason reason);
  void complete_upgrade();
  void abandon_probe(bool close_it);

  actions& driver_;
  const terms& terms_;
  state state_ = state::opening;
  carrier carrier_ = carrier::polling;
  bool parked_ = false;         // a GET waits for packets
  bool close_pending_ = false;  // the next GET takes the close packet
  bool probing_ = false;
  bool awaiting_pong_ = false;
  milliseconds upgrade_check_ = upgrade_check_first;
  bool extended_ = false;  // this pong's deadline has been put off once
};

}  // namespace fanfare::engineio
