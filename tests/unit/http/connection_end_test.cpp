// connection, how it ends: peers that leave, time limits, upgrades, draining, failures.

#include "http/connection_rig.hpp"

namespace fanfare::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

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
