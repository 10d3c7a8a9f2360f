#pragma once

#include <memory>

#include <fanfare/fanfare.hpp>

// What each fixture sets up on an HTTP server that has not started yet; what it gives must outlive the server's run.

namespace fanfare::fixture {

[[nodiscard]] std::shared_ptr<void> websocket_echo(http::server& web);
[[nodiscard]] std::shared_ptr<void> engineio_echo(http::server& web);
[[nodiscard]] std::shared_ptr<void> engine_lab(http::server& web);
[[nodiscard]] std::shared_ptr<void> socketio_echo(http::server& web);
[[nodiscard]] std::shared_ptr<void> client_lab(http::server& web);

}  // namespace fanfare::fixture
