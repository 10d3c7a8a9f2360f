#include "api/route_table.hpp"

#include <utility>

#include "api/answers.hpp"
#include "api/connections.hpp"
#include "api/fleet/gather.hpp"
#include "api/floor.hpp"
#include "api/publish/publish_body.hpp"
#include "api/status.hpp"

namespace fanfare::api {

namespace {

constexpr parameter room_path{"room", "path", "string", "The room, percent-encoded: project%3Ap1."};
constexpr parameter connection_path{"id", "path", "string", "The connection's id."};
constexpr parameter limit_query{"limit", "query", "integer", "At most so many (100; up to 1000)."};
constexpr parameter offset_query{"offset", "query", "integer", "Without the first so many."};

using handler_of_all = std::function<void(floor&, const http::exchange_ptr&, const credential&)>;

/// The handler sees its own part of the floor.
template <class Part, class Handler>
handler_of_all to(Part floor::*part, Handler work) {
  return [part, work](floor& all, const http::exchange_ptr& exchange, const credential& who) {
    work(all.*part, exchange, who);
  };
}

std::vector<endpoint> make_endpoints() {
  using enum needs;
  return {
      {"POST",
       "/api/v1/events",
       "publishEvents",
       "Publishes one event, a batch, all or nothing, or lines, each by itself. Repeats get the first answer.",
       publish,
       {{"Idempotency-Key", "header", "string",
         "Names the whole request: repeating it sends nothing twice. Of lines it names each, with its number."}},
       {{202, "Accepted and in the log: every event's id and cursor."}},
       to(&floor::publish, publish_events),
       true},
      {"POST",
       "/webhooks/github",
       "takeGithubDelivery",
       "Takes a signed delivery of GitHub: pull requests and issues of the repositories configured become events.",
       nothing,
       {{"X-Hub-Signature-256", "header", "string", "sha256= and the hexadecimal HMAC of the body."},
        {"X-GitHub-Event", "header", "string", "What it is about: pull_request, issues, ping."},
        {"X-GitHub-Delivery", "header", "string", "Names the delivery: repeating it sends nothing twice."}},
       {{200, "A ping."}, {202, "Accepted and in the log; or ignored, and why."}},
       to(&floor::github, take_github_delivery),
       false,
       github_body_bytes_max},

      {"GET",
       "/api/v1/websocket/stats",
       "getStats",
       "Counts, rates, rooms, workers and memory.",
       admin,
       {},
       {{200, "The numbers now."}},
       to(&floor::numbers, get_stats)},
      {"GET",
       "/api/v1/rooms",
       "listRooms",
       "Rooms with somebody in them.",
       admin,
       {limit_query,
        offset_query,
        {"prefix", "query", "string", "Only rooms that start with it."},
        {"search", "query", "string", "Only rooms that have it in their name."},
        {"order", "query", "string", "name (the default), or connections: the fullest first."}},
       {{200, "Rooms and their numbers of connections; total counts all that match."}},
       to(&floor::people, list_rooms)},
      {"GET",
       "/api/v1/rooms/{room}",
       "getRoom",
       "Who is in a room.",
       token,
       {room_path},
       {{200, "Users and their numbers of connections."}},
       to(&floor::people, get_room)},
      {"GET",
       "/api/v1/rooms/{room}/history",
       "getHistory",
       "What a room had, oldest first.",
       token,
       {room_path,
        {"since", "query", "string", "A cursor or an RFC 3339 time: only what came after it."},
        {"last", "query", "integer", "Without since: the newest so many (up to 1000)."},
        {"order", "query", "string", "With last: newest begins with the newest."},
        {"limit", "query", "integer", "At most so many (100; up to 1000)."}},
       {{200, "Events, the cursor to go on from, and whether all since the cursor was still there."}},
       to(&floor::people, get_history)},
      {"GET",
       "/api/v1/connections",
       "listConnections",
       "Who is connected, to whichever node.",
       admin,
       {{"user", "query", "string", "Only this user's."},
        {"search", "query", "string", "Only those that have it in their user, id or address."},
        {"order", "query", "string",
         "oldest first (the default), newest, or queue: the slowest readers, with queued_bytes, what waits for each."},
        limit_query,
        offset_query},
       {{200, "Connections; total counts all that match; missing_nodes names the nodes that did not answer."}},
       to(&floor::people, list_connections)},
      {"GET",
       "/api/v1/connections/{id}",
       "getConnection",
       "One connection to this node: rooms, transport, what waits to be sent, and what its token says.",
       admin,
       {connection_path},
       {{200, "The connection now."}},
       to(&floor::people, get_connection)},
      {"DELETE",
       "/api/v1/connections/{id}",
       "disconnectConnection",
       "Disconnects one connection to this node.",
       admin,
       {connection_path},
       {{200, "It was told to go."}},
       to(&floor::people, disconnect_connection)},
      {"GET",
       "/api/v1/access",
       "explainAccess",
       "Why a connected user may or may not: the rule that decides, for each of its connections.",
       admin,
       {{"user", "query", "string", "The user's id."},
        {"room", "query", "string", "The room."},
        {"action", "query", "string", "join (the default), presence, history or publish."}},
       {{200, "The decisions, and what made them."}},
       to(&floor::people, explain_access)},
      {"DELETE",
       "/api/v1/users/{id}/connections",
       "disconnectUser",
       "Disconnects a user everywhere.",
       admin,
       {{"id", "path", "string", "The user's id."}},
       {{200, "How many connections were told to go."}},
       to(&floor::people, disconnect_user)},
      {"POST",
       "/api/v1/revocations",
       "revoke",
       "Revokes a token by jti, or all of a user's tokens issued so far, and disconnects those who use them.",
       admin,
       {},
       {{200, "Until when it holds, and how many connections were told to go."}},
       to(&floor::people, revoke)},

      {"GET",
       "/api/v1/configuration",
       "getConfiguration",
       "Every configuration key with its value in effect and where that came from; secrets are masked.",
       admin,
       {},
       {{200, "The keys, in the order of the reference."}},
       to(&floor::settings_shown, get_configuration)},

      {"GET",
       "/metrics",
       "getMetrics",
       "Prometheus metrics.",
       nothing,
       {},
       {{200, "The exposition format.", "text/plain"}},
       to(&floor::numbers, get_metrics)},
      {"GET",
       "/healthz",
       "getHealth",
       "Liveness.",
       nothing,
       {},
       {{200, "The process answers.", "text/plain"}},
       to(&floor::numbers, get_health)},
      {"GET",
       "/readyz",
       "getReadiness",
       "Readiness: 503 while draining or without history.",
       nothing,
       {},
       {{200, "Send traffic.", "text/plain"}},
       to(&floor::numbers, get_readiness)},

      {"GET",
       "/api/v1/openapi.json",
       "getOpenapi",
       "This interface.",
       nothing,
       {},
       {{200, "OpenAPI 3.1."}},
       to(&floor::documents, get_openapi)},
      {"GET",
       "/api/v1/asyncapi.json",
       "getAsyncapi",
       "The Socket.IO side.",
       nothing,
       {},
       {{200, "AsyncAPI 3.0."}},
       to(&floor::documents, get_asyncapi)},
      {"GET",
       "/api/v1/schemas/{type}",
       "getSchema",
       "The JSON Schema of one event type's data.",
       nothing,
       {{"type", "path", "string", "The event type."}},
       {{200, "JSON Schema 2020-12.", "application/schema+json"}},
       to(&floor::documents, get_schema)},
  };
}

bool enough(needs access, const credential& who) {
  if (access == needs::publish) return who.has_scope("events:publish");
  if (access == needs::admin) return who.has_scope("admin");
  return true;
}

void serve(floor& all, const endpoint& row, const http::exchange_ptr& exchange) {
  if (row.access == needs::nothing) return row.work(all, exchange, {});
  // The node that asks has seen the credential.
  if (asked_by_node(all.people.others, exchange->request())) {
    return row.work(all, exchange, {true, std::nullopt, "node"});
  }
  all.tokens.identify(exchange->request(), [&all, &row, exchange](const result<credential>& who) {
    auto failed = !who ? std::optional(who.error()) : std::nullopt;
    if (who && !enough(row.access, *who)) failed = error{errc::forbidden, {}, {}};
    if (!failed) return row.work(all, exchange, *who);
    all.says.metrics
        .counter("fanfare_requests_refused_total", "Requests refused for want of a credential or its rights, by cause.",
                 {{"cause", std::string(describe(failed->code).metric_label)}})
        .add();
    all.says.log_to(severity::info, "request refused",
                    {{"path", exchange->request().path},
                     {"code", describe(failed->code).client_code},
                     {"address", exchange->request().remote_address}});
    // Why a credential failed is for the log of the server, not for whoever holds it.
    exchange->respond(problem({failed->code, {}, {}}));
  });
}

}  // namespace

const std::vector<endpoint>& endpoints() {
  static const auto all = make_endpoints();
  return all;
}

void attach_endpoints(http::server& web, floor& all) {
  for (const auto& row : endpoints()) {
    http::route_options options{.body_bytes_max = row.body_bytes_max};
    if (row.takes_events) {
      options.body_bytes_max = all.publish.bounds.publish_body_bytes_max;
      options.stream_body = has_lines;
    }
    web.route(
        row.method, row.path, [&all, &row](const http::exchange_ptr& exchange) { serve(all, row, exchange); }, options);
  }
}

}  // namespace fanfare::api
