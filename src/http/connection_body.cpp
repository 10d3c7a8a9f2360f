#include "http/connection.hpp"

// The driver's part in streamed bodies: a handler asks for the next part, and gets what has come since the last one.
// Who does not ask leaves the bytes in `input_`, and past its bound in the kernel, where the peer's window ends.

namespace fanfare::http {

void connection::read_body(const std::shared_ptr<const request>& of, exchange::body_reader next) {
  // An answered exchange must not read the next request's body.
  if (phase_ != phase::handling || asked_ != of) {
    return home_.home.post([next = std::move(next)] { next(errc::closed); });
  }
  reader_ = std::move(next);
  if (streaming_) {
    invite_body();
    if (phase_ == phase::closed) return;  // and so is who asked told
    set_deadline(home_.options.body_timeout);
  }
  drive();
}

// Gives one part; false when nothing has come.
bool connection::advance_body() {
  if (!streaming_) return give(body_part{{}, true}), true;
  std::string_view rest = input_;
  const auto step = codec_.feed(rest);
  input_.erase(0, input_.size() - rest.size());
  if (input_.empty()) input_ = {};
  const auto bytes = codec_.take_body();
  const bool failed = step == request_codec::step::failed;
  if (failed && bytes.empty()) {  // what came before the fault is given first
    home_.counted.count_error(codec_.failure().cause);
    give(error{errc::bad_request, std::string(codec_.failure().detail), {}});
    return true;
  }
  streaming_ = failed || step == request_codec::step::need_more;
  if (!streaming_ || !bytes.empty()) {
    give(body_part{bytes, !streaming_});
    return true;
  }
  if (peer_ended_) {
    home_.counted.count_error("incomplete_request");
    close();
  } else {
    wait_for_bytes();
  }
  return false;
}

void connection::give(const result<body_part>& part) {
  const auto next = std::exchange(reader_, nullptr);
  deadline_ = steady_time::max();
  try {
    next(part);
  } catch (...) {
    home_.counted.count_error("handler_exception");
    answer(response::problem(500, reason_phrase(500), "internal"), false, true);
  }
}

}  // namespace fanfare::http
