#include "http/request_codec.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>

#include "http/token.hpp"

namespace fanfare::http {

namespace {

constexpr std::size_t blank_lines_max = 2;
constexpr std::size_t body_reserve_bytes_max = 65536;  // a Content-Length alone must not make us allocate

// RFC 3986 §3.2.2 host and port, without user information.
bool valid_authority(std::string_view text) {
  if (text.empty()) return false;
  std::string_view port;
  if (text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const auto inner = text.substr(1, end - 1);
    if (!std::all_of(inner.begin(), inner.end(), [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; })) {
      return false;
    }
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return false;
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, colon);
    port = text.substr(colon);
    if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
          return (is_token_char(c) && c != '^' && c != '`' && c != '|' && c != '#') ||
                 std::string_view("(),;=").find(c) != std::string_view::npos;
        })) {
      return false;
    }
  }
  if (!port.empty()) port.remove_prefix(1);
  return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

// Whether the request line ends in an HTTP-version (RFC 9112 §2.3), if not one of ours.
bool looks_like_version(std::string_view head) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]);
}

}  // namespace

request_codec::step request_codec::fail(unsigned status, std::string_view cause, std::string_view detail) {
  failure_ = {status, cause, detail};
  state_ = state::failed;
  return step::failed;
}

void request_codec::reset() { *this = request_codec(header_bytes_max_, target_bytes_max_); }

request_codec::step request_codec::feed(std::string_view& input) {
  if (state_ == state::failed) return step::failed;
  if (state_ == state::fixed_body || state_ == state::chunked_body) return feed_body(input);
  if (state_ != state::head) return step::need_more;
  std::size_t used = 0;
  while (used < input.size()) {
    const char c = input[used++];
    if (!scan(c)) {
      input.remove_prefix(used);
      return step::failed;
    }
    if (c == '\n' && line_bytes_ == 0 && !raw_.empty()) {
      input.remove_prefix(used);
      return finish_head();
    }
    if (c == '\n') line_bytes_ = 0;
  }
  input.remove_prefix(used);
  return step::need_more;
}

// Line structure, byte by byte, so that nothing waits for more of what is wrong already. After a line's CRLF,
// line_bytes_ counts the line's bytes; feed() sets it back.
bool request_codec::scan(char c) {
  const char before = raw_.empty() ? '\0' : raw_.back();
  const auto bad = [this](std::string_view detail) { return fail(400, "malformed", detail), false; };
  if (raw_.empty() && (c == '\r' || c == '\n')) {
    // Some old clients send CRLF after a body; blank_lines_ counts bytes here, '\r' on even ones.
    if (blank_lines_ == 2 * blank_lines_max) return bad("too many empty lines");
    if ((blank_lines_++ % 2 == 0) != (c == '\r')) return bad("bare CR or LF");
    return true;
  }
  if (raw_.empty() && blank_lines_ % 2 != 0) return bad("bare CR or LF");
  if (raw_.size() == header_bytes_max_) {
    return fail(first_line_ ? 414 : 431, first_line_ ? "target_too_long" : "header_too_large", "header too large"),
           false;
  }
  if ((c == '\n') != (before == '\r' && !raw_.empty())) return bad("bare CR or LF");
  if (c != '\r' && c != '\n') {
    if (is_control(c)) return bad("control character");
    // RFC 9112 §2.2 and §5.2: white space before the first field, or a folded line.
    if (line_bytes_ == 0 && (c == ' ' || c == '\t')) return bad("line starts with white space");
    ++line_bytes_;
    if (first_line_) {
      if (c == '\t') return bad("tab in the request line");
      if (c == ' ')
        ++spaces_;
      else if (spaces_ == 1 && ++target_bytes_ > target_bytes_max_) {
        return fail(414, "target_too_long", "target too long"), false;
      }
    }
  }
  raw_.push_back(c);
  if (c == '\n') first_line_ = false;
  return true;
}

request_codec::step request_codec::finish_head() {
  namespace beast = boost::beast::http;
  beast::request_parser<beast::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(raw_.size() + 1));
  parser.body_limit(boost::none);
  boost::beast::error_code failed;
  const auto used = parser.put(boost::asio::buffer(raw_), failed);
  if (failed == beast::error::bad_version) {
    const auto known = looks_like_version(raw_);
    return fail(known ? 505 : 400, known ? "version" : "malformed", "HTTP/1.1 is spoken here");
  }
  if (failed == beast::error::bad_content_length) return fail(400, "framing", "bad Content-Length");
  if (failed == beast::error::multiple_content_length) return fail(400, "framing", "repeated Content-Length");
  if (failed == beast::error::bad_transfer_encoding) return fail(400, "framing", "bad Transfer-Encoding");
  if (failed) return fail(400, "malformed", "malformed header");
  if (!parser.is_header_done() || used != raw_.size()) return fail(400, "malformed", "malformed header");

  const auto& message = parser.get();
  request_.method = std::string(message.method_string());
  request_.target = std::string(message.target());
  for (const auto& each : message) request_.headers.add(std::string(each.name_string()), std::string(each.value()));

  const bool http_1_1 = message.version() == 11;
  http_1_0_ = !http_1_1;
  if (!read_fields(http_1_1) || !read_framing(http_1_1) || !read_target()) return step::failed;
  raw_ = {};
  state_ = state::decided;
  return step::head;
}

bool request_codec::read_fields(bool http_1_1) {
  const auto& headers = request_.headers;
  std::size_t hosts = 0;
  for (const auto& [name, content] : headers) {
    if (!iequals(name, "Host")) continue;
    ++hosts;
    if (!valid_authority(content)) return fail(400, "host", "malformed Host"), false;
  }
  // RFC 9112 §3.2.
  if (hosts > 1 || (hosts == 0 && http_1_1)) return fail(400, "host", "exactly one Host is needed"), false;
  keep_alive_ = http_1_1 ? !headers.has_token("Connection", "close") : headers.has_token("Connection", "keep-alive");
  if (const auto expect = headers.get("Expect"); expect && http_1_1) {
    if (!iequals(*expect, "100-continue")) return fail(417, "expectation", "unknown expectation"), false;
    expects_continue_ = true;
  }
  return true;
}

// RFC 9112 §6: where two readers could disagree about where the body ends, nobody gets to read it.
bool request_codec::read_framing(bool http_1_1) {
  std::size_t lengths = 0, codings = 0;
  for (const auto& [name, content] : request_.headers) {
    if (iequals(name, "Content-Length")) {
      const auto* const end = content.data() + content.size();
      const auto [stop, failed] = std::from_chars(content.data(), end, content_length_);
      if (++lengths > 1) return fail(400, "framing", "repeated Content-Length"), false;
      if (content.empty() || failed != std::errc{} || stop != end) {
        return fail(400, "framing", "bad Content-Length"), false;
      }
    } else if (iequals(name, "Transfer-Encoding")) {
      if (++codings > 1) return fail(400, "framing", "repeated Transfer-Encoding"), false;
      if (!iequals(content, "chunked")) return fail(501, "framing", "unknown transfer coding"), false;
    }
  }
  if (codings != 0 && lengths != 0) {
    return fail(400, "framing", "Transfer-Encoding together with Content-Length"), false;
  }
  if (codings != 0 && !http_1_1) return fail(400, "framing", "Transfer-Encoding in HTTP/1.0"), false;
  chunked_ = codings != 0;
  return true;
}

// RFC 9112 §3.2: origin-form, absolute-form, and "*" of OPTIONS; no proxying, so no authority-form.
bool request_codec::read_target() {
  const auto bad = [this] { return fail(400, "target", "bad request target"), false; };
  std::string_view target = request_.target;
  const auto plain = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (target.empty() || !std::all_of(target.begin(), target.end(), plain)) return bad();
  if (target == "*") {
    request_.path = "*";
    return request_.method == "OPTIONS" || bad();
  }
  if (request_.method == "CONNECT") return bad();
  if (target.front() != '/') {
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return bad();
    const auto name = target.substr(0, scheme);
    if (!iequals(name, "http") && !iequals(name, "https")) return bad();
    target.remove_prefix(scheme + 3);
    const auto authority = target.substr(0, target.find_first_of("/?"));
    if (!valid_authority(authority)) return bad();
    request_.headers.set("Host", std::string(authority));  // §3.2.2: the target's host counts
    target.remove_prefix(authority.size());
    std::string origin_form(target);  // before the text it looks into is replaced
    if (origin_form.empty() || origin_form.front() == '?') origin_form.insert(0, "/");
    request_.target = std::move(origin_form);
    target = request_.target;
  }
  const auto path = take_until(target, '?');
  request_.query = std::string(target);
  request_.path = percent_decode(path);
  if (request_.path.find('\0') != std::string::npos) return bad();
  return true;
}

request_codec::step request_codec::begin_body(std::size_t body_bytes_max) {
  if (chunked_) {
    chunks_.emplace(body_bytes_max);
    state_ = state::chunked_body;
    return step::need_more;
  }
  if (content_length_ > body_bytes_max) return fail(413, "body_too_large", "body too large");
  if (content_length_ == 0) {
    expects_continue_ = false;
    state_ = state::done;
    return step::complete;
  }
  request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(content_length_, body_reserve_bytes_max)));
  state_ = state::fixed_body;
  return step::need_more;
}

request_codec::step request_codec::feed_body(std::string_view& input) {
  if (state_ == state::fixed_body) {
    const auto part = input.substr(0, static_cast<std::size_t>(content_length_));
    request_.body.append(part);
    input.remove_prefix(part.size());
    content_length_ -= part.size();
    if (content_length_ != 0) return step::need_more;
    state_ = state::done;
    return step::complete;
  }
  switch (chunks_->feed(input, request_.body)) {
    case chunked_codec::step::need_more:
      return step::need_more;
    case chunked_codec::step::malformed:
      return fail(400, "framing", "malformed chunk");
    case chunked_codec::step::too_large:
      return fail(413, "body_too_large", "body too large");
    case chunked_codec::step::complete:
      break;
  }
  state_ = state::done;
  return step::complete;
}

}  // namespace fanfare::http
