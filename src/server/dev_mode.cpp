#include "server/dev_mode.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fanfare/base/world.hpp>

#include "server/authorization.hpp"

namespace fanfare::server {

void apply_dev_presets(configuration& settings) {
  // The page, and so whoever opens it, gets a token and a key: never those of the configuration, nor such as they sign.
  settings.set_text("auth.secret", real_world().random_id(48), "--dev");
  settings.set_text("auth.algorithms", "HS256", "--dev");
  settings.set_text("publish.keys", "dev-" + real_world().random_id(18), "--dev");
  settings.set_text("dashboard.enabled", "true", "--dev");
  for (const auto* name : {"auth.jwks_url", "auth.public_key_file", "auth.private_key_file"}) {
    settings.set_text(name, "", "--dev");
  }
  const auto preset = [&](std::string_view name, const std::string& text) {
    if (settings.source(name) == "default") settings.set_text(name, text, "--dev");
  };
  preset("cors.origins", "*");
  preset("log.format", "text");
  preset("server.drain_ms", "0");
}

std::string dev_token(const configuration& settings) {
  return mint_token(settings,
                    {.sub = "dev",
                     .projects = {"*"},
                     .agents = {"*"},
                     .roles = {},
                     .scopes = {"events:publish", "admin"},
                     .ttl = std::chrono::hours{24 * 30}},
                    std::chrono::system_clock::now());
}

std::vector<dev_hint> dev_hints(const std::string& url, const configuration& settings, const std::string& token,
                                const std::string& program) {
  const auto& keys = settings.list("publish.keys");
  const auto key = keys.empty() ? std::string{} : keys.front();
  // python-socketio runs each handler on a thread of its own, and print() writes each of its parts by itself: what is
  // to stay one line is printed as one text.
  return {
      {"Listen, in JavaScript (npm install socket.io-client)",
       fmt::format(
           R"(node -e 'const s = require("socket.io-client")("{0}", {{auth: {{token: "{1}"}}}}); s.onAny(console.log); s.on("connect", () => s.emit("subscribe", {{room: "project:p1"}}))')",
           url, token)},
      {"Listen, in Python (pip install \"python-socketio[client]\")",
       fmt::format(
           R"(python3 -c 'import socketio; s = socketio.Client(); s.on("*", lambda name, event: print(f"{{name}} {{event}}\n", end="")); s.connect("{0}", auth={{"token": "{1}"}}); s.emit("subscribe", {{"room": "project:p1"}}); s.wait()')",
           url, token)},
      {"Publish, with curl",
       fmt::format(
           R"(curl {0}/api/v1/events -H 'Authorization: Bearer {1}' -H 'Content-Type: application/json' -d '{{"type":"project.updated","data":{{"project_id":"p1","changes":{{"name":"Apollo"}}}}}}')",
           url, key)},
      {"More tokens",
       fmt::format("FANFARE_AUTH__SECRET='{}' {} token --sub you --project p1", settings.text("auth.secret"), program)},
  };
}

void open_at_dashboard(http::server& web) {
  web.route("GET", "/", [](const http::exchange_ptr& exchange) {
    http::response answer{302, {}, {}};
    answer.headers.set("Location", "/dashboard/");
    answer.headers.set("Cache-Control", "no-store");
    exchange->respond(std::move(answer));
  });
}

value dashboard_gift(const configuration& settings, const std::string& token, const std::string& program) {
  array hints;
  // The page knows by which address it was reached, and writes that.
  for (const auto& hint : dev_hints("{url}", settings, token, program)) {
    hints.emplace_back(object{{"title", hint.title}, {"line", hint.line}});
  }
  const auto& keys = settings.list("publish.keys");
  return object{{"token", token}, {"key", keys.empty() ? "" : keys.front()}, {"hints", std::move(hints)}};
}

std::string dev_banner(const std::string& url, const configuration& settings, const std::string& token,
                       const std::string& program) {
  std::string text;
  for (const auto& address : open_addresses(settings)) {
    text += fmt::format("\n!! {} is not this machine alone: whoever reaches it gets the token and the key below.\n",
                        address);
  }
  const auto& keys = settings.list("publish.keys");
  text += fmt::format(R"(
Development mode: everything is in memory; secret and keys are made for this run and thrown away at its end.

  dashboard  {0}/
  token      {1}
  key        {2}

)",
                      url, token, keys.empty() ? "" : keys.front());
  for (const auto& hint : dev_hints(url, settings, token, program))
    text += fmt::format("{}:\n  {}\n\n", hint.title, hint.line);
  return text;
}

}  // namespace fanfare::server
