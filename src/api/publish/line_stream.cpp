#include "api/publish/line_stream.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fanfare/base/digest.hpp>
#include <fanfare/base/json.hpp>

#include "api/answers.hpp"
#include "api/publish/line_assembler.hpp"
#include "api/publish/publish.hpp"
#include "api/publish/publish_body.hpp"

namespace fanfare::api {

namespace {

constexpr unsigned under_way_max = 64;      // lines given to a log that answers later
constexpr unsigned turn_lines_max = 64;     // then the worker's other connections have their turn
constexpr std::chrono::seconds recheck{1};  // how long a credential is taken to be as good as it was

bool ends_stream(errc code) {
  return code == errc::unavailable || code == errc::overload || code == errc::draining || code == errc::internal;
}

class line_stream : public std::enable_shared_from_this<line_stream> {
 public:
  line_stream(const publish_endpoint& at, http::exchange_ptr exchange, const credential& who)
      : at_(at),
        exchange_(std::move(exchange)),
        name_(who.name),
        asked_(context_of(at, who)),
        lines_(at.bounds.event_bytes_max),
        checked_(at_.says.around.steady_now()) {
    if (const auto key = exchange_->request().headers.get("idempotency-key")) key_ = hex(sha256(*key));
  }

  void read();

 private:
  enum class pause : std::uint8_t { none, part, token, turn };

  void ask();
  void took(const result<http::body_part>& part);
  void resume();
  void go_on();
  [[nodiscard]] bool find_line();
  [[nodiscard]] bool admit();
  void publish();
  void settled(std::uint64_t number, const result<domain::publish_answer>& answer);
  void refuse(std::uint64_t number, const error& why);
  void end(const error& why);
  void stop(const error& why);
  void answer();
  [[nodiscard]] object summary();
  template <class Work>
  void on_worker(Work work) {
    exchange_->worker().dispatch(std::move(work));
  }

  const publish_endpoint& at_;
  http::exchange_ptr exchange_;
  const std::string name_;
  const domain::publish_context asked_;
  std::string key_;  // of each line, with its number; "" none
  line_assembler lines_;
  steady_time checked_;

  std::string part_;       // what came last
  std::string_view rest_;  // of it, not yet looked at
  bool last_ = false;
  std::optional<line_assembler::line> line_;  // waits for a token
  pause waiting_ = pause::none;
  bool running_ = false, done_ = false;
  unsigned under_way_ = 0;
  std::optional<error> ended_by_, first_fault_;
  milliseconds retry_after_{0};

  std::uint64_t accepted_ = 0, duplicates_ = 0, refused_ = 0;
  array events_, errors_;
};

// A stream may outlive its token, or the service key may go: so the right to publish is looked at again and again.
void line_stream::read() {
  waiting_ = pause::part;
  const auto now = at_.says.around.steady_now();
  if (now - checked_ < recheck) return ask();
  checked_ = now;
  at_.tokens.identify(exchange_->request(), [self = shared_from_this()](const result<credential>& who) {
    std::optional<error> lost;
    if (!who)
      lost = error{who.error().code, {}, {}};
    else if (!who->has_scope("events:publish"))
      lost = error{errc::forbidden, {}, {}};
    self->on_worker([self, lost] {
      if (!lost) return self->ask();
      self->waiting_ = pause::none;
      self->end(*lost);
    });
  });
}

void line_stream::ask() {
  if (done_) return;
  exchange_->read_body([self = shared_from_this()](const result<http::body_part>& part) { self->took(part); });
}

void line_stream::took(const result<http::body_part>& part) {
  if (done_) return;
  waiting_ = pause::none;
  if (part) {
    part_.assign(part->bytes);
    rest_ = part_;
    last_ = part->last;
    return go_on();
  }
  // With the peer gone, nobody is left to answer; whole lines have been published, and half ones never are.
  if (part.error().code == errc::closed)
    done_ = true;
  else
    end(part.error());
}

void line_stream::resume() {
  waiting_ = pause::none;
  go_on();
}

void line_stream::go_on() {
  if (running_ || done_ || (waiting_ != pause::none && !ended_by_)) return;
  running_ = true;
  unsigned turn = 0;
  while (!ended_by_ && waiting_ == pause::none && under_way_ < under_way_max && find_line()) {
    if (turn++ == turn_lines_max) {
      waiting_ = pause::turn;
      exchange_->worker().post([self = shared_from_this()] { self->resume(); });
    } else if (admit()) {
      publish();
    }
  }
  running_ = false;
  if (waiting_ != pause::none && !ended_by_) return;
  if (under_way_ == 0 && (ended_by_ || (last_ && !line_))) return answer();
  if (!ended_by_ && !line_ && !last_ && under_way_ < under_way_max) read();
}

bool line_stream::find_line() {
  if (!line_) line_ = lines_.next(rest_);
  if (!line_ && last_) line_ = lines_.finish();
  if (!line_ && lines_.pending_bytes() > at_.bounds.publish_body_bytes_max) {
    end({errc::payload_too_large, "a line has no end", {}});
  }
  return line_.has_value();
}

// Whether the line's turn has come. Past the publisher's rate it has to wait, and with it all that is behind.
bool line_stream::admit() {
  if (at_.live.draining.load()) return end({errc::draining, {}, {}}), false;
  if (!at_.log.ready()) return end({errc::unavailable, {}, {}}), false;
  const auto verdict = at_.publish_rate.take(name_, at_.says.around.steady_now());
  if (verdict.allowed) return true;
  if (verdict.retry_after > at_.bounds.silence_max) {
    retry_after_ = verdict.retry_after;
    return end({errc::rate_limited, {}, {}}), false;
  }
  at_.says.metrics
      .counter("fanfare_publish_waits_total", "Times that a stream of events was held up by its publisher's rate.")
      .add();
  waiting_ = pause::token;
  exchange_->worker().after(verdict.retry_after, [self = shared_from_this()] { self->resume(); });
  return false;
}

void line_stream::publish() {
  const auto line = *std::exchange(line_, std::nullopt);
  const auto fault = [this, &line](const error& why) {
    count_refused(at_, why);
    refuse(line.number, why);
  };
  if (line.too_long) {
    return fault(
        {errc::payload_too_large, "has more than " + std::to_string(at_.bounds.event_bytes_max) + " bytes", {}});
  }
  auto draft = parse_line(line.text, exchange_->request(), {at_.bounds.batch_max, at_.bounds.envelope});
  if (!draft) return fault(draft.error());
  auto asked = asked_;
  asked.now = at_.says.around.now();
  asked.steady_now = at_.says.around.steady_now();
  if (!key_.empty()) {
    asked.idempotency_key = key_ + "/" + std::to_string(line.number);
    asked.request_digest = sha256(line.text);
  }
  std::vector<domain::draft> drafts;
  drafts.push_back(std::move(*draft));
  ++under_way_;
  at_.publisher.publish(
      std::move(drafts), std::move(asked),
      [self = shared_from_this(), number = line.number](const result<domain::publish_answer>& given) {
        self->on_worker([self, number, given] { self->settled(number, given); });
      },
      false);
}

void line_stream::settled(std::uint64_t number, const result<domain::publish_answer>& given) {
  --under_way_;
  if (given) {
    ++accepted_;
    if (given->repeated) ++duplicates_;
    const auto& event = given->events.front();
    if (events_.size() < at_.bounds.batch_max) {
      events_.emplace_back(object{{"line", number}, {"id", event.id}, {"cursor", event.cursor}});
    }
  } else if (ends_stream(given.error().code)) {
    stop(given.error());
  } else {
    refuse(number, given.error());
  }
  go_on();
}

void line_stream::refuse(std::uint64_t number, const error& why) {
  ++refused_;
  if (!first_fault_) {
    first_fault_ = why;
    first_fault_->detail = "line " + std::to_string(number) + ": " + why.detail;
  }
  if (errors_.size() == errors_max) return;
  object fault{{"line", number}, {"code", describe(why.code).client_code}};
  if (!why.detail.empty()) fault.set("detail", why.detail);
  if (!why.pointer.empty()) fault.set("pointer", why.pointer);
  errors_.emplace_back(std::move(fault));
}

void line_stream::end(const error& why) {
  if (!ended_by_) count_refused(at_, why);
  stop(why);
}

void line_stream::stop(const error& why) {
  if (!ended_by_) ended_by_ = why;
  go_on();
}

object line_stream::summary() {
  return {{"accepted", accepted_},    {"duplicates", duplicates_},    {"refused", refused_},
          {"lines", lines_.number()}, {"events", std::move(events_)}, {"errors", std::move(errors_)}};
}

void line_stream::answer() {
  done_ = true;
  auto failure = ended_by_;
  if (!failure && accepted_ == 0) failure = first_fault_.value_or(error{errc::bad_request, "no event", {}});
  if (!failure) {
    auto out = json_answer(202, summary());
    if (duplicates_ == accepted_) out.headers.set("Idempotent-Replayed", "true");
    return exchange_->respond(std::move(out));
  }
  auto out = problem(*failure);
  if (retry_after_ > milliseconds{0}) out.headers.set("Retry-After", retry_after_text(retry_after_));
  auto body = *json::parse(out.body.view());
  for (auto& [name, item] : summary()) body.if_object()->set(name, std::move(item));
  out.body = shared_bytes(json::write(body));
  exchange_->respond(std::move(out));
}

}  // namespace

void publish_lines(const publish_endpoint& at, const http::exchange_ptr& exchange, const credential& who) {
  std::make_shared<line_stream>(at, exchange, who)->read();
}

}  // namespace fanfare::api
