#include "fixture.hpp"

namespace fanfare::fixture {

namespace {

shared_bytes every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return shared_bytes(std::move(bytes));
}

void serve(socketio::socket& socket, socketio::name_space& nsp) {
  socket.emit("auth", socket.handshake().auth);
  socket.on("message",
            [&socket](socketio::event received) { socket.emit_list("message-back", std::move(received.args)); });
  socket.on("message-with-ack", [](socketio::event received) {
    if (received.ack) received.ack(std::move(received.args));
  });
  socket.on("get-binary", [&socket](const socketio::event&) { socket.emit("bin", every_byte()); });
  socket.on("join", [&socket](const socketio::event& received) {
    if (!received.args.empty()) (void)socket.join(std::string(received.args[0].as_string()));
    if (received.ack) received.ack({});
  });
  socket.on("leave", [&socket](const socketio::event& received) {
    if (!received.args.empty()) socket.leave(std::string(received.args[0].as_string()));
    if (received.ack) received.ack({});
  });
  socket.on("to-room", [&nsp](const socketio::event& received) {
    if (received.args.size() < 2) return;
    nsp.to(std::string(received.args[0].as_string())).emit("room-msg", received.args[1]);
  });
  socket.on("close-transport", [&socket](const socketio::event&) { socket.close_transport(); });
}

}  // namespace

std::shared_ptr<void> socketio_echo(http::server& web, const options& with) {
  socketio::server_options options;
  if (with.deflate) options.engine.deflate.emplace();
  if (with.msgpack) options.parser = socketio::msgpack_parser();
  options.engine.ping_interval = milliseconds{300};
  options.engine.ping_timeout = milliseconds{200};
  options.engine.max_payload_bytes = 1000000;
  options.connect_timeout = milliseconds{1000};
  auto io = std::make_shared<socketio::server>(web, options);
  io->on_connection([&root = io->of("/")](const socketio::socket_ptr& socket) { serve(*socket, root); });
  io->of("/custom").on_connection(
      [](const socketio::socket_ptr& socket) { socket->emit("auth", socket->handshake().auth); });
  return io;
}

}  // namespace fanfare::fixture
