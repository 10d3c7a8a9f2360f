#include "engineio/session.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class session_test : public session_fixture {};

TEST_F(session_test, posts_bring_packets_and_are_confirmed) {
  open_polling();
  const auto sent = post(
      "4hello\x1e"
      "bYWJj");
  EXPECT_EQ(sent->status(), 200U);
  EXPECT_EQ(sent->body(), "ok");
  EXPECT_EQ(sent->answered->headers.get("content-type"), "text/html");
  EXPECT_EQ(messages, (list{"t:hello", "b:abc"}));
}

TEST_F(session_test, carrier_is_the_request_that_brought_the_message) {
  open_polling();
  std::string body;
  one->on_message([&](socket::message) { body = one->carrier().body; });
  post("4hello");
  EXPECT_EQ(body, "4hello");
  EXPECT_EQ(&one->carrier(), &one->request());
}

TEST_F(session_test, volatile_packets_need_a_poll_or_an_idle_socket) {
  open_polling();
  one->send(encode_text("lost"), {.is_volatile = true});
  EXPECT_EQ(counted(count->volatile_dropped), 1);
  const auto poll = get();
  one->send(encode_text("kept"), {.is_volatile = true});
  worker.run();
  EXPECT_EQ(poll->body(), "4kept");
}

TEST_F(session_test, tells_when_all_has_left) {
  open_polling();
  int told = 0;
  one->when_drained([&] { told += 100; });
  one->when_drained([&] { ++told; });
  EXPECT_EQ(told, 0) << "never inline";
  worker.run();
  EXPECT_EQ(told, 1) << "nothing is queued; the second took the first's place";
  one->send(encode_text("a"), {});
  one->when_drained([&] { ++told; });
  worker.run();
  EXPECT_EQ(told, 1) << "no poll has come";
  const auto poll = get();
  worker.run();
  EXPECT_EQ(poll->body(), "4a");
  EXPECT_EQ(told, 2);
  one->send(encode_text("b"), {});
  one->when_drained([&] { ++told; });
  one->close(true);
  worker.run();
  EXPECT_EQ(told, 2) << "the session has ended";
}

TEST_F(session_test, the_send_queue_has_a_bound) {
  options.send_queue_bytes_max = 1000;
  options.max_payload_bytes = 500;
  open_polling();
  while (closes.empty()) {
    EXPECT_LE(one->queued_bytes(), 1500U) << "by no more than a message past it";
    one->send(encode_text(std::string(100, 'x')), {});
  }
  EXPECT_EQ(closes, list{"send queue overflow"});
  EXPECT_EQ(table->find(one->id()), nullptr);
  EXPECT_EQ(counted(*count->closes[static_cast<std::size_t>(close_reason::overload)]), 1);
  one->send(encode_text("late"), {});
  EXPECT_EQ(one->queued_bytes(), 0U);
}

TEST_F(session_test, a_burst_in_one_turn_is_offered_while_it_is_queued) {
  options.send_queue_bytes_max = 100000;
  options.max_payload_bytes = 10000;
  open_websocket();
  for (int i = 0; i < 600; ++i) one->send(encode_text(std::string(10000, 'x')), {});
  EXPECT_EQ(closes, list{}) << "six megabytes, and the kernel took them as they came";
  worker.run();
  EXPECT_EQ(socket->sent.size(), 600U);
}

TEST_F(session_test, a_message_past_the_bound_is_admitted_to_an_empty_queue) {
  options.send_queue_bytes_max = 1000;
  options.max_payload_bytes = 5000;
  open_polling();
  one->send({encode_text(std::string(4000, 'x')), encode_text("attachment")}, {});
  EXPECT_EQ(closes, list{});
  EXPECT_EQ(get()->body().size(), 4001U + 1 + 11);
}

TEST_F(session_test, past_the_bound_a_peer_has_to_take_something_in_time) {
  options.send_queue_bytes_max = 1000;
  options.max_payload_bytes = 100000;
  options.ping_interval = milliseconds{1000000};
  open_websocket();
  const auto fill = [this] {
    for (int i = 0; i < 70; ++i) one->send(encode_text(std::string(100, 'x')), {});
  };
  socket->stall();
  fill();
  fill();
  worker.run();
  worker.advance(options.send_timeout - milliseconds{1});
  EXPECT_EQ(closes, list{});
  socket->take();  // one batch has left
  worker.advance(milliseconds{1});
  EXPECT_EQ(closes, list{}) << "it reads, if slowly";
  worker.advance(options.send_timeout);
  EXPECT_EQ(closes, list{"send queue overflow"});
  EXPECT_EQ(counted(*count->closes[static_cast<std::size_t>(close_reason::overload)]), 1);
}

TEST_F(session_test, a_peer_that_catches_up_is_left_alone) {
  options.send_queue_bytes_max = 1000;
  options.ping_interval = milliseconds{1000000};
  open_polling();
  for (int i = 0; i < 30; ++i) one->send(encode_text(std::string(100, 'x')), {});
  EXPECT_EQ(get()->body().size(), 30 * 102U - 1);
  worker.advance(options.send_timeout);
  worker.advance(options.send_timeout);
  EXPECT_EQ(closes, list{});
}

TEST_F(session_test, what_can_leave_at_once_does_not_count_as_queued) {
  options.send_queue_bytes_max = 300;
  open_polling();
  const auto poll = get();
  one->send(encode_text(std::string(150, 'x')), {});
  one->send(encode_text(std::string(150, 'y')), {});
  EXPECT_EQ(poll->body().size(), 151U);
  worker.run();
  EXPECT_EQ(closes, list{});
  EXPECT_EQ(get()->body(), "4" + std::string(150, 'y'));
}

TEST_F(session_test, bodies_past_the_bound_get_413_and_end_the_session) {
  options.max_payload_bytes = 4;
  open_polling();
  EXPECT_EQ(post("4abc")->status(), 200U);
  const auto sent = post("4hello");
  EXPECT_EQ(sent->status(), 413U);
  EXPECT_EQ(sent->body(), "");
  EXPECT_EQ(messages, list{"t:abc"});
  EXPECT_EQ(closes, list{"transport error"});
  EXPECT_EQ(table->find(one->id()), nullptr);
}

TEST_F(session_test, the_poll_hears_of_a_refused_post_after_the_post_itself) {
  options.max_payload_bytes = 4;
  open_polling();
  const auto poll = get();
  EXPECT_EQ(post("4hello")->status(), 413U);
  EXPECT_EQ(closes, list{"transport error"});
  worker.advance(session_table::refusal_head_start - milliseconds{1});
  EXPECT_FALSE(poll->answered);
  worker.advance(milliseconds{1});
  EXPECT_EQ(poll->body(), "1");
}

TEST_F(session_test, a_close_waits_a_moment_for_the_poll_it_has_overtaken) {
  open_polling();
  const auto closing = post(
      "4x\x1e"
      "1");
  EXPECT_EQ(closing->body(), "(nothing)");
  const auto poll = get();
  EXPECT_EQ(poll->body(), "(nothing)");
  worker.advance(session::close_patience);
  EXPECT_EQ(poll->body(), "6");
  EXPECT_EQ(closing->body(), "ok");
  EXPECT_EQ(messages, list{"t:x"});
  EXPECT_EQ(closes, list{"transport close"});
}

TEST_F(session_test, a_close_without_any_poll_comes_through) {
  open_polling();
  const auto closing = post("1");
  const auto again = post("1");
  worker.advance(session::close_patience);
  EXPECT_EQ(closing->body(), "ok");
  EXPECT_EQ(again->body(), "ok");
  EXPECT_EQ(closes, list{"transport close"});
}

TEST_F(session_test, a_close_finds_the_parked_poll) {
  open_polling();
  const auto poll = get();
  EXPECT_EQ(post("1")->body(), "ok");
  EXPECT_EQ(poll->body(), "6");
}

TEST_F(session_test, too_many_packets_in_one_post) {
  options.packets_per_poll_max = 2;
  open_polling();
  EXPECT_EQ(post("4\x1e"
                 "4\x1e"
                 "4")
                ->body(),
            "ok");
  EXPECT_EQ(closes, list{"parse error"});
  EXPECT_EQ(counted(*count->errors[static_cast<std::size_t>(cause::over_limit)]), 1);
}

TEST_F(session_test, an_unreadable_post_ends_the_session_after_what_came_before) {
  open_polling();
  const auto sent = post(
      "4a\x1e"
      "x");
  EXPECT_EQ(sent->status(), 200U);
  EXPECT_EQ(sent->body(), "ok");
  EXPECT_EQ(messages, list{"t:a"});
  EXPECT_EQ(closes, list{"parse error"});
}

TEST_F(session_test, binary_bodies_are_refused) {
  open_polling();
  http::request request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/octet-stream");
  const auto exchange = std::make_shared<fake_exchange>(worker, request);
  one->on_post(exchange);
  EXPECT_EQ(exchange->status(), 400U);
  EXPECT_EQ(exchange->body(), "");
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(session_test, server_closes) {
  open_polling();
  const auto poll = get();
  one->close(false);
  EXPECT_EQ(poll->body(), "1");
  EXPECT_EQ(closes, list{"forced close"});
  EXPECT_EQ(table->find(one->id()), nullptr);
}

TEST_F(session_test, server_closes_after_what_is_queued) {
  open_websocket();
  socket->stall();
  one->send(encode_text("a"), {});
  worker.run();
  one->send(encode_text("b"), {});
  one->close(false);
  one->send(encode_text("c"), {});
  worker.run();
  EXPECT_EQ(closes, list{});
  socket->drain();
  worker.run();
  EXPECT_EQ(socket->sent, (list{"4a", "4b"}));
  EXPECT_EQ(closes, list{"forced close"});
  EXPECT_EQ(socket->close_codes.size(), 1U);
}

TEST_F(session_test, transport_dropped) {
  open_polling();
  const auto poll = get();
  one->close_transport();
  EXPECT_EQ(poll->body(), "6");
  EXPECT_EQ(closes, list{"transport close"});
}

TEST_F(session_test, shut_down) {
  open_websocket();
  one->send(encode_text("bye"), {});
  one->shut_down();
  EXPECT_EQ(socket->sent, list{"4bye"});
  EXPECT_EQ(socket->close_codes.size(), 1U);
  EXPECT_EQ(closes, list{"forced server close"});
}

TEST_F(session_test, a_poll_that_comes_with_the_end_of_the_session_is_answered) {
  open_polling();
  const auto first = make_exchange(worker, "GET"), pipelined = make_exchange(worker, "GET");
  first->answered_work = [this, pipelined] { one->on_get(pipelined); };
  one->on_get(first);
  one->close_transport();
  worker.run();
  EXPECT_EQ(closes, list{"transport close"});
  EXPECT_EQ(first->body(), "6");
  EXPECT_EQ(pipelined->status(), 400U) << "nobody is left to answer it later";
}

}  // namespace
}  // namespace fanfare::engineio
