#include "http/connection_rig.hpp"

namespace fanfare::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(driven, answers_and_stays) {
  connect();
  EXPECT_THAT(exchange(get_root), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nDate: "), EndsWith("hello")));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"), EndsWith("abc"));
  EXPECT_FALSE(gone());
  EXPECT_EQ(numbers.counter("fanfare_http_requests_total", "", {{"method", "POST"}, {"status", "2xx"}}).get(), 1);
  EXPECT_GT(home->counted.bytes_in.get(), 0);
  EXPECT_GT(home->counted.bytes_out.get(), 0);
}

TEST_F(driven, answers_byte_by_byte_both_ways) {
  connect(1);
  std::string got;
  const std::string asked = std::string(get_root) + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (const char c : asked) {
    send(std::string_view(&c, 1));
    got += received();
  }
  EXPECT_THAT(got, AllOf(HasSubstr("hello"), HasSubstr("Connection: close\r\n"), EndsWith("hello")));
}

TEST_F(driven, serves_head_without_a_body) {
  connect();
  EXPECT_THAT(exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 5\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
}

TEST_F(driven, closes_as_asked) {
  connect();
  EXPECT_THAT(exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              AllOf(HasSubstr("Connection: close\r\n"), EndsWith("hello")));
  EXPECT_TRUE(client->state()->ended);
  EXPECT_FALSE(gone()) << "lingers, so that the peer can read";
  client->close();
  worker.run();
  EXPECT_TRUE(gone());
}

TEST_F(driven, speaks_1_0) {
  connect();
  EXPECT_THAT(exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(exchange("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
}

TEST_F(driven, answers_404_405_and_options) {
  connect();
  EXPECT_THAT(exchange("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("application/problem+json"), HasSubstr("not_found")));
  EXPECT_THAT(exchange("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD, OPTIONS\r\n")));
  EXPECT_THAT(exchange("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 204 "), HasSubstr("Allow: GET, HEAD, OPTIONS\r\n")));
  EXPECT_THAT(exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 204 "));
}

TEST_F(driven, puts_cors_on_every_answer_and_before_star_routes) {
  options.cors.origins = {"https://a"};
  routes.add("*", "/any", [](exchange_ptr asked) { asked->respond(response::text(200, "any")); }, {});
  connect();
  const std::string origin = "Host: a\r\nOrigin: https://a\r\n";
  EXPECT_THAT(exchange("GET /none HTTP/1.1\r\n" + origin + "\r\n"),
              HasSubstr("Access-Control-Allow-Origin: https://a\r\n"));
  EXPECT_THAT(exchange("OPTIONS /any HTTP/1.1\r\n" + origin + "Access-Control-Request-Method: PUT\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 204 "), HasSubstr("Access-Control-Max-Age: 600\r\n")));
  EXPECT_THAT(exchange("OPTIONS /any HTTP/1.1\r\n" + origin + "\r\n"), EndsWith("any"));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\n" + origin + "Content-Length: 2000\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Access-Control-Allow-Origin: https://a\r\n")));
}

TEST_F(driven, compresses_what_is_large_enough) {
  routes.add("GET", "/coded",
             [](exchange_ptr asked) {
               auto answer = response::text(200, std::string(5000, 'x'));
               answer.headers.add("Content-Encoding", "br");
               asked->respond(std::move(answer), true);
             },
             {});
  connect();
  EXPECT_THAT(exchange("GET /long HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"),
              AllOf(HasSubstr("Content-Encoding: gzip\r\n"), HasSubstr("Vary: Accept-Encoding\r\n")));
  EXPECT_THAT(exchange("GET /long HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(Not(HasSubstr("Content-Encoding")), HasSubstr("Vary: Accept-Encoding\r\n")));
  EXPECT_THAT(exchange("GET /coded HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"),
              HasSubstr("Content-Encoding: br\r\n"));
}

TEST_F(driven, decides_413_by_the_length_and_by_the_route) {
  connect();
  EXPECT_THAT(exchange("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x')),
              EndsWith("big"));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(errors("body_too_large"), 1);
  send(std::string(5000, 'x'));
  EXPECT_FALSE(gone()) << "reads over what the peer still sends";
  worker.advance(milliseconds{3000});
  EXPECT_TRUE(gone());
}

TEST_F(driven, lingers_for_a_bounded_number_of_bytes) {
  connect();
  exchange("GET /\n");
  send(std::string(5 << 20, 'x'));
  EXPECT_TRUE(gone());
}

TEST_F(driven, invites_the_body_of_one_who_waits) {
  connect();
  EXPECT_EQ(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(exchange("ab"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("ab")));
  EXPECT_THAT(exchange("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(driven, refuses_malformed_requests_and_closes) {
  connect();
  EXPECT_THAT(
      exchange("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("Connection: close\r\n"), HasSubstr("repeated Content-Length")));
  EXPECT_EQ(errors("framing"), 1);
}

TEST_F(driven, answers_500_for_handlers_that_throw_or_forget) {
  routes.add("GET", "/throw", [](exchange_ptr) { throw std::runtime_error("x"); }, {});
  routes.add("GET", "/forget", [](exchange_ptr) {}, {});
  connect();
  EXPECT_THAT(exchange("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(errors("handler_exception"), 1);
  EXPECT_THAT(exchange("GET /forget HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
}

TEST_F(driven, takes_one_answer_only) {
  routes.add("GET", "/twice",
             [](exchange_ptr asked) {
               asked->respond(response::text(200, "one"));
               asked->respond(response::text(200, "two"));
               asked->respond_and_close(response::text(200, "three"));
               asked->upgrade(asked->worker(), [](auto, auto) { FAIL(); });
               asked->on_abort([] { FAIL(); });
             },
             {});
  connect();
  EXPECT_THAT(exchange("GET /twice HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\none"));
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
}

TEST_F(driven, answers_later_and_closes_when_told) {
  park();
  connect();
  EXPECT_EQ(exchange("GET /park HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  worker.advance(milliseconds{1000000});
  EXPECT_EQ(&parked->worker(), &worker);
  parked->respond_and_close(response::text(200, "late"));
  EXPECT_THAT(received(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("late")));
}

TEST_F(driven, answers_pipelined_requests_behind_a_parked_one) {
  park();
  connect();
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(get_root) + std::string(get_root));
  EXPECT_EQ(received(), "");
  parked->respond(response::text(200, "late"));
  worker.run();
  const auto got = received();
  EXPECT_LT(got.find("late"), got.find("hello"));
  EXPECT_THAT(got, EndsWith("hello"));
}

TEST_F(driven, lets_others_have_their_turn_between_pipelined_requests) {
  int answered = 0;
  int answered_first = 0;
  const auto work = [&](const exchange_ptr& asked) {
    if (answered++ == 0) worker.post([&] { answered_first = answered; });
    asked->respond(response::text(200, "x"));
  };
  routes.add("GET", "/count", work, {});
  connect();
  std::string flood;
  for (int i = 0; i < 100; ++i) flood += "GET /count HTTP/1.1\r\nHost: a\r\n\r\n";
  send(flood);
  while (!received().empty()) worker.run();
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(answered_first, 1);
  EXPECT_FALSE(gone());
}

TEST_F(driven, reads_ahead_no_further_than_its_bound) {
  park();
  connect();
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string flood;
  while (flood.size() < 60000) flood += get_root;
  send(flood);
  EXPECT_GE(served->inbox.size(), flood.size() - options.pipelined_bytes_max - 16384);
  parked->respond(response::text(200, "late"));
  worker.run();
  const auto got = received();
  std::size_t answers = 0;
  for (auto at = got.find("hello"); at != std::string::npos; at = got.find("hello", at + 1)) ++answers;
  EXPECT_EQ(answers, flood.size() / get_root.size());
}

}  // namespace
}  // namespace fanfare::http
