#include "engineio/websocket_transport.hpp"

namespace fanfare::engineio {

namespace {
std::size_t frame_bytes(const websocket::framed_message& packet) noexcept { return packet.frame().size(); }
}  // namespace

std::size_t websocket_transport::send_from(send_queue& queue) {
  if (sending_) return 0;
  sending_ = true;
  std::size_t sent = 0;
  while (!queue.empty() && idle()) {
    const auto batch = queue.take(batch_bytes_max, batch_packets_max, &frame_bytes, /*uniform=*/true);
    sent += batch.packets.size();
    // Sending may end the connection, and with it this transport's owner lets go of it.
    const auto connection = connection_;
    if (batch.packets.size() == 1) {
      connection->send(batch.packets.front(), batch.compress);
    } else {
      connection->send(batch.packets, batch.compress);
    }
  }
  sending_ = false;
  return sent;
}

void websocket_transport::close() {
  if (!attached()) return;
  const auto connection = std::exchange(connection_, nullptr);
  connection->close(0);
}

}  // namespace fanfare::engineio
