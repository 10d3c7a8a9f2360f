#include "engineio/websocket_transport.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class websocket_transport_test : public session_fixture {};

TEST_F(websocket_transport_test, volatile_and_conflated_packets_over_a_slow_websocket) {
  open_websocket();
  socket->stall();
  one->send(encode_text("first"), {});
  worker.run();
  EXPECT_FALSE(one->writable());
  EXPECT_EQ(one->queued_bytes(), 6U + 2U);
  one->send({encode_text("lost"), encode_binary("lost")}, {.is_volatile = true});
  one->send(encode_text("p1"), {.conflate_key = "p"});
  one->send(encode_text("other"), {});
  one->send(encode_text("p2"), {.conflate_key = "p"});
  worker.run();
  EXPECT_EQ(socket->sent, list{"4first"});
  socket->drain();
  worker.run();
  EXPECT_EQ(socket->sent, (list{"4first", "4other", "4p2"}));
  EXPECT_EQ(counted(count->volatile_dropped), 2);
  EXPECT_EQ(counted(count->conflated), 1);
  EXPECT_TRUE(one->writable());
}

TEST_F(websocket_transport_test, websocket_batches) {
  open_websocket();
  for (int i = 0; i < 100; ++i) one->send(encode_text(std::to_string(i)), {.compress = i != 99});
  worker.run();
  ASSERT_EQ(socket->batches.size(), 3U);
  EXPECT_EQ(socket->batches[0].packets, websocket_transport::batch_packets_max);
  EXPECT_EQ(socket->batches[1].packets, 35U);
  EXPECT_TRUE(socket->batches[1].compress);
  EXPECT_FALSE(socket->batches[2].compress);
  EXPECT_EQ(socket->sent.size(), 100U);
}

TEST_F(websocket_transport_test, a_pause_after_what_asks_for_one) {
  open_websocket();
  one->send(encode_text("reply"), {.pause_after = true});
  one->send(encode_text("a"), {});
  one->send(encode_text("b"), {});
  worker.run();
  EXPECT_EQ(socket->sent, list{"4reply"});
  EXPECT_TRUE(one->writable());
  one->send(encode_text("c"), {.is_volatile = true});
  worker.advance(session::write_pause - milliseconds{1});
  EXPECT_EQ(socket->sent, list{"4reply"});
  worker.advance(milliseconds{1});
  EXPECT_EQ(socket->sent, (list{"4reply", "4a", "4b", "4c"}));
}

TEST_F(websocket_transport_test, a_pause_ends_with_what_the_peer_sends) {
  open_websocket();
  one->send(encode_text("reply"), {.pause_after = true});
  one->send(encode_text("a"), {});
  worker.run();
  EXPECT_EQ(socket->sent, list{"4reply"});
  socket->receive("4subscribe");
  one->send(encode_text("b"), {});
  worker.run();
  EXPECT_EQ(socket->sent, (list{"4reply", "4a", "4b"}));
  worker.advance(session::write_pause);
  EXPECT_EQ(socket->sent.size(), 3U);
}

TEST_F(websocket_transport_test, a_pause_does_not_lose_what_was_queued_before_the_end) {
  open_websocket();
  one->send(encode_text("reply"), {.pause_after = true});
  one->send(encode_text("last"), {});
  one->close(false);
  worker.run();
  EXPECT_EQ(closes, list{});
  worker.advance(session::write_pause);
  EXPECT_EQ(socket->sent, (list{"4reply", "4last"}));
  EXPECT_EQ(closes, list{"forced close"});
}

TEST_F(websocket_transport_test, a_client_of_text_alone_gets_and_sends_base64) {
  make_table();
  socket = std::make_shared<fake_websocket>(worker);
  socket->request_.query = "EIO=4&transport=websocket&b64=1";
  one->open_websocket(socket);
  worker.advance(session::write_pause);
  socket->sent.clear();
  one->send({encode_text("a"), encode_binary("\x01\x02\x03")}, {});
  worker.run();
  EXPECT_EQ(socket->sent, (list{"4a", "bAQID"}));
  socket->receive("bYWJj");
  EXPECT_EQ(messages, list{"b:abc"});
}

TEST_F(websocket_transport_test, websocket_session) {
  make_table();
  socket = std::make_shared<fake_websocket>(worker);
  one->open_websocket(socket);
  one->send(encode_text("a"), {});
  worker.run();
  ASSERT_EQ(socket->sent.size(), 1U) << "a greeting comes a moment after OPEN";
  EXPECT_THAT(socket->sent[0], testing::StartsWith(R"(0{"sid":"abcdefghijklmnopqrst","upgrades":[],)"));
  worker.advance(session::write_pause);
  ASSERT_EQ(socket->sent.size(), 2U);
  socket->receive("4hello");
  socket->receive("abc", true);
  EXPECT_EQ(messages, (list{"t:hello", "b:abc"}));
  EXPECT_EQ(count->websocket, 1U);
  socket->end(1005);
  EXPECT_EQ(closes, list{"transport close"});
  EXPECT_EQ(count->websocket, 0U);
  EXPECT_EQ(count->reserved, 0U);
}

TEST_F(websocket_transport_test, websocket_ends_by_error) {
  open_websocket();
  socket->end(1009);
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(websocket_transport_test, websocket_brings_what_cannot_be_read) {
  open_websocket();
  socket->receive("abc");
  socket->receive("abc");
  EXPECT_EQ(closes, list{"parse error"});
  EXPECT_EQ(socket->close_codes.size(), 1U);
}

}  // namespace
}  // namespace fanfare::engineio
