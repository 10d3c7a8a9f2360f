#include "engineio/websocket_transport.hpp"

#include "engineio/packet_codec.hpp"

namespace fanfare::engineio {

namespace {
std::size_t frame_bytes(const websocket::framed_message& packet) noexcept { return packet.frame().size(); }
}  // namespace

websocket_transport::websocket_transport(websocket::connection_ptr connection) : connection_(std::move(connection)) {
  const auto asked = http::query_value(connection_->request().query, "b64");
  text_only_ = asked && !asked->empty();
}

websocket_transport::handed_over websocket_transport::send_from(send_queue& queue) {
  if (!idle() || queue.empty()) return {};
  outstanding_ = true;
  auto batch = queue.take(batch_bytes_max, batch_packets_max, &frame_bytes, /*uniform=*/true);
  for (auto& packet : batch.packets) {
    if (text_only_ && packet->binary()) packet = encode_base64(*packet);
  }
  if (batch.packets.size() == 1) {
    connection_->send(batch.packets.front(), batch.compress);
  } else {
    connection_->send(batch.packets, batch.compress);
  }
  return {batch.packets.size(), batch.pause_after};
}

websocket_transport::handed_over websocket_transport::push_through(send_queue& queue) {
  handed_over all;
  while (attached() && !queue.empty() && !all.pause_after) {
    if (outstanding_ && !connection_->write_now()) break;
    outstanding_ = false;
    const auto one = send_from(queue);
    all.packets += one.packets;
    all.pause_after = one.pause_after;
  }
  return all;
}

void websocket_transport::close() {
  if (!attached()) return;
  const auto connection = std::exchange(connection_, nullptr);
  connection->close(0);
}

}  // namespace fanfare::engineio
