// configuration::inconsistencies(): what keeps values, alone or together, from ever working, with the cure.

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "redis/url.hpp"
#include "server/client_url.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

namespace {

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc{} && end == text.data() + text.size() && port <= 65535;
}

/// What is wrong with an address to listen on, with its cure; "" nothing.
std::string address_fault(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return fmt::format("holds \"{}\"; an address is HOST:PORT: 127.0.0.1:{}", text,
                       is_port(text) ? std::string_view(text) : "8000");
  }
  if (!is_port(std::string_view(text).substr(colon + 1))) {
    return fmt::format("holds \"{}\"; a port is 0 to 65535", text);
  }
  const auto host = text.substr(0, colon);
  if (host.find(':') == std::string::npos || (host.starts_with('[') && host.ends_with(']'))) return {};
  return fmt::format("holds \"{}\"; an IPv6 address stands in brackets: [{}]{}", text, host, text.substr(colon));
}

/// What keeps an origin from ever being equal to a browser's (RFC 6454 §6.2), with its cure; "" nothing.
std::string origin_fault(const std::string& text) {
  if (text == "*" || text == "null") return {};
  const auto mark = text.find("://");
  if (mark == std::string::npos) return fmt::format("holds \"{0}\"; an origin has a scheme: http://{0}", text);
  const auto end = std::min(text.find_first_of("/?#", mark + 3), text.size());
  auto right = text.substr(0, end);
  std::ranges::transform(right, right.begin(), [](unsigned char letter) { return std::tolower(letter); });
  if (end == mark + 3) return fmt::format("holds \"{}\", which names no host", text);
  if (end != text.size()) return fmt::format("holds \"{}\"; an origin has no path: {}", text, right);
  if (right != text) return fmt::format("holds \"{}\"; browsers write small letters: {}", text, right);
  const std::string_view own_port = text.starts_with("https://") ? ":443" : text.starts_with("http://") ? ":80" : "";
  if (own_port.empty() || !text.ends_with(own_port)) return {};
  return fmt::format("holds \"{}\"; browsers leave the scheme's own port out: {}", text,
                     text.substr(0, text.size() - own_port.size()));
}

std::string url_fault(const std::string& text) {
  if (text.empty()) return {};
  const auto url = parse_url(text);
  if (!url) return fmt::format("holds \"{}\": {}", text, url.error().detail);
  if (text.starts_with("http")) return {};
  return fmt::format("holds \"{}\": the URL must start with http:// or https://", text);
}

std::string file_fault(const std::string& path) {
  if (path.empty() || std::ifstream(path)) return {};
  return fmt::format("cannot be read: {}: {}", path, std::strerror(errno));
}

std::string redis_fault(const std::string& text) {
  if (text.empty()) return {};
  const auto url = redis::parse_url(text);
  return url ? std::string() : url.error().detail;
}

/// What keeps single values from ever working, whatever the others are.
void add_value_faults(const configuration& settings,
                      const std::function<void(std::string_view key, std::string_view what)>& fault) {
  const auto add = [&fault](std::string_view key, const std::string& what) {
    if (!what.empty()) fault(key, what);
  };
  for (const auto& each : settings.list("server.listen")) add("server.listen", address_fault(each));
  for (const auto& each : settings.list("cors.origins")) add("cors.origins", origin_fault(each));
  for (const auto* key : {"auth.jwks_url", "auth.hook_url"}) add(key, url_fault(settings.text(key)));
  for (const auto* key : {"server.tls_cert", "server.tls_key", "auth.public_key_file", "redis.tls_ca", "redis.tls_cert",
                          "redis.tls_key", "fleet.tls_ca"}) {
    add(key, file_fault(settings.text(key)));
  }
  add("redis.url", redis_fault(settings.text("redis.url")));
  if (const auto& prefix = settings.text("redis.prefix");
      prefix.empty() || prefix.size() > 64 || prefix.find_first_of("{} \t\r\n") != std::string::npos) {
    add("redis.prefix", "must be 1 to 64 characters without braces and spaces");
  }
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  if (const auto& node = settings.text("fleet.node");
      node.size() > 64 || node.find_first_not_of(letters) != std::string::npos) {
    add("fleet.node", "must be 1 to 64 letters, digits, - and _");
  }
  if (const auto& at = settings.text("fleet.advertise"); !at.empty()) add("fleet.advertise", address_fault(at));
  if (const auto& secret = settings.text("fleet.secret"); !secret.empty() && secret.size() < 32) {
    add("fleet.secret", "has fewer than 32 characters, which can be guessed (openssl rand -base64 48)");
  }
  if (settings.text("redis.tls_cert").empty() != settings.text("redis.tls_key").empty()) {
    add("redis.tls_cert", "needs its other half: redis.tls_cert and redis.tls_key go together");
  }
  if (!settings.text("auth.hook_url").empty()) return;
  for (const auto& rule : settings.list("policy.rules")) {
    const auto grants = "+" + rule.substr(std::min(rule.find_last_of(' '), rule.size() - 1) + 1) + "+";
    if (grants.find("+hook+") != std::string::npos) {
      add("policy.rules", fmt::format("holds \"{}\", which asks the hook, but auth.hook_url is empty", rule));
    }
  }
}

}  // namespace

std::vector<std::string> configuration::inconsistencies() const {
  std::vector<std::string> faults;
  const auto fault = [&](std::string_view key, std::string_view what) {
    // What is not set stands nowhere.
    const auto where = source(key) == "default" ? std::string() : source(key) + ": ";
    faults.push_back(fmt::format("{}{} {}", where, key, what));
  };
  if (text("server.tls_cert").empty() != text("server.tls_key").empty()) {
    fault(text("server.tls_cert").empty() ? "server.tls_key" : "server.tls_cert",
          "needs its other half: server.tls_cert and server.tls_key go together");
  }
  if (list("server.listen").empty()) fault("server.listen", "names no address");
  add_value_faults(*this, fault);
  if (text("history.backend") == "sqlite" && text("history.path").empty()) {
    fault("history.backend", "is sqlite, which needs history.path");
  }
  if (text("history.backend") == "redis" && text("redis.url").empty()) {
    fault("history.backend", "is redis, which needs redis.url");
  }
  if (text("history.backend") != "redis" && !text("redis.url").empty()) {
    fault("redis.url", "is set, but nothing is kept there: history.backend must be redis");
  }
  if (text("fleet.secret").empty() && !text("fleet.advertise").empty()) {
    fault("fleet.advertise", "needs fleet.secret, without which no node asks another");
  }
  if (text("history.backend") != "redis" && !text("fleet.secret").empty()) {
    fault("fleet.secret", "is set, but a fleet shares a log: history.backend must be redis");
  }
  constexpr std::string_view known = "HS256|HS384|HS512|RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|EdDSA";
  if (list("auth.algorithms").empty()) fault("auth.algorithms", "names no algorithm");
  for (const auto& algorithm : list("auth.algorithms")) {
    if (!is_choice(known, algorithm)) {
      fault("auth.algorithms", fmt::format("holds \"{}\", which is not one of: {}", algorithm, known));
      continue;
    }
    if (algorithm.starts_with("HS")) {
      // RFC 7518 §3.2: a key of the hash's size or larger.
      const auto bytes = static_cast<std::size_t>(std::stoi(algorithm.substr(2)) / 8);
      const auto size = text("auth.secret").size();
      if (size == 0)
        fault("auth.secret", fmt::format("is empty, but auth.algorithms has {}: set it, or FANFARE_AUTH__SECRET, "
                                         "to {} random bytes or more (openssl rand -base64 48)",
                                         algorithm, bytes));
      else if (size < bytes)
        fault("auth.secret", fmt::format("has {} bytes; {} needs {}", size, algorithm, bytes));
    } else if (text("auth.public_key_file").empty() && text("auth.jwks_url").empty()) {
      fault("auth.algorithms", fmt::format("has {}, which needs auth.public_key_file or auth.jwks_url", algorithm));
    }
  }
  for (const auto& key : list("publish.keys")) {
    if (key.size() < 16) fault("publish.keys", "holds a key of fewer than 16 characters, which can be guessed");
  }
  return faults;
}

}  // namespace fanfare::server
