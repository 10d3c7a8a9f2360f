#include "server/configuration/production_check.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "redis/url.hpp"
#include "server/client_url.hpp"
#include "server/configuration/secret_strength.hpp"

namespace fanfare::server {

namespace {

using enum urgency;

/// One part of the checklist after the other; what is not ticked gathers in `found`.
struct checklist {
  const configuration& settings;
  const surroundings& around;
  const std::vector<std::string> open = open_addresses(settings);  // that others than this machine reach
  std::vector<production_warning> found = {};

  void add(urgency level, std::string_view box, std::string_view key, std::string what, std::string cure) {
    found.push_back({level, key, settings.source(key), box, std::move(what), std::move(cure)});
  }

  [[nodiscard]] bool is_in_file(std::string_view key) const {
    return !around.config_file.empty() && settings.source(key).starts_with(around.config_file + ":");
  }

  [[nodiscard]] bool is_empty(std::string_view key) const {
    return std::visit(
        [](const auto& content) {
          if constexpr (std::is_class_v<std::decay_t<decltype(content)>>) return content.empty();
          return false;
        },
        settings.get(key));
  }

  /// The hash of the longest HS algorithm, in bytes (RFC 7518 §3.2); 0 without one.
  [[nodiscard]] std::size_t shared_secret_bytes() const {
    std::size_t bytes = 0;
    for (const auto& algorithm : settings.list("auth.algorithms")) {
      if (algorithm.starts_with("HS")) bytes = std::max<std::size_t>(bytes, std::stoul(algorithm.substr(2)) / 8);
    }
    return bytes;
  }

  void check_tls();
  void check_strength(std::string_view key, const std::string& secret, std::size_t bytes);
  void check_secrets();
  void check_files();
  void check_tokens();
  void check_origins();
  void check_limits();
  void check_history();
  void check_redis();
  void check_what_is_open();
  void check_logs();
};

bool is_this_machine(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// Whether what is sent to a URL can be read, and changed, on its way.
bool is_plain(const std::string& text) {
  const auto url = parse_url(text);
  return url && !url->secure && !is_this_machine(url->host);
}

void checklist::check_tls() {
  if (open.empty() || !settings.text("server.tls_cert").empty()) return;
  add(warning, "TLS", "server.listen", fmt::format("has {}, where tokens and events go in plain text", open.front()),
      "set server.tls_cert and server.tls_key, or listen on 127.0.0.1 behind a proxy that has TLS");
}

void checklist::check_strength(std::string_view key, const std::string& secret, std::size_t bytes) {
  if (secret.empty()) return;
  const auto cure = fmt::format("draw one: openssl rand -hex {}", bytes);
  const std::string_view box = key == "publish.keys" ? "Service keys" : "Secrets";
  if (const auto why = why_guessable(secret, bytes); !why.empty()) {
    return add(warning, box, key,
               (key == "publish.keys" ? "holds a key that " : "") + why + ", so that it can be guessed", cure);
  }
  // A hexadecimal digit is half a byte of chance, a character of base64 three quarters.
  if (secret.size() >= 2 * bytes) return;
  add(warning, box, key,
      fmt::format("{} {} characters; random text that stands for {} bytes has {}",
                  key == "publish.keys" ? "holds a key of" : "has", secret.size(), bytes, 2 * bytes),
      cure);
}

void checklist::check_secrets() {
  if (const auto bytes = shared_secret_bytes(); bytes != 0) {
    check_strength("auth.secret", settings.text("auth.secret"), bytes);
  }
  constexpr std::size_t key_bytes = 16;
  for (const auto& key : settings.list("publish.keys")) check_strength("publish.keys", key, key_bytes);
  constexpr std::size_t fleet_bytes = 32;
  check_strength("fleet.secret", settings.text("fleet.secret"), fleet_bytes);
  for (const auto* key : {"github.secret", "github.previous_secret"}) {
    check_strength(key, settings.text(key), key_bytes);
  }
}

void checklist::check_files() {
  const bool readable = around.others_may_read(around.config_file);
  for (const auto& key : config_keys()) {
    if (!key.secret || !is_in_file(key.name) || is_empty(key.name)) continue;
    const auto variable = "FANFARE_" + environment_name(key.name);
    if (readable) {
      add(warning, "Secrets", key.name, "stands in a file that every user of this machine may read",
          fmt::format("chmod 600 {}, or set {}", around.config_file, variable));
    } else {
      add(hint, "Secrets", key.name, "stands in a file, and so in its copies and backups",
          fmt::format("{} keeps it out", variable));
    }
  }
  for (const auto* key : {"server.tls_key", "redis.tls_key", "auth.private_key_file"}) {
    const auto& path = settings.text(key);
    if (path.empty() || !around.others_may_read(path)) continue;
    add(warning, "Secrets", key, fmt::format("is {}, which every user of this machine may read", path),
        "chmod 600 " + path);
  }
}

void checklist::check_tokens() {
  if (settings.boolean("auth.query_token")) {
    add(warning, "Tokens", "auth.query_token", "is on: URLs, with the tokens in them, end up in other people's logs",
        "set it to false; clients send `auth: {token}`");
  }
  if (const auto& url = settings.text("auth.jwks_url"); !url.empty()) {
    if (is_plain(url)) {
      add(warning, "Tokens", "auth.jwks_url", "is no https: who changes the answer on its way signs tokens",
          "use https://");
    }
    if (settings.text("auth.audience").empty()) {
      add(hint, "Tokens", "auth.audience", "is empty: tokens that the provider made for other services are taken too",
          "name this one");
    }
  }
  if (is_plain(settings.text("auth.hook_url"))) {
    add(hint, "Tokens", "auth.hook_url", "is no https: who changes the answer on its way opens rooms", "use https://");
  }
}

void checklist::check_origins() {
  const auto& origins = settings.list("cors.origins");
  for (const auto* all : {"*", "null"}) {
    if (std::ranges::find(origins, all) == origins.end()) continue;
    add(warning, "Origins", "cors.origins", fmt::format("holds \"{}\", by which pages of anybody may connect", all),
        "name your pages: https://app.example");
  }
  for (const auto& origin : origins) {
    if (!origin.starts_with("http://")) continue;
    add(hint, "Origins", "cors.origins", fmt::format("holds {}, a page that can be changed on its way", origin),
        "serve it by https");
  }
  if (settings.boolean("cors.enforce")) return;
  add(warning, "Origins", "cors.enforce", "is off: pages that cors.origins does not name connect too",
      "set it to true");
}

std::string_view box_of_limit(std::string_view key) { return key.ends_with("_per_second") ? "Rates" : "Limits"; }

void checklist::check_limits() {
  for (const auto* key : {"limits.connections", "limits.connections_per_user", "limits.commands_per_second",
                          "limits.publish_per_second", "limits.rooms_per_connection"}) {
    if (settings.integer(key) != find_key(key)->max) continue;
    add(warning, box_of_limit(key), key, "is as high as it goes, which is no limit", "set what the machine bears");
  }
  // Sockets of clients are not all: files, Redis, the log, connections that are refused.
  constexpr std::uint64_t spare = 2000;
  const auto wanted = static_cast<std::uint64_t>(settings.integer("limits.connections")) + spare;
  if (around.file_descriptors < wanted) {
    add(hint, "Limits", "limits.connections",
        fmt::format("needs {} file descriptors, but a process that starts here may have {}", wanted,
                    around.file_descriptors),
        fmt::format("LimitNOFILE={} in the unit, or ulimit -n", wanted));
  }
  // Behind a proxy all clients have one address, which a limit would shut out.
  if (!open.empty()) {
    if (settings.integer("limits.connects_per_second") == 0) {
      add(warning, "Rates", "limits.connects_per_second", "is 0: one address may try as often as it likes",
          "set it to 20, say, or far higher where a proxy stands before");
    }
    if (settings.integer("limits.connections_per_address") == 0) {
      add(hint, "Limits", "limits.connections_per_address", "is 0: one address may take all connections",
          "set it, unless a proxy stands before");
    }
  }
  for (const auto* key : {"limits.members_per_room", "limits.user_commands_per_second"}) {
    if (settings.integer(key) != 0) continue;
    add(hint, box_of_limit(key), key, "is 0, which is no limit", "set it where clients are not your own");
  }
}

void checklist::check_history() {
  // A path without a backend is SQLite.
  const bool by_path = settings.source("history.backend") == "default" && !settings.text("history.path").empty();
  const auto backend = by_path ? std::string("sqlite") : settings.text("history.backend");
  if (backend == "memory") {
    add(warning, "History", "history.backend", "is memory: a restart forgets what clients come back for",
        "set history.path, or redis.url with history.backend = \"redis\"");
  }
  if (const auto& sync = settings.text("history.sync"); backend == "sqlite" && sync != "full") {
    add(hint, "History", "history.sync",
        fmt::format("is {}: a loss of power {}", sync,
                    sync == "off" ? "may damage the file" : "takes the newest events that were acknowledged"),
        "full keeps what was acknowledged");
  }
}

void checklist::check_redis() {
  if (settings.text("history.backend") != "redis") return;
  if (settings.integer("redis.min_replicas") == 0) {
    add(hint, "Redis", "redis.min_replicas", "is 0: a failover may take events that were acknowledged",
        "set it to 1 where there are replicas");
  }
  if (settings.text("fleet.secret").empty()) {
    add(hint, "Redis", "fleet.secret", "is empty: behind a load balancer each session must come to the same node",
        "draw one for all nodes: openssl rand -hex 32");
  }
  const auto url = redis::parse_url(settings.text("redis.url"));
  if (!url || std::ranges::all_of(url->hosts, [](const auto& each) { return is_this_machine(each.host); })) return;
  if (!url->secure) {
    add(hint, "Redis", "redis.url", "has no TLS: events and the password go in plain text", "rediss:// has it");
  }
  if (url->password.empty()) {
    add(hint, "Redis", "redis.url", "has no password: whoever reaches Redis publishes", "redis://:PASSWORD@HOST");
  }
}

void checklist::check_what_is_open() {
  if (open.empty()) return;
  add(hint, "Metrics", "server.listen", fmt::format("has {}, where /metrics is served to anybody", open.front()),
      "let a firewall or a proxy keep it inside");
  if (!settings.boolean("dashboard.enabled")) return;
  add(hint, "Dashboard", "dashboard.enabled", "is on where others than this machine reach it",
      "set it to false, or let a proxy keep it inside");
}

void checklist::check_logs() {
  if (settings.text("log.format") != "json") {
    add(hint, "Logs", "log.format", "is text, which machines read badly", "json is for them");
  }
  if (settings.text("log.level") == "off") {
    add(warning, "Logs", "log.level", "is off: nothing tells of a failure", "set it to info");
  }
  if (settings.integer("server.drain_ms") == 0) {
    add(hint, "Upgrades", "server.drain_ms", "is 0: a load balancer sends clients to a server that is gone",
        "set it to what it takes to look away");
  }
}

}  // namespace

std::string production_warning::line() const {
  return fmt::format("{}: {}: {} {}; {} [{}]", source, level == urgency::warning ? "warning" : "hint", key, what, cure,
                     box);
}

surroundings surroundings_of(std::string config_file) {
  surroundings around;
  around.config_file = std::move(config_file);
  if (rlimit files{}; getrlimit(RLIMIT_NOFILE, &files) == 0) around.file_descriptors = files.rlim_cur;
  around.others_may_read = [](const std::string& path) {
    struct stat file {};
    return stat(path.c_str(), &file) == 0 && (file.st_mode & S_IROTH) != 0;
  };
  return around;
}

std::vector<production_warning> production_warnings(const configuration& settings, const surroundings& around) {
  checklist list{settings, around};
  list.check_tls();
  list.check_secrets();
  list.check_files();
  list.check_tokens();
  list.check_origins();
  list.check_limits();
  list.check_history();
  list.check_redis();
  list.check_what_is_open();
  list.check_logs();
  return std::move(list.found);
}

}  // namespace fanfare::server
