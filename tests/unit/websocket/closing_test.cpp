#include <stdexcept>
#include <tuple>

#include "websocket/scripted_client.hpp"

namespace fanfare::websocket {
namespace {

using namespace test;

TEST(closing, echoes_the_peers_close_and_ends_tcp_first) {
  harness at;
  at.open();
  at.read();
  at.server->send_text("before");
  at.write(close_frame(1001, "gone"));
  EXPECT_EQ(at.read(), server_frame(opcode::text, "before") + server_close(1001));
  EXPECT_EQ(at.events, log{"close 1001 gone"});
  EXPECT_TRUE(at.peer_ended);
  EXPECT_FALSE(at.ours->closed);  // ears open until the peer's FIN
  at.server->send_text("late");
  at.server->close();
  at.server->ping("");
  EXPECT_EQ(at.read(), "");
  at.peer->close();
  at.worker.run();
  EXPECT_TRUE(at.ours->closed);
  EXPECT_FALSE(at.ours->reset);
  EXPECT_EQ(at.worker.timers(), 0U);
  EXPECT_EQ(at.closes("peer"), 1);
}

TEST(closing, reports_an_empty_close_as_1005) {
  harness at;
  at.open();
  at.read();
  at.write(client_frame(opcode::close, ""));
  EXPECT_EQ(at.read(), server_frame(opcode::close, ""));
  EXPECT_EQ(at.events, log{"close 1005 "});
}

TEST(closing, closes_after_what_is_queued_and_hears_the_peer_out) {
  harness at;
  at.open();
  at.read();
  at.server->send_text("last");
  at.server->close(4000, "done");
  at.server->close(4001, "twice");
  at.server->send_text("never");
  EXPECT_EQ(at.read(), server_frame(opcode::text, "last") + server_close(4000, "done"));
  at.write(text_frame("in flight") + client_frame(opcode::ping, "p"));
  EXPECT_EQ(at.read(), "");
  EXPECT_FALSE(at.peer_ended);
  at.write(close_frame(4000) + text_frame("ignored"));
  EXPECT_EQ(at.events, (log{"drain", "text in flight", "close 4000 done"}));
  at.read();
  EXPECT_TRUE(at.peer_ended);
  EXPECT_EQ(at.closes("local"), 1);
}

TEST(closing, closes_with_an_empty_frame) {
  harness at;
  at.open();
  at.read();
  at.server->close(0);
  EXPECT_EQ(at.read(), server_frame(opcode::close, ""));
  at.write(client_frame(opcode::close, ""));
  EXPECT_EQ(at.events, log{"close 1005 "});
}

TEST(closing, sends_1011_for_a_code_that_may_not_travel) {
  harness at;
  at.open();
  at.read();
  at.server->close(1006, "x");
  EXPECT_EQ(at.read(), server_close(1011, "x"));
  at.write(close_frame(1011));
  EXPECT_EQ(at.events, log{"close 1011 x"});
}

TEST(closing, survives_both_sides_closing_at_once) {
  harness at;
  at.open();
  at.read();
  const auto bytes = close_frame(1001);
  const std::string_view buffer = bytes;
  EXPECT_EQ(at.peer->write_some({&buffer, 1}).bytes, bytes.size());
  at.server->close(1000, "us");
  EXPECT_EQ(at.read(), server_close(1000, "us"));
  EXPECT_EQ(at.events, log{"close 1000 us"});
}

TEST(closing, gives_up_on_a_peer_that_never_answers_the_close) {
  harness at;
  at.open();
  at.server->close(1000, "bye");
  at.worker.advance(at.settings.close_timeout - milliseconds(1));
  EXPECT_TRUE(at.events.empty());
  at.worker.advance(milliseconds(1));
  EXPECT_EQ(at.events, log{"close 1000 bye"});
  EXPECT_TRUE(at.ours->reset);
  EXPECT_EQ(at.closes("timeout"), 1);
}

TEST(closing, gives_up_on_a_peer_that_keeps_tcp_open_after_the_close) {
  harness at;
  at.open();
  at.write(close_frame(1000));
  EXPECT_EQ(at.events, log{"close 1000 "});
  at.worker.advance(at.settings.close_timeout);
  EXPECT_TRUE(at.ours->closed);
  EXPECT_EQ(at.events.size(), 1U);
  EXPECT_EQ(at.closes("peer"), 1);
  EXPECT_EQ(at.closes("timeout"), 0);
}

TEST(closing, reports_1006_when_tcp_ends_without_a_close) {
  harness at;
  at.open();
  at.write(text_frame("half").substr(0, 5));
  at.peer->close();
  at.worker.run();
  EXPECT_EQ(at.events, log{"close 1006 "});
  EXPECT_TRUE(at.ours->closed);
  EXPECT_EQ(at.closes("lost"), 1);
}

TEST(closing, reports_1006_when_tcp_is_reset) {
  harness at;
  at.open();
  at.peer->reset();
  at.worker.run();
  EXPECT_EQ(at.events, log{"close 1006 "});
}

TEST(closing, tells_the_peer_why_it_failed_and_hears_nothing_more) {
  const std::vector<std::tuple<std::string, std::uint16_t, std::string, const char*>> table = {
      {client_frame(opcode::text, "x", {.masked = false}), 1002, "client frame not masked", "protocol_error"},
      {text_frame("\xff"), 1007, "text is not UTF-8", "invalid_payload"},
      {text_frame(std::string(200, 'x')), 1009, "message too big", "too_big"},
  };
  for (const auto& [bytes, code, reason, cause] : table) {
    harness at;
    at.settings.message_bytes_max = 100;
    at.open();
    at.read();
    at.write(text_frame("ok") + bytes + text_frame("not heard"));
    EXPECT_EQ(at.read(), server_close(code)) << "the code alone";
    EXPECT_TRUE(at.peer_ended);
    EXPECT_EQ(at.events, (log{"text ok", "close " + std::to_string(code) + " " + reason}));
    at.write(text_frame("nor this"));
    EXPECT_EQ(at.events.size(), 2U);
    EXPECT_EQ(at.closes(cause), 1);
    at.peer->close();
    at.worker.run();
    EXPECT_TRUE(at.ours->closed);
    EXPECT_FALSE(at.ours->reset);
  }
}

TEST(closing, fails_while_closing_without_a_second_close_frame) {
  harness at;
  at.open();
  at.read();
  at.server->close(1000);
  EXPECT_EQ(at.read(), server_close(1000));
  at.write(text_frame("\xff"));
  EXPECT_EQ(at.read(), "");
  EXPECT_TRUE(at.peer_ended);
  EXPECT_EQ(at.events, log{"close 1007 text is not UTF-8"});
}

TEST(closing, terminates_at_once_and_only_once) {
  harness at;
  at.open();
  at.server->terminate();
  at.server->terminate();
  EXPECT_TRUE(at.ours->reset);
  EXPECT_TRUE(at.events.empty());
  at.worker.run();
  EXPECT_EQ(at.events, log{"close 1006 "});
  EXPECT_EQ(at.closes("terminated"), 1);
}

TEST(closing, closes_1011_when_a_handler_throws) {
  harness at;
  at.open();
  at.read();
  at.server->on_message([](connection::message) { throw std::runtime_error("handler"); });
  at.write(text_frame("a") + text_frame("b"));
  EXPECT_EQ(at.read(), server_close(1011));
  EXPECT_EQ(at.events, log{"close 1011 "});
  EXPECT_EQ(at.closes("handler_error"), 1);
}

TEST(closing, closes_1011_when_opened_or_drain_throws) {
  harness at;
  at.make()->start([](connection_ptr) { throw 1; }, text_frame("x"));
  EXPECT_EQ(at.read(), "HEAD" + server_close(1011));
  harness other;
  other.open();
  other.read();
  other.server->on_drain([] { throw 1; });
  other.server->send_text("x");
  EXPECT_EQ(other.read(), server_frame(opcode::text, "x") + server_close(1011));
  EXPECT_EQ(other.events, log{"close 1011 "});
}

TEST(closing, outlives_a_throwing_close_handler) {
  harness at;
  at.open();
  at.server->on_close([](std::uint16_t, std::string_view) { throw 1; });
  at.peer->close();
  at.worker.run();
  EXPECT_EQ(at.closes("lost"), 1);
  EXPECT_EQ(at.closes("handler_error"), 0);
}

}  // namespace
}  // namespace fanfare::websocket
