#include "fixture.hpp"

namespace fanfare::fixture {

std::shared_ptr<void> engineio_echo(http::server& web, const options& with) {
  engineio::server_options options;
  if (with.deflate) options.deflate.emplace();
  options.ping_interval = milliseconds{300};
  options.ping_timeout = milliseconds{200};
  options.max_payload_bytes = 1000000;
  auto engine = std::make_shared<engineio::server>(web, options);
  engine->on_connection([](const engineio::socket_ptr& socket) {
    socket->on_message([peer = socket.get()](const engineio::socket::message& message) {
      peer->send(message.binary ? engineio::encode_binary(message.bytes) : engineio::encode_text(message.bytes));
    });
  });
  return engine;
}

}  // namespace fanfare::fixture
