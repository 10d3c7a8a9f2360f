#include "server/authorization.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>
#include <fanfare/base/world.hpp>

#include "domain/access/decision_cache.hpp"
#include "domain/access/jwt.hpp"

namespace fanfare::server {

namespace {

[[noreturn]] void fail(const configuration& settings, std::string_view key, std::string_view what) {
  // What is not set stands nowhere.
  const auto where = settings.source(key) == "default" ? std::string() : settings.source(key) + ": ";
  throw config_error({fmt::format("{}{} {}", where, key, what)});
}

std::string read_file(const configuration& settings, std::string_view key) {
  std::ifstream file(settings.text(key), std::ios::binary);
  if (!file) fail(settings, key, fmt::format("cannot be read: {}", settings.text(key)));
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_hmac(domain::jws_algorithm algorithm) { return domain::to_text(algorithm).starts_with("HS"); }

template <class Part>
Part unwrap(const configuration& settings, std::string_view key, result<Part> made) {
  if (!made) fail(settings, key, made.error().detail);
  return std::move(made).value();
}

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(mark);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return parts;
}

// A claim's name may lead into objects: "app.projects".
void set_claim(object& claims, std::string_view name, value item) {
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) {
    claims.set(std::string(name), std::move(item));
    return;
  }
  auto& inner = claims[name.substr(0, dot)];
  if (inner.if_object() == nullptr) inner = object{};
  set_claim(*inner.if_object(), name.substr(dot + 1), std::move(item));
}

array to_array(const std::vector<std::string>& items) { return {items.begin(), items.end()}; }

}  // namespace

std::vector<domain::jws_algorithm> algorithms(const configuration& settings) {
  std::vector<domain::jws_algorithm> out;
  for (const auto& name : settings.list("auth.algorithms")) {
    const auto algorithm = domain::parse_algorithm(name);
    if (!algorithm) fail(settings, "auth.algorithms", fmt::format("holds the unknown \"{}\"", name));
    out.push_back(*algorithm);
  }
  return out;
}

domain::key_set verification_keys(const configuration& settings) {
  domain::key_set out;
  for (const auto algorithm : algorithms(settings)) {
    if (is_hmac(algorithm)) {
      out.keys.push_back(
          unwrap(settings, "auth.secret", domain::jws_key::from_secret(algorithm, settings.text("auth.secret"))));
    } else if (!settings.text("auth.public_key_file").empty()) {
      // One PEM key suits one family; with several algorithms listed, the others wait for the key set.
      auto key = domain::jws_key::from_pem(algorithm, read_file(settings, "auth.public_key_file"));
      if (key)
        out.keys.push_back(std::move(*key));
      else if (settings.text("auth.jwks_url").empty())
        fail(settings, "auth.public_key_file", key.error().detail);
    }
  }
  return out;
}

std::string mint_token(const configuration& settings, const token_request& request,
                       std::chrono::system_clock::time_point now) {
  const auto allowed = algorithms(settings);
  if (allowed.empty()) fail(settings, "auth.algorithms", "names no algorithm");
  const auto algorithm = allowed.front();
  const bool hmac = is_hmac(algorithm);
  const auto source = hmac ? "auth.secret" : "auth.private_key_file";
  if (settings.text(source).empty()) {
    fail(settings, source, fmt::format("is empty; a token of {} is signed with it", domain::to_text(algorithm)));
  }
  const auto key = unwrap(settings, source,
                          hmac ? domain::jws_key::from_secret(algorithm, settings.text("auth.secret"))
                               : domain::jws_key::from_pem(algorithm, read_file(settings, "auth.private_key_file")));
  const auto issued = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  object claims{{"sub", request.sub}};
  if (!settings.text("auth.issuer").empty()) claims.set("iss", settings.text("auth.issuer"));
  if (!settings.text("auth.audience").empty()) claims.set("aud", settings.text("auth.audience"));
  set_claim(claims, settings.text("auth.claim_projects"), to_array(request.projects));
  set_claim(claims, settings.text("auth.claim_agents"), to_array(request.agents));
  set_claim(claims, settings.text("auth.claim_roles"), to_array(request.roles));
  if (!request.scopes.empty()) {
    set_claim(claims, settings.text("auth.claim_scope"), fmt::format("{}", fmt::join(request.scopes, " ")));
  }
  claims.set("iat", issued);
  claims.set("exp", issued + request.ttl.count());
  claims.set("jti", real_world().random_id(12));
  return unwrap(settings, source, domain::sign_jwt(value(std::move(claims)), key));
}

domain::access_policy access_policy_of(const configuration& settings) {
  constexpr std::pair<std::string_view, domain::room_action> actions[] = {{"join", domain::room_action::join},
                                                                          {"presence", domain::room_action::presence},
                                                                          {"history", domain::room_action::history},
                                                                          {"publish", domain::room_action::publish}};
  std::vector<domain::access_rule> rules;
  for (const auto& text : settings.list("policy.rules")) {
    const auto parts = split(text, ' ');
    if (parts.size() != 3) {
      fail(settings, "policy.rules", fmt::format("holds \"{}\", which is not \"KIND ACTIONS GRANTS\"", text));
    }
    domain::access_rule rule{.kind = parts[0], .actions = {}, .allow = split(parts[2], '+')};
    if (parts[2] == "nobody") rule.allow.clear();
    for (const auto& name : split(parts[1], '+')) {
      const auto found = std::ranges::find(actions, name, &std::pair<std::string_view, domain::room_action>::first);
      if (found == std::end(actions)) {
        fail(settings, "policy.rules", fmt::format("names the unknown action \"{}\"", name));
      }
      rule.actions.push_back(found->second);
    }
    rules.push_back(std::move(rule));
  }
  return unwrap(settings, "policy.rules",
                domain::access_policy::make(std::move(rules), settings.list("policy.room_kinds"),
                                            !settings.text("auth.hook_url").empty()));
}

api::github_settings github_settings_of(const configuration& settings) {
  api::github_settings out;
  for (const auto* key : {"github.secret", "github.previous_secret"}) {
    if (const auto& secret = settings.text(key); !secret.empty()) out.secrets.push_back(secret);
  }
  out.repositories =
      unwrap(settings, "github.projects", domain::repository_map::make(settings.table("github.projects")));
  return out;
}

api::authorization_hook make_hook(const std::string& url, http_caller& caller, const hook_options& options) {
  const auto kept = std::make_shared<domain::decision_cache>(options.cache_ttl, options.cache_entries_max);
  return [url, &caller, kept, timeout = options.timeout, clock = options.clock, note = options.note](
             const domain::principal& who, const std::string& room, std::string_view action,
             std::function<void(bool)> done) {
    client_request request{
        .method = "POST", .url = url, .headers = {}, .body = {}, .timeout = timeout, .answer_bytes_max = 65536};
    request.headers.add("Content-Type", "application/json");
    // The body is the whole question, and so what an answer is kept by.
    request.body = json::write(object{
        {"user", who.sub}, {"roles", array(who.roles.begin(), who.roles.end())}, {"room", room}, {"action", action}});
    if (const auto known = kept->find(request.body, clock())) {
      note("kept", {});
      return done(*known);
    }
    auto question = request.body;
    caller.call(std::move(request), [done = std::move(done), kept, clock, note,
                                     question = std::move(question)](const result<client_response>& answer) {
      const auto failed = [&](std::string_view outcome, std::string_view reason) {
        note(outcome, reason);
        done(false);
      };
      if (!answer) {
        return failed(answer.error().code == errc::timeout ? "timeout" : "unavailable", answer.error().detail);
      }
      if (answer->status != 200) return failed("status", "it answered " + std::to_string(answer->status));
      const auto body = json::parse(answer->body);
      const auto* allow = body ? body->find("allow") : nullptr;
      if (allow == nullptr || allow->if_bool() == nullptr) {
        return failed("malformed", "its answer is no JSON object with a boolean \"allow\"");
      }
      kept->put(question, allow->as_bool(), clock());
      note(allow->as_bool() ? "allowed" : "refused", {});
      done(allow->as_bool());
    });
  };
}

}  // namespace fanfare::server
