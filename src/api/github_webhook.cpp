#include "api/github_webhook.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <utility>

#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>

#include "api/answers.hpp"
#include "api/publish/publish.hpp"
#include "domain/github_events.hpp"

namespace fanfare::api {

namespace {

constexpr std::size_t delivery_bytes_max = 128;  // GitHub sends a GUID

/// One delivery on its way; the header fields are views into the exchange's request.
struct delivery {
  const github_endpoint& at;
  http::exchange_ptr exchange;
  std::string_view event;
  std::string_view id;
};

void count(const github_endpoint& at, std::string_view outcome) {
  at.says.metrics
      .counter("fanfare_github_deliveries_total", "GitHub deliveries, by what became of them.",
               {{"outcome", std::string(outcome)}})
      .add();
}

void refuse(const delivery& from, std::string_view cause, const error& why) {
  count(from.at, cause);
  from.at.says.log_to(severity::warn, "GitHub delivery refused",
                      {{"cause", cause},
                       {"event", from.event},
                       {"delivery", from.id},
                       {"detail", why.detail},
                       {"address", from.exchange->request().remote_address}});
  // What a caller without a good signature is told is the status alone.
  const bool stranger = why.code == errc::unauthorized || why.code == errc::forbidden || why.code == errc::not_found;
  auto answer = problem(stranger ? error{why.code, {}, {}} : why);
  // problem() asks for a bearer token, which would not help here (RFC 9110 §11.6.1 wants some challenge).
  if (answer.status == 401) answer.headers.set("WWW-Authenticate", "X-Hub-Signature-256");
  from.exchange->respond(std::move(answer));
}

void ignore(const delivery& from, std::string_view what, std::string_view name) {
  count(from.at, "ignored_" + std::string(what));
  from.at.says.log_to(severity::info, "GitHub delivery ignored",
                      {{"unknown", what}, {"name", name}, {"event", from.event}, {"delivery", from.id}});
  from.exchange->respond(json_answer(202, object{{"accepted", 0}, {"ignored", "unknown " + std::string(what)}}));
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// The JSON text in the body. A form's is decoded into `decoded`.
result<std::string_view> json_of(const http::request& request, std::string& decoded) {
  std::string type(request.headers.get("content-type").value_or("application/json"));
  type.resize(std::min(type.size(), type.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view body = request.body;
  if (type == "application/json") return body;
  if (type != "application/x-www-form-urlencoded") {
    return error{errc::unsupported_media_type, "send application/json or application/x-www-form-urlencoded", {}};
  }
  constexpr std::string_view name = "payload=";
  auto start = body.starts_with(name) ? 0 : body.find("&payload=");
  if (start == std::string_view::npos) return error{errc::bad_request, "the form has no payload", {}};
  start += name.size() + (start == 0 ? 0 : 1);
  decoded = http::percent_decode(body.substr(start, body.find('&', start) - start), true);
  return std::string_view(decoded);
}

void publish(const delivery& from, domain::draft event) {
  event.id = "github-" + std::string(from.id);
  domain::publish_context asked;
  asked.publisher = "github";
  asked.default_source = std::string(own_source);
  asked.now = from.at.says.around.now();
  asked.steady_now = from.at.says.around.steady_now();
  std::vector<domain::draft> drafts;
  drafts.push_back(std::move(event));
  from.at.publisher.publish(
      std::move(drafts), std::move(asked),
      [from](const result<domain::publish_answer>& answer) {
        if (!answer) return refuse(from, describe(answer.error().code).metric_label, answer.error());
        count(from.at, answer->repeated ? "repeated" : "published");
        from.exchange->respond(accepted_answer(*answer));
      },
      false);
}

/// The signature is good from here on.
void take(const delivery& from) {
  std::string decoded;
  const auto text = json_of(from.exchange->request(), decoded);
  if (!text) return refuse(from, describe(text.error().code).metric_label, text.error());
  auto payload = json::parse(*text, {.depth_max = 64, .values_max = 1000000});
  if (payload && payload->if_object() == nullptr) payload = error{errc::bad_request, "must be an object", {}};
  if (!payload) {
    auto why = payload.error();
    if (why.code == errc::over_limit) why.code = errc::payload_too_large;
    return refuse(from, "malformed", why);
  }
  if (from.event == "ping") {
    count(from.at, "ping");
    return from.exchange->respond(json_answer(200, object{{"ok", true}}));
  }
  if (!domain::is_known_github_event(from.event)) return ignore(from, "event", from.event);
  const auto* name = payload->at_pointer("/repository/full_name");
  if (name == nullptr || name->as_string().empty()) {
    return refuse(from, "malformed", {errc::bad_request, "must be a string", "/repository/full_name"});
  }
  const auto project = from.at.live.current()->github.repositories.project_of(name->as_string());
  if (!project) return ignore(from, "repository", name->as_string());
  auto mapped = domain::map_github_event(from.event, *payload, *project);
  if (!mapped) return refuse(from, "malformed", mapped.error());
  if (mapped->verdict != domain::github_verdict::mapped)
    return ignore(from, "action", payload->find("action")->as_string());
  publish(from, std::move(mapped->event));
}

}  // namespace

result<void> check_github_signature(std::string_view header, std::string_view body,
                                    const std::vector<std::string>& secrets) {
  if (header.empty()) return error{errc::unauthorized, "there is no X-Hub-Signature-256", {}};
  bool good = false;
  for (const auto& secret : secrets) {
    // Every secret is tried, so that the time does not tell which one fits.
    if (constant_time_equal(header, "sha256=" + hex(hmac_sha256(secret, body)))) good = true;
  }
  if (!good) return error{errc::forbidden, {}, {}};
  return {};
}

void take_github_delivery(const github_endpoint& at, const http::exchange_ptr& exchange, const credential&) {
  const auto& request = exchange->request();
  const delivery from{at, exchange, request.headers.get("x-github-event").value_or(""),
                      request.headers.get("x-github-delivery").value_or("")};
  const auto settings = at.live.current();
  if (settings->github.secrets.empty()) {
    return refuse(from, "not_configured", {errc::not_found, "github.secret is not configured", {}});
  }
  const auto signature = request.headers.get("x-hub-signature-256").value_or("");
  if (const auto checked = check_github_signature(signature, request.body, settings->github.secrets); !checked) {
    const bool missing = checked.error().code == errc::unauthorized;
    return refuse(from, missing ? "signature_missing" : "signature_wrong", checked.error());
  }
  if (at.live.draining.load()) return refuse(from, "draining", {errc::draining, {}, {}});
  if (!at.log.ready()) return refuse(from, "unavailable", {errc::unavailable, {}, {}});
  for (const auto& [name, content] : {std::pair{"X-GitHub-Event", from.event}, {"X-GitHub-Delivery", from.id}}) {
    if (content.empty() || content.size() > delivery_bytes_max || !is_printable(content)) {
      return refuse(from, "malformed", {errc::bad_request, std::string(name) + " must have 1 to 128 characters", {}});
    }
  }
  take(from);
}

}  // namespace fanfare::api
