#include "server/service/service.hpp"

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
#include "server/service/fleet_node.hpp"
#include "server/service/options.hpp"
#include "server/service/redis_connection.hpp"

namespace fanfare::server {

// Members end in reverse order; the workers, which use them all, have ended by then (stop()).
struct service::state {
  state(const configuration& settings, log& to)
      : lines(to),
        types(load_catalogue(settings)),
        web(web_options(settings)),
        history(make_log(settings)),
        publish_limits(rate(settings, "publish")),
        caller(std::make_unique<http_caller>()),
        tokens(authenticator_options(settings, *caller, [this](const result<void>& outcome) { fetched(outcome); })),
        io(web, engine_options(settings)),
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
  [[nodiscard]] static std::string backend(const configuration& settings) {
    if (settings.text("history.backend") == "redis") return "redis";
    return keeps_file(settings) ? "sqlite" : "memory";
  }
  std::unique_ptr<history::log> make_log(const configuration& settings) {
    if (settings.text("history.backend") == "redis") return make_redis_log(settings);
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

  std::unique_ptr<history::log> make_redis_log(const configuration& settings) {
    redis = std::make_unique<redis_connection>(settings, web.metrics(), web.around());
    auto options = redis_log_options(settings);
    options.prefix = redis->prefix();
    options.appender.node = random_hex();
    options.make_client = [at = redis.get()] { return at->make_client(); };
    options.draw_epoch = random_hex;
    options.on_trouble = [this](const std::string& reason) { history_troubled(reason); };
    options.metrics = &web.metrics();
    try {
      return std::make_unique<history::redis_log>(redis->home(), std::move(options));
    } catch (const std::runtime_error& failure) {
      throw config_error({fmt::format("{}: redis.url: {}", settings.source("redis.url"), failure.what())});
    }
  }

  /// From the log's writer.
  void history_troubled(const std::string& reason) {
    if (reason.empty())
      lines.sink()(api::severity::info, "the history takes events again", {});
    else
      lines.sink()(api::severity::error, "the history refuses events", {{"reason", reason}});
  }

  /// Requests of other nodes' sessions are handed over once there is a fleet to hand them to.
  socketio::server_options engine_options(const configuration& settings) {
    auto options = io_options(settings);
    if (settings.text("fleet.secret").empty()) return options;
    web.around().random_bytes({reinterpret_cast<unsigned char*>(&fleet_tag), sizeof fleet_tag});
    options.engine.fleet.emplace(engineio::server_options::fleet_terms{
        fleet_tag,
        [this](auto tag, const auto& exchange, auto unknown) { fleet->hand_over(tag, exchange, std::move(unknown)); },
        [this](const auto& request) { return fleet->admits(request); }});
    return options;
  }

  void trim_history() {
    history->trim(web.around().unix_ms());
    web.workers().at(0).after(std::chrono::seconds{10}, [this] { trim_history(); });
  }

  log& lines;
  std::uint16_t fleet_tag = 0;  // names this node in session ids
  domain::catalogue types;
  http::server web;
  std::unique_ptr<redis_connection> redis;  // of the history; null when it is not there
  std::unique_ptr<history::log> history;
  api::namespace_delivery delivery;
  domain::rate_limits publish_limits;
  std::unique_ptr<http_caller> caller;
  api::authenticator tokens;
  socketio::server io;
  domain::publishing publisher;
  domain::feed events;
  api::floor shared;
  std::unique_ptr<fleet_node> fleet;  // null when the history is this node's own
  std::mutex hook_mutex;
  token_bucket hook_warnings{0.1, 1, web.around().steady_now()};  // under hook_mutex
  milliseconds stop_grace{0};
  bool secure = false;
  bool stopped = false;
  configuration effective;  // as reloaded
};

service::service(const configuration& settings, log& lines) {
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
  state_->delivery.interrupt(shared.connections);
  if (state_->history->shared()) {
    state_->fleet = std::make_unique<fleet_node>(settings, *state_->history, state_->web, shared, state_->fleet_tag);
    state_->fleet->join();
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
  state_->delivery.measure(shared.latency, state_->web);
  shared.numbers.backend = state_->backend(settings);
  state_->effective = settings;
  shared.settings_shown.replace(report(settings));
  const bool has_dashboard = settings.boolean("dashboard.enabled") && !shared.page.files.empty();
  if (has_dashboard) api::attach_dashboard(state_->web, shared.page);
  api::attach_endpoints(state_->web, shared);
  api::observe_status(shared.numbers);
}

service::~service() { stop(); }

void service::start() {
  state_->web.start();
  state_->web.workers().at(0).post([state = state_.get()] { state->trim_history(); });
  if (state_->fleet) state_->fleet->start();
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
  state_->effective.reload_from(settings);
  state_->shared.settings_shown.replace(report(state_->effective));
}

void service::drain() {
  state_->shared.live.draining = true;
  if (state_->fleet) state_->fleet->drain();
}

void service::stop() {
  if (std::exchange(state_->stopped, true)) return;
  drain();
  state_->web.stop(state_->stop_grace);
  if (state_->fleet) state_->fleet->leave();
  // What has been given to it is kept, though nobody hears of it any more.
  state_->history->close();
  // Its answers would go to workers that are gone.
  state_->caller.reset();
}

void service::give_away(value dev, bool to_any_host) {
  state_->shared.page.dev = std::move(dev);
  state_->shared.page.dev_public = to_any_host;
}

http::server& service::web() noexcept { return state_->web; }

std::string service::url() const {
  return fmt::format("{}://{}", state_->secure ? "https" : "http", state_->web.addresses().front());
}

}  // namespace fanfare::server
