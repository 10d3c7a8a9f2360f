#include "engineio/verify.hpp"

#include <utility>

#include <fanfare/base/json.hpp>

namespace fanfare::engineio {

namespace {

constexpr std::string_view messages[] = {"Transport unknown", "Session ID unknown", "Bad handshake method",
                                         "Bad request",       "Forbidden",          "Unsupported protocol version"};

http::response answer(const request_terms& terms, unsigned status, unsigned code, std::string_view message) {
  http::response out;
  out.status = status;
  if (terms.upgrade) {
    out.headers.add("Content-Type", "text/html");
    out.body = shared_bytes::copy(message);
    return out;
  }
  out.headers.add("Content-Type", "application/json");
  std::string body = "{\"code\":" + std::to_string(code) + ",\"message\":";
  json::append_string(body, message);
  out.body = shared_bytes(body + "}");
  return out;
}

}  // namespace

cause cause_of(protocol_error failure) noexcept { return static_cast<cause>(failure); }

request_terms read_terms(const http::request& request) {
  request_terms terms;
  for (auto& [name, content] : http::parse_query(request.query)) {
    if (name == "transport")
      terms.transport = std::move(content);
    else if (name == "sid")
      terms.sid = std::move(content);
    else if (name == "EIO")
      terms.v4 = content == "4";
  }
  terms.get = request.method == "GET";
  terms.upgrade = websocket::is_upgrade(request);
  return terms;
}

std::optional<protocol_error> verify_request(const request_terms& terms, const server_options& options) {
  const bool known =
      (terms.transport == "polling" && options.polling) || (terms.transport == "websocket" && options.websocket);
  if (!known) return protocol_error::unknown_transport;
  if (!terms.sid.empty()) return std::nullopt;
  if (!terms.get) return protocol_error::bad_handshake_method;
  if (terms.transport == "websocket" && !terms.upgrade) return protocol_error::bad_request;
  return std::nullopt;
}

std::optional<protocol_error> verify_version(const request_terms& terms) {
  if (!terms.v4) return protocol_error::unsupported_protocol_version;
  return std::nullopt;
}

std::optional<protocol_error> verify_session(const request_terms& terms, std::string_view transport) {
  if (transport.empty()) return protocol_error::unknown_sid;
  if (!terms.upgrade && transport != terms.transport) return protocol_error::bad_request;
  if (!terms.v4) return protocol_error::bad_request;
  return std::nullopt;
}

http::response error_answer(const request_terms& terms, protocol_error failure) {
  const auto code = static_cast<unsigned>(failure);
  return answer(terms, failure == protocol_error::forbidden && !terms.upgrade ? 403 : 400, code, messages[code]);
}

http::response refusal_answer(const request_terms& terms, const refusal& refused) {
  return answer(terms, refused.status, refused.code, refused.message);
}

http::response full_answer(const request_terms& terms) {
  return answer(terms, 503, static_cast<unsigned>(protocol_error::bad_request),
                messages[static_cast<unsigned>(protocol_error::bad_request)]);
}

}  // namespace fanfare::engineio
