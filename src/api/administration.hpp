#pragma once

// Floor 7. Rooms, presence and history; disconnecting and revoking.
// Inbound: route_table. Outbound: connection_table, domain::feed, domain::revocations, the namespaces.

#include <fanfare/http/exchange.hpp>

#include "api/authenticator.hpp"
#include "api/authorization.hpp"
#include "api/connection_table.hpp"
#include "api/fleet/peers.hpp"
#include "api/report.hpp"
#include "domain/feed.hpp"
#include "history/log.hpp"

namespace fanfare::api {

struct administration {
  connection_table& connections;
  domain::feed& events;
  history::log& log;
  authenticator& tokens;
  const authorization& may;
  const report& says;
  peers* others = nullptr;  // the fleet's other nodes, where they can be asked
};

void list_rooms(const administration& at, const http::exchange_ptr& exchange, const credential& who);
/// 403, or 404 for what is no room, unless the credential is a service key, has the scope admin, or its token may see
/// the room's presence (history).
void get_room(const administration& at, const http::exchange_ptr& exchange, const credential& who);
void get_history(const administration& at, const http::exchange_ptr& exchange, const credential& who);
void explain_access(const administration& at, const http::exchange_ptr& exchange, const credential& who);
void disconnect_user(const administration& at, const http::exchange_ptr& exchange, const credential& who);
/// `{jti}` or `{user}`, and `expires_at?` (RFC 3339; in 24 hours when left out): when the token would have ended
/// anyway.
void revoke(const administration& at, const http::exchange_ptr& exchange, const credential& who);
/// Puts those in force again that an earlier life of the server has kept. Before the server starts.
void restore_revocations(const administration& at);
/// Puts in force what another node has revoked, and disconnects whom it has disconnected (history::log::watch_facts);
/// other facts are let be. Thread: any.
void hear_fact(const administration& at, const history::fact& item);

}  // namespace fanfare::api
