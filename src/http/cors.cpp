#include "http/cors.hpp"

#include <algorithm>

#include "http/token.hpp"

namespace fanfare::http {

namespace {

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

void add_vary(fields& headers, std::string_view name) {
  if (headers.has_token("Vary", name) || headers.has_token("Vary", "*")) return;
  const auto before = headers.get("Vary");
  headers.set("Vary", before ? std::string(*before).append(", ").append(name) : std::string(name));
}

cors::cors(cors_policy policy)
    : policy_(std::move(policy)),
      any_origin_(std::find(policy_.origins.begin(), policy_.origins.end(), "*") != policy_.origins.end()) {}

std::optional<std::string_view> cors::allowed_origin(const request& asked) const noexcept {
  const auto origin = asked.headers.get("Origin");
  if (any_origin_ && !policy_.credentials) return "*";
  if (!origin) return std::nullopt;
  if (any_origin_) return origin;
  const bool listed = std::find(policy_.origins.begin(), policy_.origins.end(), *origin) != policy_.origins.end();
  return listed ? origin : std::nullopt;
}

bool cors::admits(const request& asked) const noexcept {
  const auto origin = asked.headers.get("Origin");
  if (!policy_.enforce || !origin || allowed_origin(asked)) return true;
  // The scheme is not compared: a proxy may have ended TLS before us.
  const auto mark = origin->find("://");
  return mark != std::string_view::npos && iequals(origin->substr(mark + 3), asked.headers.get("Host").value_or(""));
}

bool cors::is_preflight(const request& asked) const noexcept {
  return on() && asked.method == "OPTIONS" && asked.headers.get("Origin") &&
         asked.headers.get("Access-Control-Request-Method");
}

response cors::answer_preflight(const request& asked) const {
  response answer{204, {}, {}};
  decorate(asked, answer.headers);
  if (!allowed_origin(asked)) return answer;
  answer.headers.add("Access-Control-Allow-Methods", join(policy_.methods));
  if (!policy_.allowed_headers.empty()) {
    answer.headers.add("Access-Control-Allow-Headers", join(policy_.allowed_headers));
  } else {
    add_vary(answer.headers, "Access-Control-Request-Headers");
    if (const auto wanted = asked.headers.get("Access-Control-Request-Headers")) {
      answer.headers.add("Access-Control-Allow-Headers", std::string(*wanted));
    }
  }
  answer.headers.add("Access-Control-Max-Age", std::to_string(policy_.max_age_s));
  return answer;
}

void cors::decorate(const request& asked, fields& headers) const {
  if (!on() || headers.get("Access-Control-Allow-Origin")) return;
  // Said even without an Origin: a cache must not give one origin's answer to another.
  if (!any_origin_ || policy_.credentials) add_vary(headers, "Origin");
  const auto origin = allowed_origin(asked);
  if (!origin) return;
  headers.add("Access-Control-Allow-Origin", std::string(*origin));
  if (policy_.credentials) headers.add("Access-Control-Allow-Credentials", "true");
  if (!policy_.exposed_headers.empty()) headers.add("Access-Control-Expose-Headers", join(policy_.exposed_headers));
}

}  // namespace fanfare::http
