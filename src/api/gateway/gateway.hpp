#pragma once

// Floor 7. The door of the Socket.IO side: authenticates every CONNECT, then gives the socket a gateway_session. Also
// the delivery that carries published events into the namespaces.
// Inbound: socketio::name_space, domain::feed. Outbound: gateway_session, socketio.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/server.hpp>

#include "api/authenticator.hpp"
#include "api/authorization.hpp"
#include "api/connection_table.hpp"
#include "api/dashboard/delivery_latency.hpp"
#include "api/gateway/recovery.hpp"
#include "api/live_settings.hpp"
#include "api/report.hpp"
#include "domain/access/rate_limits.hpp"
#include "domain/feed.hpp"
#include "domain/presence_notices.hpp"
#include "domain/publishing.hpp"
#include "domain/replay.hpp"

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
  /// Ends every connection that is in `connections`. Before anything is published.
  void interrupt(connection_table& connections) { connections_ = &connections; }
  void interrupted() override;
  /// Counts what is delivered, by type, and measures how long a sample of it takes. Before anything is published; all
  /// of them outlive the workers.
  void measure(delivery_latency& latency, http::server& web);

 private:
  void count(const std::string& type);
  void time(steady_time begun);
  std::vector<socketio::name_space*> namespaces_;
  connection_table* connections_ = nullptr;
  bool offsets_ = false;
  delivery_latency* latency_ = nullptr;  // null: nothing is measured
  http::server* web_ = nullptr;          // likewise
  std::unordered_map<std::string, metrics::cell*> counted_;
};

/// What the door and the sessions behind it work with; outlives the server. What has a preset is set before the server
/// starts.
struct gateway {
  socketio::server& io;
  domain::feed& events;
  domain::publishing& publisher;
  authenticator& tokens;
  const authorization& may;
  connection_table& connections;
  domain::rate_limits& publish_rate;
  const live_settings& live;
  const report& says;

  std::string version = {};
  milliseconds heartbeat{25000};        // Engine.IO's ping interval, told to clients
  std::size_t last_events_max = 1000;   // of one `last`
  domain::replay_bounds replays = {};   // of one `since` or `last`
  std::size_t held_bytes_max = 524288;  // of broadcasts to one connection while it is brought what it missed
  domain::envelope_limits envelope = {};
  std::optional<milliseconds> presence_window = {};  // news of a room are gathered for this long; nothing: not told
  domain::presence_notices presence{};
  std::unique_ptr<api::recovery> recovery = {};   // of sessions; null: there is none
  domain::rate_limits connect_rate{{0, 1}};       // by address; 0 a second: no limit
  domain::rate_limits user_command_rate{{0, 1}};  // by user
};

/// Sets up `nsp`: CONNECT_ERROR {message, data:{code}} with token_missing, token_invalid, token_expired, forbidden,
/// over_limit or draining for those who may not in; a session for the rest. `at` must outlive the server.
void open_gateway(socketio::name_space& nsp, gateway& at);

/// Tells the members of a room who may read its presence of users that come and go: `presence.changed`
/// {room, joined, left, truncated?}, once per gateway::presence_window. Not for user rooms and global, which are
/// joined by themselves. After the gateways have been opened, before anybody connects.
void announce_presence(gateway& at);
/// The room of those who are told; a name no client can ask for.
[[nodiscard]] std::string presence_room(const std::string& room);

/// The token a client came with: the CONNECT payload's, else Authorization: Bearer, else ?token= when allowed.
[[nodiscard]] std::string token_of(const socketio::handshake& came, bool query_allowed);

/// What a principal says as claims, and so survives in socket.data() until the session takes it.
[[nodiscard]] value to_claims(const domain::principal& who);

}  // namespace fanfare::api
