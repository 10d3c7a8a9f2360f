#include "server/service/options.hpp"

#include <chrono>
#include <utility>

#include "server/authorization.hpp"
#include "server/event_types.hpp"

namespace fanfare::server {

milliseconds ms(const configuration& settings, std::string_view key) { return milliseconds{settings.integer(key)}; }
std::size_t size(const configuration& settings, std::string_view key) {
  return static_cast<std::size_t>(settings.integer(key));
}

http::cors_policy cors_of(const configuration& settings) {
  http::cors_policy policy;
  policy.origins = settings.list("cors.origins");
  policy.credentials = settings.boolean("cors.credentials");
  policy.enforce = settings.boolean("cors.enforce");
  return policy;
}

http::server_options web_options(const configuration& settings) {
  http::server_options options;
  options.listen = settings.list("server.listen");
  options.workers = static_cast<unsigned>(settings.integer("server.workers"));
  options.tls_cert = settings.text("server.tls_cert");
  options.tls_key = settings.text("server.tls_key");
  options.cors = cors_of(settings);
  // Beyond the clients: probes, publishers, and what is about to be refused with a code rather than a reset.
  options.connections_max = size(settings, "limits.connections") + 1000;
  options.body_bytes_max = size(settings, "engine.max_payload_bytes");
  options.header_bytes_max = size(settings, "http.header_bytes");
  const auto target_bytes = size(settings, "http.target_bytes");
  options.target_bytes_max = target_bytes != 0 ? target_bytes : options.header_bytes_max;
  options.header_timeout = ms(settings, "http.header_timeout_ms");
  options.body_timeout = ms(settings, "http.body_timeout_ms");
  options.idle_timeout = ms(settings, "http.idle_timeout_ms");
  options.write_timeout = ms(settings, "http.write_timeout_ms");
  return options;
}

socketio::server_options io_options(const configuration& settings) {
  socketio::server_options options;
  options.engine.paths = {"/socket.io/", "/ws/socket.io/"};
  options.engine.ping_interval = ms(settings, "engine.ping_interval_ms");
  options.engine.ping_timeout = ms(settings, "engine.ping_timeout_ms");
  options.engine.upgrade_timeout = ms(settings, "engine.upgrade_timeout_ms");
  options.engine.max_payload_bytes = size(settings, "engine.max_payload_bytes");
  options.engine.polling = settings.boolean("engine.polling");
  if (settings.boolean("engine.compression")) options.engine.deflate = websocket::deflate_options{};
  options.engine.sessions_max = size(settings, "limits.connections") + 500;
  options.engine.send_queue_bytes_max = size(settings, "limits.send_queue_bytes");
  options.connect_timeout = ms(settings, "engine.connect_timeout_ms");
  // Beside each room its notices of presence; how many rooms there may be is the session's to say.
  options.rooms_per_socket_max = size(settings, "limits.rooms_per_connection") * 2;
  return options;
}

history::memory_log_options log_bounds(const configuration& settings) {
  history::memory_log_options options;
  options.bytes_max = size(settings, "history.bytes_max");
  options.entries_max = size(settings, "history.events_max");
  options.room_entries_max = size(settings, "history.room_events_max");
  options.age_max = std::chrono::seconds(settings.integer("history.max_age_s"));
  return options;
}

history::redis_log_options redis_log_options(const configuration& settings) {
  history::redis_log_options options;
  options.appender.bounds = log_bounds(settings);
  options.appender.min_replicas = static_cast<unsigned>(settings.integer("redis.min_replicas"));
  options.appender.replica_timeout = ms(settings, "redis.replica_timeout_ms");
  options.window = options.appender.bounds;
  options.window.bytes_max = size(settings, "redis.window_bytes");
  options.patience = options.start_timeout = ms(settings, "redis.timeout_ms");
  return options;
}

domain::publishing_options publishing_options(const configuration& settings, const domain::catalogue& types,
                                              metrics::registry& metrics) {
  domain::publishing_options options;
  options.room_kinds = access_policy_of(settings).kinds();
  options.batch_max = size(settings, "limits.batch_events");
  options.event_bytes_max = size(settings, "limits.event_bytes");
  options.kept_for = load_retention(settings, types);
  options.metrics = &metrics;
  return options;
}

domain::rate_limit rate(const configuration& settings, const std::string& what) {
  return {static_cast<double>(settings.integer("limits." + what + "_per_second")),
          static_cast<double>(settings.integer("limits." + what + "_burst"))};
}

api::settings api_settings(const configuration& settings) {
  api::settings out;
  out.query_token = settings.boolean("auth.query_token");
  out.refresh_grace = std::chrono::seconds(settings.integer("auth.refresh_grace_s"));
  out.expiry_warning = std::chrono::seconds(settings.integer("auth.expiry_warning_s"));
  out.connections = {size(settings, "limits.connections"), size(settings, "limits.connections_per_user"),
                     size(settings, "limits.connections_per_address")};
  out.rooms_per_connection_max = size(settings, "limits.rooms_per_connection");
  out.members_per_room_max = size(settings, "limits.members_per_room");
  out.commands_per_second = static_cast<double>(settings.integer("limits.commands_per_second"));
  out.commands_burst = static_cast<double>(settings.integer("limits.commands_burst"));
  out.github = github_settings_of(settings);
  return out;
}

api::authenticator_options authenticator_options(const configuration& settings, http_caller& caller,
                                                 std::function<void(const result<void>&)> fetched) {
  api::authenticator_options options;
  options.rules.issuer = settings.text("auth.issuer");
  options.rules.audience = settings.text("auth.audience");
  options.rules.token_bytes_max = size(settings, "auth.token_bytes");
  options.rules.leeway = std::chrono::seconds(settings.integer("auth.leeway_s"));
  options.names = {settings.text("auth.claim_projects"), settings.text("auth.claim_agents"),
                   settings.text("auth.claim_roles"), settings.text("auth.claim_scope")};
  if (const auto& url = settings.text("auth.jwks_url"); !url.empty()) {
    options.jwks.emplace();
    options.jwks->refresh = std::chrono::seconds(settings.integer("auth.jwks_refresh_s"));
    options.jwks->cooldown = std::chrono::seconds(settings.integer("auth.jwks_cooldown_s"));
    for (const auto algorithm : algorithms(settings)) {
      // A symmetric key has no place in a public set (RFC 8725 §3.1).
      if (!domain::to_text(algorithm).starts_with("HS")) options.jwks->allowed.push_back(algorithm);
    }
    options.jwks_fetched = std::move(fetched);
    options.fetch_jwks = [url, &caller](const std::function<void(result<std::string>)>& done) {
      client_request request;
      request.url = url;
      request.answer_bytes_max = 1048576;
      caller.call(std::move(request), [done](result<client_response> answer) {
        if (!answer) return done(answer.error());
        if (answer->status != 200) return done(error{errc::unavailable, "the key set was not served", {}});
        done(std::move(answer->body));
      });
    };
  }
  return options;
}

}  // namespace fanfare::server
