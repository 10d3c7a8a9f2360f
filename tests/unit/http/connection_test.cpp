#include "http/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// One connection over memory, whose client is the test.
struct driven : testing::Test {
  void connect(std::size_t capacity = 1 << 20) {
    home = std::make_unique<shard>(worker, options, routes, numbers);
    auto pair = net::memory_stream::make(worker, worker, capacity);
    served = pair.first->state();
    client = std::move(pair.second);
    connection::serve(*home, std::move(pair.first));
    worker.run();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto wrote = client->write_some(std::span(&bytes, 1));
      worker.run();
      if (wrote.status != net::io_status::ok) return;
      bytes.remove_prefix(wrote.bytes);
    }
  }
  std::string received() {
    std::string all;
    char part[4096];
    for (auto got = client->read_some(part); got.status == net::io_status::ok; got = client->read_some(part)) {
      all.append(part, got.bytes);
      worker.run();
    }
    return all;
  }
  std::string exchange(std::string_view bytes) {
    send(bytes);
    return received();
  }
  bool gone() const { return served->closed && home->open.empty(); }
  double errors(const char* cause) {
    return numbers.counter("fanfare_http_errors_total", "", {{"cause", cause}}).get();
  }
  void park(const char* path = "/park") {
    routes.add("GET", path, [this](exchange_ptr asked) { parked = std::move(asked); }, {});
  }

  test::fake_executor worker;
  test::fake_executor other{1};
  metrics::registry numbers;
  server_options options;
  router routes;
  std::unique_ptr<shard> home;
  std::shared_ptr<net::memory_stream::end_state> served;
  std::unique_ptr<net::memory_stream> client;
  exchange_ptr parked;

  driven() {
    routes.add("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); }, {});
    routes.add("POST", "/echo", [](exchange_ptr asked) { asked->respond(response::text(200, asked->request().body)); },
               {});
    routes.add("POST", "/big", [](exchange_ptr asked) { asked->respond(response::text(200, "big")); }, {5000});
    routes.add("GET", "/long",
               [](exchange_ptr asked) { asked->respond(response::text(200, std::string(5000, 'x')), true); }, {});
    options.body_bytes_max = 1000;
    options.pipelined_bytes_max = 2000;
  }
};

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

TEST_F(driven, aborts_a_parked_request_when_the_peer_ends_or_fails) {
  park();
  for (const bool reset : {false, true}) {
    connect();
    send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    int aborted = 0;
    parked->on_abort([&] { ++aborted; });
    if (reset)
      client->reset();
    else
      client->close();
    worker.run();
    EXPECT_EQ(aborted, 1);
    EXPECT_TRUE(gone());
    parked->on_abort([&] { ++aborted; });
    worker.run();
    EXPECT_EQ(aborted, 2) << "told at once when the peer has gone already";
    parked->respond(response::text(200, "nobody"));
    parked.reset();
  }
}

TEST_F(driven, answers_one_who_stopped_sending) {
  park();
  connect();
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(get_root));
  client->shutdown_write();
  worker.run();
  EXPECT_FALSE(gone());
  parked->respond(response::text(200, "late"));
  worker.run();
  EXPECT_THAT(received(), AllOf(HasSubstr("late"), EndsWith("hello")));
  EXPECT_TRUE(gone());
}

TEST_F(driven, aborts_when_asked_to_after_the_peer_stopped_sending) {
  park();
  connect();
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
  client->shutdown_write();
  worker.run();
  int aborted = 0;
  parked->on_abort([&] { ++aborted; });
  worker.run();
  EXPECT_EQ(aborted, 1);
  EXPECT_TRUE(gone());
}

TEST_F(driven, closes_an_idle_peer_in_silence) {
  connect();
  worker.advance(options.idle_timeout - milliseconds{1});
  EXPECT_FALSE(gone());
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
  worker.advance(options.idle_timeout - milliseconds{1});
  EXPECT_FALSE(gone());
  worker.advance(milliseconds{2});
  EXPECT_TRUE(gone());
  EXPECT_EQ(received(), "");
}

TEST_F(driven, counts_who_never_asked) {
  connect();
  worker.advance(options.idle_timeout + milliseconds{1});
  EXPECT_TRUE(gone());
  EXPECT_EQ(errors("no_request"), 1);
  connect();
  EXPECT_THAT(exchange(get_root), EndsWith("hello"));
  worker.advance(options.idle_timeout + milliseconds{1});
  EXPECT_TRUE(gone());
  EXPECT_EQ(errors("no_request"), 1);
}

TEST_F(driven, gives_a_header_only_so_much_time) {
  connect();
  for (int i = 0; i < 9; ++i) {
    send(std::string_view("GET / HTT").substr(static_cast<std::size_t>(i), 1));
    worker.advance(milliseconds{1000});
  }
  EXPECT_FALSE(gone());
  send("P");
  worker.advance(milliseconds{1001});
  EXPECT_THAT(received(), AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(errors("header_timeout"), 1);
  worker.advance(milliseconds{2001});
  EXPECT_TRUE(gone());
}

TEST_F(driven, gives_a_body_only_so_much_time) {
  connect();
  send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    send("x");
    worker.advance(milliseconds{1000});
  }
  EXPECT_THAT(received(), StartsWith("HTTP/1.1 408 "));
  EXPECT_EQ(errors("body_timeout"), 1);
}

TEST_F(driven, resets_a_peer_that_reads_nothing) {
  connect(1000);
  send("GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
  worker.advance(options.write_timeout - milliseconds{1});
  char bytes[100];
  EXPECT_EQ(client->read_some(bytes).bytes, 100U);
  worker.run();
  worker.advance(options.write_timeout - milliseconds{1});
  EXPECT_FALSE(gone()) << "every byte taken buys time";
  worker.advance(milliseconds{2});
  EXPECT_TRUE(gone());
  EXPECT_TRUE(served->reset);
  EXPECT_EQ(errors("write_timeout"), 1);
}

TEST_F(driven, needs_one_timer_for_many_requests) {
  connect();
  for (int i = 0; i < 100; ++i) exchange(get_root);
  EXPECT_EQ(worker.timers(), 1U);
}

TEST_F(driven, hands_an_upgrade_over_with_what_came_behind) {
  park("/up");
  connect();
  send("GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\nearly");
  std::unique_ptr<net::byte_stream> taken;
  std::string leftover;
  parked->upgrade(other, [&](std::unique_ptr<net::byte_stream> stream, std::string rest) {
    taken = std::move(stream);
    leftover = std::move(rest);
  });
  parked.reset();
  worker.run();
  EXPECT_TRUE(home->open.empty());
  EXPECT_FALSE(taken);
  other.run();
  ASSERT_TRUE(taken);
  EXPECT_EQ(leftover, "early");
  EXPECT_EQ(worker.timers(), 0U);
  bool readable = false;
  taken->wait_readable([&] { readable = true; });
  send("late");
  EXPECT_FALSE(readable) << "on the other worker only";
  other.run();
  EXPECT_TRUE(readable);
}

TEST_F(driven, upgrades_nobody_who_has_gone) {
  park("/up");
  for (const bool half : {false, true}) {
    connect();
    send("GET /up HTTP/1.1\r\nHost: a\r\n\r\n");
    if (half)
      client->shutdown_write();
    else
      client->reset();
    worker.run();
    parked->upgrade(other, [&](auto, auto) { FAIL(); });
    worker.run();
    other.run();
    EXPECT_TRUE(gone());
  }
}

TEST_F(driven, drains) {
  park();
  connect();
  exchange(get_root);
  home->drain();
  EXPECT_TRUE(gone()) << "idle";
  connect();
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
  home->drain();
  EXPECT_FALSE(gone());
  parked->respond(response::text(200, "last"));
  worker.run();
  EXPECT_THAT(received(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("last")));
  home->close_all();
  EXPECT_TRUE(gone());
}

TEST_F(driven, refuses_a_connection_too_many) {
  home = std::make_unique<shard>(worker, options, routes, numbers);
  auto pair = net::memory_stream::make(worker, worker);
  served = pair.first->state();
  client = std::move(pair.second);
  connection::refuse(*home, std::move(pair.first));
  worker.run();
  EXPECT_THAT(received(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Connection: close\r\n")));
  worker.advance(milliseconds{2001});
  EXPECT_TRUE(gone());
}

TEST_F(driven, tells_handlers_who_asks) {
  park();
  connect();
  served->address = "2001:db8::1";
  served->secure = true;
  send("GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(parked->request().remote_address, "2001:db8::1");
  EXPECT_TRUE(parked->request().secure);
  parked->respond({});
}

// Whatever step of I/O fails, the connection goes, the handler's abort runs if it was parked, and nothing leaks.
TEST_F(driven, survives_failure_of_every_step) {
  park();
  const std::string script = std::string(get_root) +
                             "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"
                             "GET /long HTTP/1.1\r\nHost: a\r\n\r\nGET /park HTTP/1.1\r\nHost: a\r\n\r\n";
  std::size_t steps = 1;
  for (std::size_t fail_at = 0; fail_at <= steps; ++fail_at) {
    SCOPED_TRACE(fail_at);
    parked.reset();
    connect();
    served->fail_at = fail_at;
    served->read_max = 40;
    served->write_max = 900;
    send(script);
    int aborted = 0;
    if (parked) parked->on_abort([&] { ++aborted; });
    if (fail_at == 0) {
      ASSERT_TRUE(parked);
      EXPECT_THAT(received(), AllOf(HasSubstr("hello"), HasSubstr("100 Continue"), EndsWith("xxx")));
      steps = served->steps + 1;  // the next read is the one that fails while the request is parked
      client->close();
    }
    send("x");
    worker.run();
    EXPECT_TRUE(gone());
    EXPECT_EQ(aborted, parked ? 1 : 0);
    EXPECT_EQ(worker.timers(), 0U);
  }
}

TEST_F(driven, counts_a_request_cut_short) {
  connect();
  send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
  client->close();
  worker.run();
  EXPECT_TRUE(gone());
  EXPECT_EQ(errors("incomplete_request"), 1);
}

}  // namespace
}  // namespace fanfare::http
