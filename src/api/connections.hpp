#pragma once

// Floor 7. Who is connected to this node: the list, one connection with its queue and token, and its end.
// Inbound: route_table. Outbound: connection_table, the sockets on their workers.

#include <fanfare/http/exchange.hpp>

#include "api/administration.hpp"

namespace fanfare::api {

void list_connections(const administration& at, const http::exchange_ptr& exchange, const credential& who);
void get_connection(const administration& at, const http::exchange_ptr& exchange, const credential& who);
void disconnect_connection(const administration& at, const http::exchange_ptr& exchange, const credential& who);

}  // namespace fanfare::api
