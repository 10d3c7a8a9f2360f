#include "http/connection.hpp"

#include <algorithm>
#include <array>

#include "http/compression.hpp"
#include "http/live_exchange.hpp"
#include "http/response_codec.hpp"

namespace fanfare::http {

namespace {

constexpr std::size_t read_bytes_max = 16384;
constexpr milliseconds linger_timeout{2000};
constexpr std::size_t linger_bytes_max = 4194304;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void connection::serve(shard& home, std::unique_ptr<net::byte_stream> stream) {
  const auto made = std::make_shared<connection>(home, std::move(stream));
  home.open.insert(made);
  made->set_deadline(home.options.idle_timeout);
  made->wait_for_bytes();
}

void connection::refuse(shard& home, std::unique_ptr<net::byte_stream> stream) {
  const auto made = std::make_shared<connection>(home, std::move(stream));
  home.open.insert(made);
  made->phase_ = phase::handling;
  made->answer(response::problem(503, reason_phrase(503), "over_limit"), false, true);
}

connection::connection(shard& home, std::unique_ptr<net::byte_stream> stream)
    : home_(home), stream_(std::move(stream)), codec_(home.options.header_bytes_max, home.options.target_bytes_max) {}

// A closed connection has no timer, and may be let go by any thread.
connection::~connection() {
  if (timer_ != 0) home_.home.cancel(timer_);
}

void connection::wait_for_bytes() {
  const bool ahead = input_.size() < home_.options.pipelined_bytes_max;
  const bool room = phase_ == phase::handling  ? ahead && !peer_ended_
                    : phase_ == phase::reading ? ahead
                                               : phase_ == phase::lingering;
  if (room) stream_->wait_readable([this] { on_readable(); });
}

void connection::on_readable() {
  const auto self = shared_from_this();
  thread_local std::array<char, read_bytes_max> buffer;
  const auto got = stream_->read_some(buffer);
  if (got.status == net::io_status::ok) home_.counted.bytes_in.add(static_cast<double>(got.bytes));
  received(got, {buffer.data(), got.bytes});
  if (phase_ != phase::closed) wait_for_bytes();
}

void connection::received(net::io_result got, std::string_view bytes) {
  switch (got.status) {
    case net::io_status::would_block:
      return;
    case net::io_status::failed:
      if (codec_.started()) home_.counted.count_error("peer_reset");
      return close();
    case net::io_status::end:
      peer_ended_ = true;
      // A request that somebody waits to answer ends with its peer; one about to be answered may have come from a
      // client that closes its sending side behind its last request.
      if (phase_ == phase::handling && streaming_) return drive();
      if (phase_ == phase::writing || (phase_ == phase::handling && !abort_)) return;
      if (phase_ == phase::reading && !input_.empty()) return;
      if (phase_ == phase::reading && codec_.started()) home_.counted.count_error("incomplete_request");
      return close();
    case net::io_status::ok:
      break;
  }
  if (phase_ == phase::lingering) {
    discarded_ += bytes.size();
    if (discarded_ > linger_bytes_max) close();
    return;
  }
  input_.append(bytes);
  drive();
}

// Everything that changes the phase ends here: handlers that answer at once, pipelined requests and partial writes
// go round this loop instead of nesting.
void connection::drive() {
  if (driving_) return;
  const auto self = shared_from_this();
  driving_ = true;
  bool had_turn = false, decoded = false;
  for (bool moving = true; moving;) {
    if (phase_ == phase::reading && had_turn && !input_.empty()) {
      // Pipelined requests cost their sender next to nothing: between them other connections have their turn.
      home_.home.post([self] { self->drive(); });
      moving = false;
    } else if (phase_ == phase::reading) {
      moving = had_turn = advance();
    } else if (phase_ == phase::handling && reader_ && decoded && coded_ && coded_->more) {
      // So does a coded body: a few of its bytes may stand for megabytes.
      home_.home.post([self] { self->drive(); });
      moving = false;
    } else if (phase_ == phase::handling && reader_) {
      moving = advance_body();
      decoded = coded_ != nullptr;
    } else if (phase_ == phase::writing) {
      moving = flush();
      if (moving) written();
    } else {
      moving = false;
    }
  }
  driving_ = false;
}

// Parses what is there; false when more must come.
bool connection::advance() {
  std::string_view rest = input_;
  auto step = codec_.feed(rest);
  if (step == request_codec::step::head) step = begin_body();
  input_.erase(0, input_.size() - rest.size());
  if (input_.empty()) input_ = {};  // an idle connection holds no buffer
  switch (step) {
    case request_codec::step::complete:
      dispatch();
      return true;
    case request_codec::step::need_more:
      if (!streaming_) break;
      dispatch();
      return true;
    case request_codec::step::failed:
      refuse_request();
      return true;
    default:
      break;
  }
  if (phase_ == phase::closed) return false;
  if (!input_.empty()) return true;  // a body's first bytes came with its head
  if (peer_ended_) {
    close();
  } else if (codec_.head_done()) {
    if (!std::exchange(timing_body_, true)) set_deadline(home_.options.body_timeout);
  } else if (codec_.started()) {
    if (!std::exchange(timing_head_, true)) set_deadline(home_.options.header_timeout);
  }
  return false;
}

request_codec::step connection::begin_body() {
  const auto& head = codec_.head();
  route_ = {};
  if (!home_.policy.is_preflight(head)) {
    route_ = home_.routes.find(head.method, std::string_view(head.target).substr(0, head.target.find('?')));
  }
  if (route_.work != nullptr && route_.options.stream_body && route_.options.stream_body(head)) {
    const auto step = codec_.begin_body(request_codec::unbounded);
    streaming_ = step == request_codec::step::need_more;
    return step;
  }
  const auto step = codec_.begin_body(body_bytes_max());
  if (step == request_codec::step::need_more) invite_body();
  return step;
}

std::size_t connection::body_bytes_max() const noexcept {
  return route_.options.body_bytes_max != 0 ? route_.options.body_bytes_max : home_.options.body_bytes_max;
}

void connection::invite_body() {
  if (!codec_.take_expectation()) return;
  out_ += continue_line;
  static_cast<void>(flush());
}

void connection::dispatch() {
  asked_once_ = true;
  auto taken = codec_.take();
  taken.params = std::move(route_.params);
  taken.remote_address = stream_->remote_address();
  taken.secure = stream_->secure();
  const auto decoded = streaming_ ? begin_decoding(taken) : decode_body(taken);
  asked_ = std::make_shared<const request>(std::move(taken));
  phase_ = phase::handling;
  deadline_ = steady_time::max();
  if (!decoded) return refuse_body(decoded.error());
  if (route_.work == nullptr) {
    if (home_.policy.is_preflight(*asked_)) return answer(home_.policy.answer_preflight(*asked_), false, false);
    if (route_.allow.empty() && asked_->path != "*") {
      return answer(response::problem(404, reason_phrase(404), "not_found"), false, false);
    }
    auto content = asked_->method == "OPTIONS" ? response{204, {}, {}}
                                               : response::problem(405, reason_phrase(405), "method_not_allowed");
    if (!route_.allow.empty()) content.headers.add("Allow", route_.allow);
    return answer(std::move(content), false, false);
  }
  if (route_.options.checks_origin && !home_.policy.admits(*asked_)) {
    home_.counted.count_error("origin");
    return answer(response::problem(403, reason_phrase(403), "forbidden", "the origin is not allowed"), false, false);
  }
  const auto made = std::make_shared<live_exchange>(weak_from_this(), home_.home, asked_);
  try {
    (*route_.work)(made);
  } catch (...) {
    home_.counted.count_error("handler_exception");
    made->respond(response::problem(500, reason_phrase(500), "internal"), false);
  }
}

void connection::refuse_request() {
  const auto& failure = codec_.failure();
  home_.counted.count_error(failure.cause);
  asked_ = std::make_shared<const request>(codec_.take());
  phase_ = phase::handling;
  answer(response::problem(failure.status, reason_phrase(failure.status), {}, failure.detail), false, true);
}

void connection::decorate(response& content, bool compress_body) {
  if (!asked_) return;
  home_.policy.decorate(*asked_, content.headers);
  if (!compress_body || content.body.size() < home_.options.compress_threshold || !status_has_body(content.status) ||
      content.headers.get("Content-Encoding")) {
    return;
  }
  add_vary(content.headers, "Accept-Encoding");
  const auto which = choose_coding(asked_->headers.get("Accept-Encoding").value_or(""));
  if (which == coding::identity) return;
  if (auto coded = compress(which, content.body.view())) {
    content.body = shared_bytes(std::move(*coded));
    content.headers.set("Content-Encoding", std::string(to_string(which)));
  }
}

void connection::answer(response content, bool compress_body, bool close_after) {
  if (phase_ != phase::handling) return;
  const auto dropped = std::exchange(abort_, nullptr);
  const auto unread = std::exchange(reader_, nullptr);
  coded_ = nullptr;
  decorate(content, compress_body);
  // What is left of a streamed body would be read as the next request.
  close_after_ = close_after || streaming_ || !codec_.keep_alive() || home_.draining ||
                 content.headers.has_token("Connection", "close");
  out_ += serialize_head(content, {!close_after_, codec_.http_1_0(), home_.date()});
  if (status_has_body(content.status) && !(asked_ && asked_->method == "HEAD")) body_ = std::move(content.body);
  home_.counted.count_request(asked_ ? asked_->method : "", content.status);
  asked_.reset();
  phase_ = phase::writing;
  set_deadline(home_.options.write_timeout);
  drive();
}

// Whether all has left; if not, it goes on when the stream is writable again.
bool connection::flush() {
  while (sent_ < out_.size() + body_.size()) {
    const std::array<std::string_view, 2> buffers{std::string_view(out_).substr(std::min(sent_, out_.size())),
                                                  body_.view().substr(sent_ > out_.size() ? sent_ - out_.size() : 0)};
    const auto wrote = stream_->write_some(buffers);
    if (wrote.status == net::io_status::ok) {
      sent_ += wrote.bytes;
      home_.counted.bytes_out.add(static_cast<double>(wrote.bytes));
      if (phase_ == phase::writing) set_deadline(home_.options.write_timeout);
      continue;
    }
    if (wrote.status == net::io_status::would_block) {
      stream_->wait_writable([this] {
        const auto self = shared_from_this();
        if (phase_ == phase::writing)
          drive();
        else
          static_cast<void>(flush());
      });
    } else {
      home_.counted.count_error("write_failed");
      close();
    }
    return false;
  }
  out_ = {};
  body_ = {};
  sent_ = 0;
  return true;
}

void connection::written() {
  if (!close_after_) {
    codec_.reset();
    timing_head_ = timing_body_ = false;
    phase_ = phase::reading;
    set_deadline(home_.options.idle_timeout);
    wait_for_bytes();
    return;
  }
  stream_->shutdown_write();
  if (peer_ended_) return close();
  // RFC 9112 §9.6: closing on bytes that still come resets the connection, and the answer is lost with it.
  input_ = {};
  phase_ = phase::lingering;
  set_deadline(linger_timeout);
  wait_for_bytes();
}

void connection::set_abort(std::function<void()> work) {
  if (phase_ == phase::closed) return home_.home.post(std::move(work));
  if (phase_ != phase::handling) return;
  abort_ = std::move(work);
  if (peer_ended_) close();
}

void connection::upgrade(executor& target, exchange::upgraded taken) {
  if (phase_ != phase::handling || peer_ended_) return close();
  const auto self = shared_from_this();
  phase_ = phase::closed;
  const auto dropped = std::exchange(abort_, nullptr);
  home_.home.cancel(std::exchange(timer_, 0));
  home_.counted.count_request(asked_->method, 101);
  std::shared_ptr<net::byte_stream::detached> held = stream_->detach();
  home_.open.erase(self);
  target.post([held = std::move(held), &target, leftover = std::move(input_), taken = std::move(taken)]() mutable {
    auto stream = held->attach(target);
    taken(std::move(stream), std::move(leftover));
  });
}

void connection::drain() {
  if (phase_ == phase::reading && !codec_.started()) close();
}

void connection::close() {
  if (phase_ == phase::closed) return;
  const auto self = shared_from_this();
  const bool parked = std::exchange(phase_, phase::closed) == phase::handling;
  home_.home.cancel(std::exchange(timer_, 0));
  stream_->close();
  if (auto work = std::exchange(abort_, nullptr); work && parked) home_.home.post(std::move(work));
  if (auto next = std::exchange(reader_, nullptr)) home_.home.post([next = std::move(next)] { next(errc::closed); });
  home_.open.erase(self);
}

// A deadline that moves out, as it does with every request, leaves the timer where it is: on_timer looks again.
void connection::set_deadline(milliseconds span) {
  deadline_ = home_.home.now() + span;
  if (timer_ != 0 && timer_at_ <= deadline_) return;
  home_.home.cancel(timer_);
  arm_timer(span);
}

void connection::arm_timer(milliseconds span) {
  timer_at_ = home_.home.now() + span;
  timer_ = home_.home.after(span, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void connection::on_timer() {
  timer_ = 0;
  if (deadline_ == steady_time::max()) return;
  const auto left = deadline_ - home_.home.now();
  if (left > left.zero()) return arm_timer(std::chrono::ceil<milliseconds>(left));
  deadline_ = steady_time::max();
  expired();
}

void connection::expired() {
  if (phase_ == phase::reading && codec_.started()) {
    const bool body = codec_.head_done();
    home_.counted.count_error(body ? "body_timeout" : "header_timeout");
    asked_ = std::make_shared<const request>(codec_.take());
    phase_ = phase::handling;
    answer(response::problem(408, reason_phrase(408)), false, true);
    return;
  }
  if (phase_ == phase::handling && reader_) {
    home_.counted.count_error("body_timeout");
    give(errc::timeout);
    return drive();
  }
  if (phase_ == phase::reading && !asked_once_) home_.counted.count_error("no_request");
  if (phase_ == phase::writing) {
    home_.counted.count_error("write_timeout");
    stream_->reset();
  }
  close();
}

}  // namespace fanfare::http
