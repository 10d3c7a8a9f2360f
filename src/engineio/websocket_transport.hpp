#pragma once

// A WebSocket as the carrier of a session.
// Inbound: its messages go to session by the handlers set there. Outbound: batches from send_queue, each only when the
// one before has reached the kernel, so that what waits stays in the queue, where it can still be conflated.

#include <cstddef>
#include <utility>

#include "engineio/send_queue.hpp"

namespace fanfare::engineio {

class websocket_transport {
 public:
  static constexpr std::size_t batch_bytes_max = 65536;
  static constexpr std::size_t batch_packets_max = 64;  // as many as one write gathers

  websocket_transport() = default;
  explicit websocket_transport(websocket::connection_ptr connection);

  [[nodiscard]] bool attached() const noexcept { return connection_ != nullptr; }
  /// Whether it takes a batch now. Not asked of queued_bytes(): the opening handshake may be queued still, and its
  /// leaving is not reported.
  [[nodiscard]] bool idle() const noexcept { return attached() && !outstanding_; }
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return attached() ? connection_->queued_bytes() : 0; }
  [[nodiscard]] const websocket::connection_ptr& connection() const noexcept { return connection_; }

  struct handed_over {
    std::size_t packets = 0;   // that left the queue
    bool pause_after = false;  // see send_queue::batch
  };
  /// Hands one batch over, when idle.
  handed_over send_from(send_queue& queue);
  /// Hands over batch after batch for as long as the kernel takes them at once.
  handed_over push_through(send_queue& queue);
  /// The connection reports that everything has left.
  void drained() noexcept { outstanding_ = false; }
  /// The close frame, behind what was sent, without a code, as Node's ws does it.
  void close();

 private:
  websocket::connection_ptr connection_;
  bool text_only_ = false;    // b64=1 in its request: binary packets leave as base64
  bool outstanding_ = false;  // a batch has been handed over and has not reached the kernel
};

}  // namespace fanfare::engineio
