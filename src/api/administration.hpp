#pragma once

// Floor 7. Rooms, presence and history; connections; disconnecting and revoking.
// Inbound: route_table. Outbound: connection_table, domain::feed, domain::revocations, the namespaces.

#include "api/route_table.hpp"

namespace fanfare::api {

void list_rooms(context& shared, const http::exchange_ptr& exchange, const credential& who);
/// 403, or 404 for what is no room, unless the credential is a service key, has the scope admin, or its token may see
/// the room's presence (history).
void get_room(context& shared, const http::exchange_ptr& exchange, const credential& who);
void get_history(context& shared, const http::exchange_ptr& exchange, const credential& who);
void list_connections(context& shared, const http::exchange_ptr& exchange, const credential& who);
void explain_access(context& shared, const http::exchange_ptr& exchange, const credential& who);
void disconnect_user(context& shared, const http::exchange_ptr& exchange, const credential& who);
/// `{jti}` or `{user}`, and `expires_at?` (RFC 3339; in 24 hours when left out): when the token would have ended
/// anyway.
void revoke(context& shared, const http::exchange_ptr& exchange, const credential& who);
/// Puts those in force again that an earlier life of the server has kept. Before the server starts.
void restore_revocations(context& shared);

}  // namespace fanfare::api
