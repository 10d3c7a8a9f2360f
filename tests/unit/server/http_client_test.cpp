#include "server/http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include <fanfare/http/server.hpp>

namespace fanfare::server {
namespace {

struct peer {
  http::server web{{.listen = {"127.0.0.1:0"}, .workers = 1}};
  std::vector<http::exchange_ptr> kept;
  peer() {
    web.route("POST", "/echo", [](const http::exchange_ptr& exchange) {
      auto answer = http::response::text(201, exchange->request().body);
      answer.headers.set("X-Seen", std::string(exchange->request().headers.get("x-sent").value_or("")));
      exchange->respond(std::move(answer));
    });
    web.route("GET", "/silent", [this](const http::exchange_ptr& exchange) { kept.push_back(exchange); });
    web.start();
  }
  ~peer() { web.stop(milliseconds{0}); }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(web.port()) + path;
  }
};

TEST(HttpClient, CallsAndReadsTheAnswer) {
  const peer other;
  client_request request{.method = "POST", .url = other.url("/echo"), .headers = {}, .body = "hello"};
  request.headers.add("X-Sent", "yes");
  const auto answer = http_request(request);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 201u);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->headers.get("X-Seen"), "yes");
}

TEST(HttpClient, SaysWhyItFailed) {
  const peer other;
  client_request silent{
      .method = "GET", .url = other.url("/silent"), .headers = {}, .body = {}, .timeout = milliseconds{50}};
  EXPECT_EQ(http_request(silent).error().code, errc::timeout);
  client_request large{.method = "POST",
                       .url = other.url("/echo"),
                       .headers = {},
                       .body = std::string(2000, 'x'),
                       .timeout = milliseconds{5000},
                       .answer_bytes_max = 1000};
  EXPECT_EQ(http_request(large).error().code, errc::payload_too_large);
  EXPECT_EQ(http_request({.method = "GET", .url = "nonsense", .headers = {}, .body = {}}).error().code,
            errc::bad_request);
  std::uint16_t free_port = 0;
  {
    const peer gone;
    free_port = gone.web.port();
  }
  const auto refused = http_request(
      {.method = "GET", .url = "http://127.0.0.1:" + std::to_string(free_port) + "/", .headers = {}, .body = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unavailable);
  EXPECT_FALSE(refused.error().detail.empty());
  // TLS spoken to a plain server.
  auto secure = other.url("/echo");
  secure.insert(4, "s");
  EXPECT_EQ(http_request({.method = "GET", .url = secure, .headers = {}, .body = {}}).error().code, errc::unavailable);
}

TEST(HttpClient, CallsWithoutWaitingWithinItsBound) {
  const peer other;
  http_caller caller(1);
  std::promise<result<client_response>> first;
  caller.call({.method = "POST", .url = other.url("/echo"), .headers = {}, .body = "a"},
              [&first](result<client_response> answer) { first.set_value(std::move(answer)); });
  EXPECT_EQ(first.get_future().get()->body, "a");

  caller.call({.method = "GET", .url = other.url("/silent"), .headers = {}, .body = {}},
              [](const result<client_response>&) { ADD_FAILURE() << "dropped with the caller"; });
  std::optional<errc> second;
  caller.call({.method = "GET", .url = other.url("/silent"), .headers = {}, .body = {}},
              [&second](const result<client_response>& answer) { second = answer.error().code; });
  EXPECT_EQ(second, errc::over_limit);
}

}  // namespace
}  // namespace fanfare::server
