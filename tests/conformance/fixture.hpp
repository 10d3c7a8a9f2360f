#pragma once

#include <memory>

#include <fanfare/fanfare.hpp>

// What each fixture sets up on an HTTP server that has not started yet; what it gives must outlive the server's run.

namespace fanfare::fixture {

/// What our own tests vary; public suites are run without.
struct options {
  bool msgpack = false;  // socket.io-msgpack-parser's format, where there is Socket.IO
  bool deflate = false;  // permessage-deflate, which websocket-echo always has
  std::size_t max_payload_bytes = 1000000;
};

[[nodiscard]] std::shared_ptr<void> websocket_echo(http::server& web, const options& with);
[[nodiscard]] std::shared_ptr<void> engineio_echo(http::server& web, const options& with);
[[nodiscard]] std::shared_ptr<void> engine_lab(http::server& web, const options& with);
[[nodiscard]] std::shared_ptr<void> socketio_echo(http::server& web, const options& with);
[[nodiscard]] std::shared_ptr<void> client_lab(http::server& web, const options& with);

}  // namespace fanfare::fixture
