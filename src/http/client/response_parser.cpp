#include "http/client/response_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <utility>

namespace fanfare::http {

namespace beast = boost::beast::http;

struct response_parser::state {
  beast::response_parser<beast::string_body> parser;
  std::string held;  // of a header, or a chunk's, that is not whole yet
  bool keep_alive = false;
};

response_parser::response_parser(std::size_t header_bytes_max, std::size_t body_bytes_max, bool to_head)
    : state_(std::make_unique<state>()) {
  auto& parser = state_->parser;
  parser.header_limit(static_cast<std::uint32_t>(header_bytes_max));
  parser.body_limit(body_bytes_max);
  parser.eager(true);
  parser.skip(to_head);
}

response_parser::~response_parser() = default;

result<bool> response_parser::feed(std::string_view input) {
  auto& [parser, held, keep_alive] = *state_;
  held.append(input);
  std::string_view rest = held;
  while (!rest.empty()) {
    if (parser.is_done()) return error{errc::protocol_violation, "bytes behind the answer", {}};
    boost::system::error_code failure;
    const auto used = parser.put(boost::asio::buffer(rest.data(), rest.size()), failure);
    rest.remove_prefix(used);
    if (failure == beast::error::need_more) break;
    if (failure == beast::error::body_limit) return errc::payload_too_large;
    if (failure) return error{errc::protocol_violation, failure.message(), {}};
  }
  held = std::string(rest);
  return parser.is_done();
}

result<void> response_parser::finish() {
  auto& parser = state_->parser;
  boost::system::error_code failure;
  if (parser.got_some() && !parser.is_done()) parser.put_eof(failure);
  if (failure || !parser.is_done()) return error{errc::unavailable, "the connection ended within the answer", {}};
  return {};
}

bool response_parser::keep_alive() const noexcept { return state_->parser.keep_alive(); }

response response_parser::take() {
  auto from = state_->parser.release();
  response out;
  out.status = from.result_int();
  for (const auto& field : from) out.headers.add(std::string(field.name_string()), std::string(field.value()));
  out.body = shared_bytes(std::move(from.body()));
  return out;
}

}  // namespace fanfare::http
