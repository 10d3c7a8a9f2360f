#include "websocket/connection_metrics.hpp"

#include <string>

namespace fanfare::websocket {

std::string_view label(close_cause cause) noexcept {
  switch (cause) {
    case close_cause::peer:
      return "peer";
    case close_cause::local:
      return "local";
    case close_cause::protocol_error:
      return "protocol_error";
    case close_cause::invalid_payload:
      return "invalid_payload";
    case close_cause::too_big:
      return "too_big";
    case close_cause::lost:
      return "lost";
    case close_cause::timeout:
      return "timeout";
    case close_cause::overload:
      return "overload";
    case close_cause::terminated:
      return "terminated";
    case close_cause::handler_error:
      return "handler_error";
  }
  return "unknown";
}

connection_metrics::connection_metrics(metrics::registry* registry) : registry_(registry) {
  if (registry == nullptr) return;
  constexpr std::string_view messages = "fanfare_websocket_messages_total", messages_help = "WebSocket messages";
  constexpr std::string_view bytes = "fanfare_websocket_message_bytes_total";
  constexpr std::string_view bytes_help = "Payload bytes of WebSocket messages, uncompressed";
  messages_in_ = &registry->counter(messages, messages_help, {{"direction", "in"}});
  messages_out_ = &registry->counter(messages, messages_help, {{"direction", "out"}});
  bytes_in_ = &registry->counter(bytes, bytes_help, {{"direction", "in"}});
  bytes_out_ = &registry->counter(bytes, bytes_help, {{"direction", "out"}});
}

// Looked up when it happens: once a connection, and most causes never.
void connection_metrics::closed(close_cause cause) {
  if (registry_ == nullptr) return;
  registry_
      ->counter("fanfare_websocket_closes_total", "WebSocket connections ended, by cause",
                {{"cause", std::string(label(cause))}})
      .add();
}

}  // namespace fanfare::websocket
