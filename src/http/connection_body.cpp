#include "http/compression.hpp"
#include "http/connection.hpp"

// The driver's part in bodies. Whole ones are decoded before a route sees them. Of streamed ones a handler asks for the
// next part, and gets what has come since the last one. Who does not ask leaves the bytes in `input_`, and past its
// bound in the kernel, where the peer's window ends.

namespace fanfare::http {

namespace {

constexpr std::size_t decoded_bytes_max = 65536;  // in one part of a coded body

}  // namespace

// RFC 9110 §8.4: routes see the content, whatever coding carried it. The bound on a body holds for both.
result<void> connection::decode_body(request& taken) const {
  const auto named = taken.headers.get("Content-Encoding");
  if (!named || taken.body.empty() || route_.work == nullptr) return {};
  const auto which = parse_coding(*named);
  if (!which) return which.error();
  auto content = decompress(*which, taken.body, body_bytes_max());
  if (!content) return content.error();
  taken.body = std::move(*content);
  taken.headers.remove("Content-Encoding");
  taken.headers.set("Content-Length", std::to_string(taken.body.size()));
  return {};
}

result<void> connection::begin_decoding(request& taken) {
  const auto which = parse_coding(taken.headers.get("Content-Encoding").value_or(""));
  if (!which) return which.error();
  coded_ = *which == coding::identity ? nullptr : std::make_unique<coded_body>(*which);
  if (!coded_) return {};
  taken.headers.remove("Content-Encoding");
  taken.headers.remove("Content-Length");
  return {};
}

void connection::refuse_body(const error& why) {
  const auto& row = describe(why.code);
  home_.counted.count_error(why.code == errc::payload_too_large ? "body_too_large" : "content_encoding");
  auto content = response::problem(row.http_status, row.message, row.client_code, why.detail);
  // RFC 9110 §15.5.16: whoever sent a coding that there is none of learns which there are.
  if (why.code == errc::unsupported_media_type) content.headers.set("Accept-Encoding", std::string(accepted_codings));
  answer(std::move(content), false, false);
}

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
  if (coded_ && coded_->more) return give_decoded(), true;
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
    if (!coded_) return give(body_part{bytes, !streaming_}), true;
    coded_->bytes = bytes;
    coded_->rest = coded_->bytes;
    return give_decoded(), true;
  }
  if (peer_ended_) {
    home_.counted.count_error("incomplete_request");
    close();
  } else {
    wait_for_bytes();
  }
  return false;
}

// A part may be empty: a coding's own first bytes stand for nothing.
void connection::give_decoded() {
  std::string text;
  const auto more = coded_->decoder.decode(coded_->rest, text, decoded_bytes_max);
  coded_->more = more && *more;
  const bool last = !streaming_ && !coded_->more;
  const auto whole = more && last ? coded_->decoder.finish() : result<void>();
  if (more && whole) return give(body_part{text, last});
  home_.counted.count_error("content_encoding");
  give(more ? whole.error() : more.error());
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
