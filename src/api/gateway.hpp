#pragma once

// Floor 7. The door of the Socket.IO side: authenticates every CONNECT, then gives the socket a gateway_session. Also
// the delivery that carries published events into the namespaces.
// Inbound: socketio::name_space, domain::feed. Outbound: gateway_session, socketio.

#include <memory>
#include <string>
#include <vector>

#include <fanfare/socketio/server.hpp>

#include "api/context.hpp"
#include "domain/feed.hpp"

namespace fanfare::api {

/// Emits each event into every namespace, encoded once for each. Thread: any, one call at a time (domain::delivery).
class namespace_delivery final : public domain::delivery {
 public:
  /// Gives each event its cursor as one more argument, the offset of connection state recovery (Socket.IO 4.6). Before
  /// anything is published.
  void give_offsets() { offsets_ = true; }
  /// Before anything is published.
  void attach(socketio::name_space& nsp) { namespaces_.push_back(&nsp); }
  void deliver(const domain::outgoing& event) override;

 private:
  std::vector<socketio::name_space*> namespaces_;
  bool offsets_ = false;
};

/// Sets up `nsp`: CONNECT_ERROR {message, data:{code}} with token_missing, token_invalid, token_expired, forbidden,
/// over_limit or draining for those who may not in; a session for the rest. `shared` must outlive the server.
void open_gateway(socketio::name_space& nsp, context& shared);

/// Asks the policy, and the hook where the policy says so, about every room; `done` runs once on `worker`, the
/// caller's, with the first refusal.
void authorize(context& shared, const std::shared_ptr<const domain::principal>& who, std::vector<std::string> rooms,
               domain::room_action action, executor& worker, std::function<void(result<void>)> done);

/// Tells the members of a room who may read its presence of users that come and go: `presence.changed`
/// {room, joined, left, truncated?}, once per context::presence_window. Not for user rooms and global, which are
/// joined by themselves. After the gateways have been opened, before anybody connects.
void announce_presence(context& shared);
/// The room of those who are told; a name no client can ask for.
[[nodiscard]] std::string presence_room(const std::string& room);

/// The token a client came with: the CONNECT payload's, else Authorization: Bearer, else ?token= when allowed.
[[nodiscard]] std::string token_of(const socketio::handshake& came, bool query_allowed);

/// What a principal says as claims, and so survives in socket.data() until the session takes it.
[[nodiscard]] value to_claims(const domain::principal& who);

}  // namespace fanfare::api
