#include "server/dev_mode.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>
#include <fanfare/base/world.hpp>

#include "server/authorization.hpp"
#include "server/dev_page.hpp"

namespace fanfare::server {

namespace {

// JSON inside <script>: "</script>" must not end it, nor "<!--" change how it is read (HTML §4.12.1.3).
std::string for_script(const value& item) {
  std::string out;
  for (const char letter : json::write(item)) {
    if (letter == '<')
      out += "\\u003c";
    else
      out += letter;
  }
  return out;
}

std::string render_page(const domain::catalogue& types, const std::string& token, const std::string& key) {
  array rows;
  for (const auto& type : types.types()) {
    if (type.category != domain::event_category::domain) continue;
    const auto example = type.example.if_object() != nullptr ? type.example : value(object{});
    rows.emplace_back(object{{"type", type.name}, {"example", example}});
  }
  std::string page(dev_page_template);
  constexpr std::string_view mark = "@DEV@";
  page.replace(page.find(mark), mark.size(),
               for_script(object{{"token", token}, {"key", key}, {"types", std::move(rows)}}));
  return page;
}

}  // namespace

void apply_dev_presets(configuration& settings) {
  // The page, and so whoever opens it, gets a token and a key: never those of the configuration, nor such as they sign.
  settings.set_text("auth.secret", real_world().random_id(48), "--dev");
  settings.set_text("auth.algorithms", "HS256", "--dev");
  settings.set_text("publish.keys", "dev-" + real_world().random_id(18), "--dev");
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

std::vector<std::string> open_addresses(const configuration& settings) {
  std::vector<std::string> open;
  for (const auto& address : settings.list("server.listen")) {
    const auto host = address.substr(0, address.rfind(':'));
    if (host != "localhost" && host != "[::1]" && !host.starts_with("127.")) open.push_back(address);
  }
  return open;
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

void attach_dev_page(http::server& web, const domain::catalogue& types, const std::string& token,
                     const std::string& key) {
  auto page = shared_bytes(render_page(types, token, key));
  web.route("GET", "/", [page = std::move(page)](const http::exchange_ptr& exchange) {
    http::response answer;
    answer.body = page;
    answer.headers.set("Content-Type", "text/html; charset=utf-8");
    answer.headers.set("Cache-Control", "no-store");
    answer.headers.set("X-Content-Type-Options", "nosniff");
    answer.headers.set("X-Frame-Options", "DENY");
    // A page of another origin must not read the token, whatever cors.origins says: no CORS for this answer.
    answer.headers.set("Access-Control-Allow-Origin", "none");
    answer.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                       "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'");
    exchange->respond(std::move(answer), true);
  });
}

std::string dev_banner(const std::string& url, const configuration& settings, const std::string& token,
                       const std::string& program) {
  std::string notice;
  for (const auto& address : open_addresses(settings)) {
    notice += fmt::format("\n!! {} is not this machine alone: whoever reaches it gets the token and the key below.\n",
                          address);
  }
  const auto& keys = settings.list("publish.keys");
  const auto key = keys.empty() ? std::string{} : keys.front();
  // python-socketio runs each handler on a thread of its own, and print() writes each of its parts by itself: what is
  // to stay one line is printed as one text.
  return fmt::format(R"({5}
Development mode: everything is in memory; secret and keys are made for this run and thrown away at its end.

  demo page  {0}/
  token      {1}
  key        {2}

Listen, in JavaScript (npm install socket.io-client):
  node -e 'const s = require("socket.io-client")("{0}", {{auth: {{token: "{1}"}}}}); s.onAny(console.log); s.on("connect", () => s.emit("subscribe", {{room: "project:p1"}}))'

Listen, in Python (pip install "python-socketio[client]"):
  python3 -c 'import socketio; s = socketio.Client(); s.on("*", lambda name, event: print(f"{{name}} {{event}}\n", end="")); s.connect("{0}", auth={{"token": "{1}"}}); s.emit("subscribe", {{"room": "project:p1"}}); s.wait()'

Publish:
  curl {0}/api/v1/events -H 'Authorization: Bearer {2}' -H 'Content-Type: application/json' -d '{{"type":"project.updated","data":{{"project_id":"p1","changes":{{"name":"Apollo"}}}}}}'

More tokens:
  FANFARE_AUTH__SECRET='{3}' {4} token --sub you --project p1

)",
                     url, token, key, settings.text("auth.secret"), program, notice);
}

}  // namespace fanfare::server
