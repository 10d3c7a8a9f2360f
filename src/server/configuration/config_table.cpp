#include "server/configuration/config_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <fanfare/base/edit_distance.hpp>

namespace fanfare::server {

namespace {

using enum key_kind;
constexpr std::int64_t int_max = 2147483647;

constexpr config_key whole(std::string_view name, std::string_view preset, std::int64_t min, std::int64_t max,
                           std::string_view explanation, bool reloadable = false) {
  return {.name = name,
          .kind = integer,
          .preset = preset,
          .explanation = explanation,
          .min = min,
          .max = max,
          .reloadable = reloadable};
}

constexpr config_key keys[] = {
    {.name = "server.listen",
     .kind = list,
     .preset = "127.0.0.1:8000",
     .explanation = "Addresses to listen on, HOST:PORT; port 0 takes a free one."},
    whole("server.workers", "0", 0, 1024, "Worker threads, each with its own event loop; 0 is one per core."),
    {.name = "server.tls_cert",
     .kind = text,
     .preset = "",
     .explanation = "PEM file of the certificate chain; empty serves plain HTTP.",
     .path = true},
    {.name = "server.tls_key",
     .kind = text,
     .preset = "",
     .explanation = "PEM file of the certificate's private key.",
     .path = true},
    whole("server.drain_ms", "1000", 0, 600000,
          "From SIGTERM to the end of connections: /readyz is false meanwhile, so that load balancers look away."),
    whole("server.stop_grace_ms", "2000", 0, 600000, "How long answers under way may take to finish after that."),

    whole("http.header_timeout_ms", "10000", 1, int_max, "From the first byte of a request to the end of its headers."),
    whole("http.body_timeout_ms", "30000", 1, int_max,
          "From the end of the headers to the end of the body; of a streamed one, to its next bytes."),
    whole("http.idle_timeout_ms", "60000", 1, int_max,
          "How long a kept-alive connection may be silent between requests."),
    whole("http.write_timeout_ms", "30000", 1, int_max,
          "A peer that reads nothing of an answer for this long is closed."),
    whole("http.header_bytes", "32768", 1024, 1048576, "The largest request line and headers; past it 431."),
    whole("http.target_bytes", "0", 0, 1048576,
          "The longest request target (path and query); past it 414. 0 is as long as http.header_bytes."),

    whole("engine.ping_interval_ms", "25000", 100, int_max, "Engine.IO heartbeat: how often a client is pinged."),
    whole("engine.ping_timeout_ms", "60000", 100, int_max,
          "Engine.IO heartbeat: how long a client may take to answer."),
    whole("engine.max_payload_bytes", "1000000", 1024, 1073741824, "The largest message a client may send."),
    whole("engine.upgrade_timeout_ms", "10000", 1, int_max, "How long an upgrade from polling to WebSocket may take."),
    whole("engine.connect_timeout_ms", "45000", 1, int_max, "How long a client may take to CONNECT to a namespace."),
    {.name = "engine.polling",
     .kind = boolean,
     .preset = "true",
     .explanation = "Offer the HTTP long-polling transport."},
    {.name = "engine.compression",
     .kind = boolean,
     .preset = "false",
     .explanation = "Offer permessage-deflate on WebSockets: less traffic for more CPU and memory per client."},

    {.name = "cors.origins",
     .kind = list,
     .preset = "",
     .explanation = "Origins browsers may connect from (https://app.example), or * for any.",
     .reloadable = true},
    {.name = "cors.credentials",
     .kind = boolean,
     .preset = "false",
     .explanation = "Let browsers send cookies and credentials from those origins.",
     .reloadable = true},
    {.name = "cors.enforce",
     .kind = boolean,
     .preset = "true",
     .explanation =
         "Refuse Socket.IO requests, WebSockets too, from other origins than those and the server's own host.",
     .reloadable = true},

    {.name = "auth.algorithms",
     .kind = list,
     .preset = "HS256",
     .explanation = "Signature algorithms accepted: HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 "
                    "EdDSA."},
    {.name = "auth.secret",
     .kind = text,
     .preset = "",
     .explanation = "Shared secret of the HS algorithms, at least as long as the hash (32 bytes for HS256).",
     .secret = true,
     .reloadable = true},
    {.name = "auth.public_key_file",
     .kind = text,
     .preset = "",
     .explanation = "PEM public key that verifies the RS, PS, ES and EdDSA algorithms.",
     .reloadable = true,
     .path = true},
    {.name = "auth.private_key_file",
     .kind = text,
     .preset = "",
     .explanation = "PEM private key that `fanfare token` signs with; the server itself never reads it.",
     .path = true},
    {.name = "auth.jwks_url",
     .kind = text,
     .preset = "",
     .explanation = "URL of a JSON Web Key Set with the verification keys. SSL_CERT_FILE names CAs of one's own."},
    whole("auth.jwks_refresh_s", "300", 1, 86400, "How old the key set may get before it is fetched again."),
    whole("auth.jwks_cooldown_s", "30", 1, 3600,
          "Least time between fetches that unknown key ids or failures ask for."),
    {.name = "auth.issuer", .kind = text, .preset = "", .explanation = "Required `iss` claim; empty asks for none."},
    {.name = "auth.audience", .kind = text, .preset = "", .explanation = "Required `aud` claim; empty asks for none."},
    whole("auth.token_bytes", "16384", 1024, 65536,
          "The longest token; past it token_invalid. One in a header needs room in http.header_bytes."),
    whole("auth.leeway_s", "5", 0, 60, "Clock difference forgiven when times in tokens are checked."),
    {.name = "auth.query_token",
     .kind = boolean,
     .preset = "false",
     .explanation = "Accept ?token= in the URL. URLs end up in other people's logs; prefer the auth payload."},
    whole("auth.refresh_grace_s", "25", 0, 3600,
          "How long after its token expired a connection may still present a new one.", true),
    whole("auth.expiry_warning_s", "60", 0, 86400, "How long before expiry a connection is warned with token_expiring.",
          true),
    {.name = "auth.hook_url",
     .kind = text,
     .preset = "",
     .explanation = "Back-end asked whether a user may join a room that the token's claims do not name."},
    whole("auth.hook_timeout_ms", "5000", 1, 60000, "How long the back-end may take; past it the answer is no."),
    whole("auth.hook_cache_ttl_s", "30", 0, 86400, "How long its answers are kept; 0 asks every time."),
    whole("auth.hook_cache_entries", "10000", 0, 10000000, "Answers kept; the oldest go first."),
    {.name = "auth.claim_projects",
     .kind = text,
     .preset = "projects",
     .explanation = "Claim that lists the project ids; \"*\" is all."},
    {.name = "auth.claim_agents",
     .kind = text,
     .preset = "agents",
     .explanation = "Claim that lists the agent ids; \"*\" is all."},
    {.name = "auth.claim_roles", .kind = text, .preset = "roles", .explanation = "Claim that lists the roles."},
    {.name = "auth.claim_scope",
     .kind = text,
     .preset = "scope",
     .explanation = "Claim that lists the scopes, as a list or separated by spaces (RFC 8693 §4.2)."},

    {.name = "policy.room_kinds",
     .kind = list,
     .preset = "",
     .explanation = "Kinds of rooms of your own, beside project, agent, user and global: team makes team:<id> a room."},
    {.name = "policy.rules",
     .kind = list,
     .preset = "",
     .explanation =
         "Rules before the built-in ones, \"KIND ACTIONS GRANTS\", the parts joined by +: actions join presence "
         "history publish; grants anyone claim own hook role:<r> scope:<s> nobody. "
         "\"team join+presence role:staff+hook\"."},

    {.name = "publish.keys",
     .kind = list,
     .preset = "",
     .explanation = "Service keys that may publish and administer.",
     .secret = true,
     .reloadable = true},

    whole("limits.connections", "10000", 1, 10000000,
          "Clients connected at once; past it CONNECT is refused with over_limit.", true),
    whole("limits.connections_per_user", "100", 1, 10000000, "Connections of one user at once.", true),
    whole("limits.connections_per_address", "0", 0, 10000000,
          "Connections of one address at once; 0 is no limit. Behind a proxy all clients have the proxy's.", true),
    whole("limits.connects_per_second", "0", 0, 1000000,
          "CONNECTs a second and address; past it over_limit with retry_after_ms. 0 is no limit.", true),
    whole("limits.connects_burst", "100", 1, 1000000, "CONNECTs that one address may send at once.", true),
    whole("limits.rooms_per_connection", "1000", 2, 1000000, "Rooms one connection may be in."),
    whole("limits.members_per_room", "0", 0, 10000000, "Connections in one room; past it over_limit. 0 is no limit.",
          true),
    whole("limits.commands_per_second", "50", 1, 1000000,
          "Client commands a second and connection; past it rate_limited.", true),
    whole("limits.commands_burst", "200", 1, 1000000, "Client commands that may come at once.", true),
    whole("limits.user_commands_per_second", "0", 0, 1000000,
          "Client commands a second of one user's connections together; 0 is no limit.", true),
    whole("limits.user_commands_burst", "1000", 1, 1000000, "Client commands that a user may send at once.", true),
    whole("limits.publish_per_second", "5000", 1, 100000000,
          "Events a second and credential that may be published; past it 429.", true),
    whole("limits.publish_burst", "20000", 1, 100000000, "Events that one credential may publish at once.", true),
    whole("limits.batch_events", "1000", 1, 100000, "Events in one publish request."),
    whole("limits.publish_body_bytes", "8000000", 1024, 1073741824, "The largest publish request."),
    whole("limits.event_bytes", "262144", 256, 1073741824, "The largest single event."),
    whole("limits.send_queue_bytes", "4194304", 65536, 1073741824,
          "Bytes kept for a client; past it the client is closed when it takes none for ten seconds, or at once by "
          "what is "
          "engine.max_payload_bytes more."),
    whole("limits.last_events", "1000", 1, 1000000, "The largest `last`: how many of the newest events come first."),
    whole(
        "limits.recovered_bytes", "1073741824", 1024, 1099511627776,
        "Bytes of events that one `since` may go through; past it `recovered` is false and the client starts afresh."),
    whole("limits.recovery_ms", "60000", 100, 86400000, "How long one `since` may take, as is said of its bytes."),
    whole(
        "limits.held_bytes", "524288", 4096, 1073741824,
        "Bytes of live events that wait for a client while it is brought what it missed; past it that ends, as is said "
        "of its bytes."),

    {.name = "presence.notices",
     .kind = boolean,
     .preset = "false",
     .explanation = "Tell a room's members, by presence.changed, which users come and go."},
    whole("presence.window_ms", "200", 1, 60000, "How long what is new in a room is gathered into one notice."),

    {.name = "history.backend",
     .kind = text,
     .preset = "memory",
     .explanation = "Where the log of events is kept.",
     .choices = "memory|sqlite|redis"},
    {.name = "history.path",
     .kind = text,
     .preset = "",
     .explanation = "The SQLite file. Where it is given, history.backend is sqlite unless it says otherwise.",
     .path = true},
    {.name = "history.sync",
     .kind = text,
     .preset = "full",
     .explanation = "What an acknowledged event survives in the SQLite file: full, a loss of power; normal, a crash of "
                    "the server; off, "
                    "the same, but a loss of power may damage the file.",
     .choices = "full|normal|off"},
    whole("history.room_events_max", "10000", 1, 1000000000,
          "Events kept of one room, so that a loud one does not push the others out."),
    whole("history.events_max", "100000", 1, 1000000000, "Events kept in all; the oldest go first."),
    whole("history.bytes_max", "67108864", 1024, 1099511627776, "Bytes of events kept; the oldest go first."),
    whole("history.max_age_s", "86400", 1, 315360000, "How long an event is kept."),
    {.name = "history.rules",
     .kind = list,
     .preset = "",
     .explanation =
         "How long events of which types are kept instead, the first that names a type: \"workflow.progress latest\" "
         "(the newest of each workflow and room), \"ai.* 7d\", \"pr.* keep\" (however old; what is kept so gives way "
         "to "
         "the bounds on size last, once it takes half of them), \"agent.status_changed latest keep\"."},

    {.name = "recovery.enabled",
     .kind = boolean,
     .preset = "false",
     .explanation =
         "Connection state recovery (Socket.IO 4.6): official JavaScript clients come back to their session, "
         "rooms and missed events by themselves. Every event then has its cursor as one more argument."},
    whole("recovery.max_disconnection_s", "120", 1, 604800, "How long a client may be away and come back so."),

    {.name = "redis.url",
     .kind = text,
     .preset = "",
     .explanation =
         "Redis for several nodes: redis://[user:password@]host:port[/db], redis+sentinel://h1:p1,h2:p2/NAME, "
         "redis+cluster://h1:p1,h2:p2; rediss://, rediss+sentinel:// and rediss+cluster:// over TLS.",
     .secret = true},
    {.name = "redis.prefix",
     .kind = text,
     .preset = "fanfare",
     .explanation = "What the names of all keys and channels begin with: one for each fleet that shares a Redis."},
    {.name = "redis.tls_ca",
     .kind = text,
     .preset = "",
     .explanation =
         "PEM file of the authorities that Redis' certificate is verified against; empty takes the system's.",
     .path = true},
    {.name = "redis.tls_cert",
     .kind = text,
     .preset = "",
     .explanation = "PEM file of the certificate shown to a Redis that asks for one.",
     .path = true},
    {.name = "redis.tls_key",
     .kind = text,
     .preset = "",
     .explanation = "PEM file of that certificate's private key.",
     .path = true},
    whole("redis.min_replicas", "0", 0, 100,
          "Replicas that must have an event before it is acknowledged (WAIT); then it survives a failover to one of "
          "them."),
    whole("redis.replica_timeout_ms", "1000", 1, 600000, "How long they may take; past it publishing is refused."),
    whole("redis.window_bytes", "16777216", 1024, 1073741824,
          "Bytes of the newest events that a node keeps in memory, so that most who come back cost Redis nothing."),
    whole("redis.timeout_ms", "5000", 10, 600000,
          "How long Redis may take to answer; past it what waits is refused as unavailable."),

    {.name = "fleet.node",
     .kind = text,
     .preset = "",
     .explanation = "This node's name, another one for each node of a fleet; empty draws one."},
    whole("fleet.timeout_s", "10", 1, 3600,
          "A node that is not heard of for so long is gone, and its users with it from presence."),
    {.name = "fleet.secret",
     .kind = text,
     .preset = "",
     .explanation = "What nodes know each other by, the same on all, 32 characters or more: then any of them takes the "
                    "polls and upgrades of any session, and lists the connections of all. Empty turns that off.",
     .secret = true},
    {.name = "fleet.advertise",
     .kind = text,
     .preset = "",
     .explanation = "HOST:PORT at which the other nodes reach this one; empty takes the first of server.listen."},
    {.name = "fleet.tls_ca",
     .kind = text,
     .preset = "",
     .explanation = "PEM file of the authorities that the other nodes' certificates are verified against, where "
                    "server.tls_cert is set; empty takes the system's.",
     .path = true},

    {.name = "github.secret",
     .kind = text,
     .preset = "",
     .explanation = "Webhook secret; empty turns /webhooks/github off.",
     .secret = true,
     .reloadable = true},
    {.name = "github.previous_secret",
     .kind = text,
     .preset = "",
     .explanation = "Taken as well, while GitHub is being told the new secret.",
     .secret = true,
     .reloadable = true},
    {.name = "github.projects",
     .kind = table,
     .preset = "",
     .explanation = "Repository (owner/name, or owner/* for the owner's others) to project id.",
     .reloadable = true},

    {.name = "events.schemas",
     .kind = list,
     .preset = "",
     .explanation = "JSON Schema files of `data`, each an event type of your own: x-fanfare-type (or title) names it.",
     .path = true},

    {.name = "dashboard.enabled",
     .kind = boolean,
     .preset = "true",
     .explanation = "Serve the dashboard at /dashboard/. Its files tell nothing; what it shows takes a token with the "
                    "scope admin."},

    {.name = "log.level",
     .kind = text,
     .preset = "info",
     .explanation = "The least severe lines that are written.",
     .choices = "trace|debug|info|warn|error|off",
     .reloadable = true},
    {.name = "log.format",
     .kind = text,
     .preset = "json",
     .explanation = "One JSON object a line for machines, or text for people.",
     .choices = "json|text"},
};

}  // namespace

std::span<const config_key> config_keys() noexcept { return keys; }

const config_key* find_key(std::string_view name) noexcept {
  const auto found = std::ranges::find(keys, name, &config_key::name);
  return found == std::end(keys) ? nullptr : &*found;
}

const config_key& nearest_key(std::string_view name) {
  // Names come from files and the environment: what is far longer than any key is as far from all of them.
  const auto given = name.substr(0, 128);
  return *std::ranges::min_element(keys, {}, [given](const config_key& key) {
    const auto leaf = key.name.substr(key.name.find('.') + 1);
    return std::min(edit_distance(given, key.name) * 2, edit_distance(given, leaf) * 2 + 1);
  });
}

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return false;
}

}  // namespace fanfare::server
