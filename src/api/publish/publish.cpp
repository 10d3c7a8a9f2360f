#include "api/publish/publish.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "api/answers.hpp"
#include "api/publish/line_stream.hpp"
#include "api/publish/publish_body.hpp"

namespace fanfare::api {

namespace {

constexpr std::size_t idempotency_key_bytes_max = 256;

void refuse(const publish_endpoint& at, const http::exchange_ptr& exchange, const error& why) {
  count_refused(at, why);
  exchange->respond(problem(why));
}

}  // namespace

void count_refused(const publish_endpoint& at, const error& why) {
  at.says.metrics
      .counter("fanfare_publish_refused_total", "Publish requests refused, by cause.",
               {{"cause", std::string(describe(why.code).metric_label)}})
      .add();
}

std::string retry_after_text(milliseconds wait) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
}

domain::publish_context context_of(const publish_endpoint& at, const credential& who) {
  domain::publish_context asked;
  asked.publisher = who.name;
  asked.default_source = std::string(own_source);
  if (!who.service_key && who.token) {
    asked.may_publish = [&at, who = std::make_shared<const domain::principal>(*who.token)](const std::string& room) {
      return domain::to_result(at.may.policy.decide(*who, domain::room_action::publish, room));
    };
  }
  return asked;
}

http::response accepted_answer(const domain::publish_answer& answer) {
  array events;
  for (const auto& item : answer.events) events.emplace_back(object{{"id", item.id}, {"cursor", item.cursor}});
  const auto count = events.size();
  auto out = json_answer(202, object{{"accepted", count}, {"events", std::move(events)}});
  if (answer.repeated) out.headers.set("Idempotent-Replayed", "true");
  return out;
}

void publish_events(const publish_endpoint& at, const http::exchange_ptr& exchange, const credential& who) {
  const auto& request = exchange->request();
  if (at.live.draining.load()) return refuse(at, exchange, {errc::draining, {}, {}});
  if (!at.log.ready()) return refuse(at, exchange, {errc::unavailable, {}, {}});
  const std::string repeat_key(request.headers.get("idempotency-key").value_or(""));
  if (repeat_key.size() > idempotency_key_bytes_max) {
    return refuse(at, exchange, {errc::bad_request, "Idempotency-Key has more than 256 bytes", {}});
  }
  if (has_lines(request)) {
    if (auto readable = check_lines(request); !readable) return refuse(at, exchange, readable.error());
    return publish_lines(at, exchange, who);
  }
  auto body = parse_publish_body(request, {at.bounds.batch_max, at.bounds.envelope});
  if (!body) return refuse(at, exchange, body.error());

  const auto steady_now = at.says.around.steady_now();
  const auto verdict = at.publish_rate.take(who.name, steady_now, static_cast<double>(body->drafts.size()));
  if (!verdict.allowed) {
    const error why{errc::rate_limited, {}, {}};
    count_refused(at, why);
    auto answer = problem(why);
    answer.headers.set("Retry-After", retry_after_text(verdict.retry_after));
    return exchange->respond(std::move(answer));
  }

  auto asked = context_of(at, who);
  asked.idempotency_key = repeat_key;
  if (!repeat_key.empty()) asked.request_digest = publish_digest(request);
  asked.now = at.says.around.now();
  asked.steady_now = steady_now;
  const bool batch = body->batch;
  auto drafts = std::move(body->drafts);
  at.publisher.publish(
      std::move(drafts), std::move(asked),
      [exchange](result<domain::publish_answer> answer) {
        if (!answer) return exchange->respond(problem(answer.error()));
        exchange->respond(accepted_answer(*answer));
      },
      batch);
}

}  // namespace fanfare::api
