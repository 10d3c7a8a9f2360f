#include "fixture.hpp"

namespace fanfare::fixture {

std::shared_ptr<void> websocket_echo(http::server& web, const options& /*with*/) {
  websocket::options options;
  options.message_bytes_max = 16 * 1024 * 1024;
  options.fragments_max = 65536 + 1;  // Autobahn 9.3.1 and 9.4.1: so many with data, and an empty last one
  options.send_queue_bytes_max = 64 * 1024 * 1024;
  options.deflate.emplace();
  web.route("GET", "/*", [options](const http::exchange_ptr& exchange) {
    websocket::accept(exchange, exchange->worker(), options, [](const websocket::connection_ptr& connection) {
      connection->on_message([peer = connection.get()](websocket::connection::message message) {
        peer->send(std::make_shared<websocket::framed_message>(message.binary, "", message.bytes));
      });
    });
  });
  return nullptr;
}

}  // namespace fanfare::fixture
