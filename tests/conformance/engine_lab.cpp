#include <algorithm>
#include <cctype>
#include <chrono>
#include <ctime>
#include <string>

#include "fixture.hpp"

namespace fanfare::fixture {

namespace {

// IMF-fixdate (RFC 9110 §5.6.7), as cookies spell Expires.
std::string http_date(std::time_t instant) {
  std::tm utc{};
  gmtime_r(&instant, &utc);
  char text[64];
  const auto length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, length};
}

std::string headers_as_json(const http::fields& headers) {
  object lower;
  for (const auto& [name, content] : headers) {
    std::string key = name;
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    lower.set(std::move(key), content);
  }
  return json::write(lower);
}

void answer(engineio::socket& socket, const engineio::socket::message& message) {
  if (message.binary) {
    socket.send(engineio::encode_binary(message.bytes));
  } else if (message.bytes == "give binary") {
    socket.send(engineio::encode_binary(std::string_view("\0\1\2\3\4", 5)));
  } else if (message.bytes == "give utf8") {
    socket.send(engineio::encode_text("пойду спать всем спокойной ночи"));
  } else if (message.bytes == "sendHeaders") {
    socket.send(engineio::encode_text(headers_as_json(socket.carrier().headers)));
  } else {
    socket.send(engineio::encode_text(message.bytes));
  }
}

}  // namespace

std::shared_ptr<void> engine_lab(http::server& web, const options& with) {
  engineio::server_options options;
  if (with.deflate) options.deflate.emplace();
  options.ping_interval = milliseconds{500};
  options.ping_timeout = milliseconds{20000};
  options.max_payload_bytes = 100;
  options.allow_request = [](const http::request& request, const auto& done) {
    done(http::query_value(request.query, "deny") ? std::optional(engineio::refusal{}) : std::nullopt);
  };
  options.initial_headers = [](http::fields& headers, const http::request&) {
    headers.add("Set-Cookie", "1=1; Max-Age=86400");
    headers.add("Set-Cookie", "2=2; Path=/; HttpOnly; Secure; SameSite=Strict");
    headers.add("Set-Cookie", "3=3; Max-Age=0");
    headers.add("Set-Cookie", "4=4; Expires=" + http_date(std::time(nullptr)));
  };
  auto engine = std::make_shared<engineio::server>(web, options);
  engine->on_connection([](const engineio::socket_ptr& socket) {
    socket->on_message([peer = socket.get()](const engineio::socket::message& message) { answer(*peer, message); });
    socket->send(engineio::encode_text("hi"));
  });
  return engine;
}

}  // namespace fanfare::fixture
