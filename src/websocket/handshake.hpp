#pragma once

#include <optional>
#include <string>
#include <variant>

#include <fanfare/http/message.hpp>
#include <fanfare/websocket/connection.hpp>

#include "websocket/extension_offer.hpp"

// RFC 6455 §4.2 opening handshake, the server's side: request -> 101 or refusal. Pure.
// Inbound before: http. Outbound: connection_driver writes the head.

namespace fanfare::websocket {

struct handshake {
  std::string head;      // the whole 101, ready to be written
  std::string protocol;  // chosen subprotocol, "" for none
  std::optional<deflate_agreement> deflate;
};

/// Refusals: 426 with Sec-WebSocket-Version when the client speaks another version (§4.4), else 400.
[[nodiscard]] std::variant<handshake, http::response> answer_handshake(const http::request& request,
                                                                       const options& ours);

}  // namespace fanfare::websocket
