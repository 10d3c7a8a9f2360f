#include "server/service.hpp"

#include <chrono>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <fanfare/base/token_bucket.hpp>
#include <fanfare/base/world.hpp>
#include <fanfare/socketio/server.hpp>

#include "api/floor.hpp"
#include "api/route_table.hpp"
#include "history/memory_log.hpp"
#include "history/sqlite_log.hpp"
#include "server/authorization.hpp"
#include "server/event_types.hpp"
#include "server/http_client.hpp"

namespace fanfare::server {

namespace {

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

/// limits.<what>_per_second and limits.<what>_burst.
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

}  // namespace

void check_backends(const configuration& settings) {
  const auto refuse = [&](std::string_view key, std::string_view what) {
    throw config_error({fmt::format("{}: {} {}", settings.source(key), key, what)});
  };
  if (settings.text("history.backend") == "redis") refuse("history.backend", "cannot be redis in this build");
  if (!settings.text("redis.url").empty()) refuse("redis.url", "is set, but this build has no Redis adapter");
}

// Members end in reverse order; the workers, which use them all, have ended by then (stop()).
struct service::state {
  state(const configuration& settings, log& to)
      : lines(to),
        types(load_catalogue(settings)),
        history(make_log(settings)),
        publish_limits(rate(settings, "publish")),
        caller(std::make_unique<http_caller>()),
        tokens(authenticator_options(settings, *caller, [this](const result<void>& outcome) { fetched(outcome); })),
        web(web_options(settings)),
        io(web, io_options(settings)),
        publisher(types, *history, publishing_options(settings, types, web.metrics())),
        events(*history, delivery, {.metrics = &web.metrics()}),
        shared(web, io, publisher, events, *history, types, tokens, publish_limits, std::string(version)) {}

  /// The log's epoch: letters and digits, new for every life of the process.
  static std::string random_hex() {
    auto id = real_world().random_id(15);
    for (char& letter : id) {
      if (letter == '-' || letter == '_') letter = 'x';
    }
    return id.substr(0, 12);
  }

  /// The key set, as far as it came. Not before the first token, so when all is there.
  void fetched(const result<void>& outcome) {
    const auto label = outcome ? "ok" : describe(outcome.error().code).metric_label;
    web.metrics()
        .counter("fanfare_jwks_fetches_total", "Fetches of the key set, by outcome.", {{"outcome", std::string(label)}})
        .add();
    if (!outcome) shared.says.log_to(api::severity::warn, "key set not fetched", {{"reason", outcome.error().detail}});
  }

  /// Each call is counted; of failures, which may come as often as clients subscribe, one is told in ten seconds.
  void hook_asked(std::string_view outcome, std::string_view reason) {
    web.metrics()
        .counter("fanfare_hook_calls_total", "Questions to the authorization hook, by outcome.",
                 {{"outcome", std::string(outcome)}})
        .add();
    if (reason.empty()) return;
    {
      const std::lock_guard lock(hook_mutex);
      if (hook_warnings.take(web.around().steady_now())) return;
    }
    shared.says.log_to(api::severity::warn, "the authorization hook failed, so access was refused",
                       {{"outcome", outcome}, {"reason", reason}});
  }

  [[nodiscard]] static bool keeps_file(const configuration& settings) {
    if (settings.source("history.backend") == "default") return !settings.text("history.path").empty();
    return settings.text("history.backend") == "sqlite";
  }
  std::unique_ptr<history::log> make_log(const configuration& settings) {
    if (!keeps_file(settings)) return std::make_unique<history::memory_log>(random_hex(), log_bounds(settings));
    history::sqlite_log_options options;
    options.path = settings.text("history.path");
    options.sync = history::parse_sync(settings.text("history.sync")).value_or(history::sqlite_sync::full);
    options.bounds = log_bounds(settings);
    options.on_trouble = [this](const std::string& reason) { history_troubled(reason); };
    try {
      return std::make_unique<history::sqlite_log>(random_hex(), std::move(options));
    } catch (const std::runtime_error& failure) {
      throw config_error({fmt::format("{}: history.path {}", settings.source("history.path"), failure.what())});
    }
  }

  /// From the log's writer.
  void history_troubled(const std::string& reason) {
    if (reason.empty())
      lines.sink()(api::severity::info, "the history takes events again", {});
    else
      lines.sink()(api::severity::error, "the history refuses events", {{"reason", reason}});
  }

  void trim_history() {
    history->trim(web.around().unix_ms());
    web.workers().at(0).after(std::chrono::seconds{10}, [this] { trim_history(); });
  }

  log& lines;
  domain::catalogue types;
  std::unique_ptr<history::log> history;
  api::namespace_delivery delivery;
  domain::rate_limits publish_limits;
  std::unique_ptr<http_caller> caller;
  api::authenticator tokens;
  http::server web;
  socketio::server io;
  domain::publishing publisher;
  domain::feed events;
  api::floor shared;
  std::mutex hook_mutex;
  token_bucket hook_warnings{0.1, 1, web.around().steady_now()};  // under hook_mutex
  milliseconds stop_grace{0};
  bool secure = false;
  bool stopped = false;
};

service::service(const configuration& settings, log& lines) {
  check_backends(settings);
  state_ = std::make_unique<state>(settings, lines);
  auto& shared = state_->shared;
  state_->stop_grace = ms(settings, "server.stop_grace_ms");
  state_->secure = !settings.text("server.tls_cert").empty();
  shared.may.policy = access_policy_of(settings);
  shared.says.log_to = lines.sink();
  shared.door.last_events_max = size(settings, "limits.last_events");
  shared.door.replays.bytes_max = size(settings, "limits.recovered_bytes");
  shared.door.replays.time_max = ms(settings, "limits.recovery_ms");
  shared.door.held_bytes_max = size(settings, "limits.held_bytes");
  shared.door.heartbeat = ms(settings, "engine.ping_interval_ms");
  shared.publish.bounds.batch_max = size(settings, "limits.batch_events");
  shared.publish.bounds.event_bytes_max = size(settings, "limits.event_bytes");
  shared.publish.bounds.publish_body_bytes_max = size(settings, "limits.publish_body_bytes");
  shared.door.connect_rate.set_limit(rate(settings, "connects"));
  shared.door.user_command_rate.set_limit(rate(settings, "user_commands"));
  if (settings.boolean("presence.notices")) shared.door.presence_window = ms(settings, "presence.window_ms");
  if (const auto& url = settings.text("auth.hook_url"); !url.empty()) {
    hook_options options;
    options.timeout = ms(settings, "auth.hook_timeout_ms");
    options.cache_ttl = std::chrono::seconds(settings.integer("auth.hook_cache_ttl_s"));
    options.cache_entries_max = size(settings, "auth.hook_cache_entries");
    options.note = [state = state_.get()](auto outcome, auto reason) { state->hook_asked(outcome, reason); };
    shared.may.hook = make_hook(url, *state_->caller, options);
  }
  state_->publisher.recall(state_->web.around().now(), state_->web.around().steady_now());
  api::restore_revocations(shared.people);
  if (settings.boolean("recovery.enabled")) {
    const api::recovery_bounds bounds{std::chrono::seconds(settings.integer("recovery.max_disconnection_s")),
                                      size(settings, "limits.connections")};
    shared.door.recovery = std::make_unique<api::recovery>(*state_->history, bounds, state_->web.around().unix_ms());
    state_->delivery.give_offsets();
  }
  state_->tokens.set_keys(verification_keys(settings));
  state_->tokens.set_service_keys(settings.list("publish.keys"));
  shared.live.replace(api_settings(settings));
  for (const auto* name : {"/", "/ws"}) {
    auto& nsp = state_->io.of(name);
    state_->delivery.attach(nsp);
    api::open_gateway(nsp, shared.door);
  }
  api::announce_presence(shared.door);
  api::attach_endpoints(state_->web, shared);
  api::observe_status(shared.numbers);
}

service::~service() { stop(); }

void service::start() {
  state_->web.start();
  state_->web.workers().at(0).post([state = state_.get()] { state->trim_history(); });
}

void service::reload(const configuration& settings) {
  // All that may fail comes first, so that a bad file changes nothing.
  auto keys = verification_keys(settings);
  auto next = api_settings(settings);
  state_->tokens.set_keys(std::move(keys));
  state_->tokens.set_service_keys(settings.list("publish.keys"));
  state_->shared.live.replace(std::move(next));
  state_->publish_limits.set_limit(rate(settings, "publish"));
  state_->shared.door.connect_rate.set_limit(rate(settings, "connects"));
  state_->shared.door.user_command_rate.set_limit(rate(settings, "user_commands"));
  state_->web.set_cors(cors_of(settings));
  state_->web.set_connections_max(size(settings, "limits.connections") + 1000);
  state_->lines.set_level(settings.text("log.level"));
}

void service::drain() { state_->shared.live.draining = true; }

void service::stop() {
  if (std::exchange(state_->stopped, true)) return;
  drain();
  state_->web.stop(state_->stop_grace);
  // What has been given to it is kept, though nobody hears of it any more.
  state_->history->close();
  // Its answers would go to workers that are gone.
  state_->caller.reset();
}

http::server& service::web() noexcept { return state_->web; }

std::string service::url() const {
  return fmt::format("{}://{}", state_->secure ? "https" : "http", state_->web.addresses().front());
}

}  // namespace fanfare::server
