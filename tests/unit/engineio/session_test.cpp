#include "engineio/session.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engineio/fakes.hpp"

namespace fanfare::engineio {
namespace {

using list = std::vector<std::string>;
using test::fake_exchange;
using test::fake_executor;
using test::fake_websocket;
using test::make_exchange;

class session_test : public testing::Test {
 protected:
  ~session_test() override {
    if (table) table->clear();
  }
  /// With the options as they stand now.
  void make_table() {
    table = std::make_shared<session_table>(worker, std::make_shared<const server_options>(options), count);
    one = std::make_shared<session>(table, "abcdefghijklmnopqrst", http::request{},
                                    reservation::take(count, options.sessions_max));
    one->on_message([this](socket::message in) { messages.push_back((in.binary ? "b:" : "t:") + in.bytes); });
    one->on_close([this](close_reason reason) { closes.emplace_back(to_string(reason)); });
    one->on_upgrade([this] { ++upgrades; });
    table->insert(one);
  }
  /// Opened by polling, OPEN fetched.
  void open_polling() {
    make_table();
    const auto handshake = make_exchange(worker, "GET");
    one->open_polling(handshake);
    worker.run();
    opened_with = handshake->body();
  }
  void open_websocket() {
    make_table();
    socket = std::make_shared<fake_websocket>(worker);
    one->open_websocket(socket);
    worker.run();
    socket->sent.clear();
    socket->batches.clear();
  }
  std::shared_ptr<fake_exchange> get() {
    auto poll = make_exchange(worker, "GET");
    one->on_get(poll);
    worker.run();
    return poll;
  }
  std::shared_ptr<fake_exchange> post(std::string body) {
    auto sent = make_exchange(worker, "POST", std::move(body));
    one->on_post(sent);
    worker.run();
    return sent;
  }
  std::shared_ptr<fake_websocket> probe() {
    auto connection = std::make_shared<fake_websocket>(worker);
    one->on_probe(connection);
    worker.run();
    return connection;
  }
  double counted(const metrics::cell& cell) { return cell.get(); }

  metrics::registry registry;
  std::shared_ptr<counters> count = std::make_shared<counters>(registry);
  fake_executor worker;
  fake_executor other{1};
  server_options options;
  std::shared_ptr<session_table> table;
  std::shared_ptr<session> one;
  std::shared_ptr<fake_websocket> socket;
  std::string opened_with;
  list messages, closes;
  int upgrades = 0;
};

TEST_F(session_test, handshake_answers_open_alone) {
  make_table();
  const auto handshake = make_exchange(worker, "GET");
  one->open_polling(handshake);
  EXPECT_FALSE(one->writable());
  one->send(encode_text("a"), {});
  one->send(encode_text("lost"), {.is_volatile = true});
  worker.run();
  EXPECT_EQ(handshake->body(), R"(0{"sid":"abcdefghijklmnopqrst","upgrades":["websocket"],"pingInterval":25000,)"
                               R"("pingTimeout":20000,"maxPayload":1000000})");
  EXPECT_EQ(handshake->answered->headers.get("content-type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(handshake->answered->headers.get("cache-control"), "no-store");
  EXPECT_EQ(get()->body(), "4a");
  EXPECT_EQ(one->transport(), "polling");
  EXPECT_EQ(count->polling, 1U);
}

TEST_F(session_test, cookie_and_headers) {
  options.cookie = "io";
  options.initial_headers = [](http::fields& fields, const http::request&) { fields.add("x-initial", "1"); };
  options.headers = [](http::fields& fields, const http::request&) { fields.add("x-every", "1"); };
  make_table();
  const auto handshake = make_exchange(worker, "GET");
  one->open_polling(handshake);
  worker.run();
  const auto& headers = handshake->answered->headers;
  EXPECT_EQ(headers.get("set-cookie"), "io=abcdefghijklmnopqrst; Path=/; HttpOnly; SameSite=Lax");
  EXPECT_EQ(headers.get("x-initial"), "1");
  const auto later = post("4x");
  EXPECT_EQ(later->answered->headers.get("set-cookie"), std::nullopt);
  EXPECT_EQ(later->answered->headers.get("x-initial"), std::nullopt);
  EXPECT_EQ(later->answered->headers.get("x-every"), "1");
}

TEST_F(session_test, old_browsers_get_their_header) {
  open_polling();
  http::request request;
  request.method = "POST";
  request.body = "4x";
  request.headers.add("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Trident/7.0)");
  const auto exchange = std::make_shared<fake_exchange>(worker, request);
  one->on_post(exchange);
  EXPECT_EQ(exchange->answered->headers.get("x-xss-protection"), "0");
}

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

TEST_F(session_test, a_turn_leaves_in_one_poll) {
  open_polling();
  const auto poll = get();
  EXPECT_EQ(poll->body(), "(nothing)");
  EXPECT_TRUE(one->writable());
  one->send(encode_text("a"), {});
  one->send({encode_text("b"), encode_binary("\x01\x02\x03\x04")}, {});
  EXPECT_EQ(poll->body(), "(nothing)");
  EXPECT_EQ(one->queued_bytes(), 8U);
  worker.run();
  EXPECT_EQ(poll->body(),
            "4a\x1e"
            "4b\x1e"
            "bAQIDBA==");
  EXPECT_TRUE(poll->compressed);
  EXPECT_FALSE(one->writable());
}

TEST_F(session_test, compression_follows_the_packets_and_the_option) {
  open_polling();
  one->send(encode_text("a"), {.compress = false});
  EXPECT_FALSE(get()->compressed);
  one->send(encode_text("a"), {.compress = true});
  EXPECT_TRUE(get()->compressed);
}

TEST_F(session_test, a_poll_carries_no_more_than_max_payload) {
  options.max_payload_bytes = 10;
  open_polling();
  for (const auto* text : {"1234", "5678", "a-very-long-one"}) one->send(encode_text(text), {});
  EXPECT_EQ(get()->body(), "41234");
  EXPECT_EQ(get()->body(), "45678");
  EXPECT_EQ(get()->body(), "4a-very-long-one");
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

TEST_F(session_test, volatile_and_conflated_packets_over_a_slow_websocket) {
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

TEST_F(session_test, websocket_batches) {
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

TEST_F(session_test, the_send_queue_has_a_bound) {
  options.send_queue_bytes_max = 1000;
  open_polling();
  while (closes.empty()) one->send(encode_text(std::string(100, 'x')), {});
  EXPECT_EQ(closes, list{"send queue overflow"});
  EXPECT_LE(one->queued_bytes(), 1000U);
  EXPECT_EQ(table->find(one->id()), nullptr);
  EXPECT_EQ(counted(*count->closes[static_cast<std::size_t>(close_reason::overload)]), 1);
  one->send(encode_text("late"), {});
  EXPECT_EQ(one->queued_bytes(), 0U);
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

TEST_F(session_test, bodies_past_the_bound_get_413_and_the_session_lives) {
  options.max_payload_bytes = 4;
  open_polling();
  const auto sent = post("4hello");
  EXPECT_EQ(sent->status(), 413U);
  EXPECT_EQ(sent->body(), "");
  EXPECT_EQ(post("4abc")->status(), 200U);
  EXPECT_EQ(messages, list{"t:abc"});
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

TEST_F(session_test, other_methods_get_500) {
  open_polling();
  const auto put = make_exchange(worker, "PUT");
  one->on_other_method(put);
  EXPECT_EQ(put->status(), 500U);
  EXPECT_EQ(put->body(), "");
  EXPECT_EQ(closes, list{});
}

TEST_F(session_test, overlapping_polls) {
  open_polling();
  const auto first = get();
  const auto second = get();
  EXPECT_EQ(first->body(), "1");
  EXPECT_EQ(second->status(), 400U);
  EXPECT_EQ(second->body(), "");
  EXPECT_EQ(closes, list{"transport error"});
  EXPECT_EQ(get()->status(), 400U);
}

TEST_F(session_test, an_aborted_poll_ends_the_session) {
  open_polling();
  const auto poll = get();
  poll->abort();
  worker.run();
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(session_test, an_aborted_handshake_ends_the_session) {
  make_table();
  const auto handshake = make_exchange(worker, "GET");
  one->open_polling(handshake);
  handshake->abort();
  worker.run();
  EXPECT_EQ(closes, list{"transport error"});
  EXPECT_EQ(handshake->status(), 0U);
}

TEST_F(session_test, abortion_reported_by_another_worker_counts_for_its_own_poll_only) {
  open_polling();
  const auto poll = make_exchange(other, "GET");
  one->on_get(poll);
  poll->abort();  // posted to the other worker, and not run there yet
  one->send(encode_text("a"), {});
  worker.run();
  const auto next = get();
  other.run();
  worker.run();
  EXPECT_EQ(closes, list{});
  EXPECT_EQ(next->body(), "(nothing)");
  next->abort();
  worker.run();
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(session_test, heartbeat_by_polling) {
  options.ping_interval = milliseconds{300};
  options.ping_timeout = milliseconds{200};
  open_polling();
  for (int i = 0; i < 3; ++i) {
    const auto poll = get();
    worker.advance(milliseconds{299});
    EXPECT_EQ(poll->body(), "(nothing)");
    worker.advance(milliseconds{1});
    EXPECT_EQ(poll->body(), "2");
    worker.advance(milliseconds{199});
    EXPECT_EQ(post("3")->body(), "ok");
  }
  worker.advance(milliseconds{499});
  EXPECT_EQ(closes, list{});
  worker.advance(milliseconds{1});
  EXPECT_EQ(closes, list{"ping timeout"});
  EXPECT_EQ(worker.timers(), 0U);
}

TEST_F(session_test, heartbeat_by_websocket) {
  options.ping_interval = milliseconds{300};
  options.ping_timeout = milliseconds{200};
  open_websocket();
  worker.advance(milliseconds{300});
  EXPECT_EQ(socket->sent, list{"2"});
  socket->receive("3");
  worker.advance(milliseconds{300});
  EXPECT_EQ(socket->sent, (list{"2", "2"}));
  worker.advance(milliseconds{200});
  EXPECT_EQ(closes, list{"ping timeout"});
  EXPECT_EQ(socket->close_codes, std::vector<std::uint16_t>{0});
}

TEST_F(session_test, websocket_session) {
  make_table();
  socket = std::make_shared<fake_websocket>(worker);
  one->open_websocket(socket);
  one->send(encode_text("a"), {});
  worker.run();
  ASSERT_EQ(socket->sent.size(), 2U);
  EXPECT_THAT(socket->sent[0], testing::StartsWith(R"(0{"sid":"abcdefghijklmnopqrst","upgrades":[],)"));
  socket->receive("4hello");
  socket->receive("abc", true);
  EXPECT_EQ(messages, (list{"t:hello", "b:abc"}));
  EXPECT_EQ(count->websocket, 1U);
  socket->end(1005);
  EXPECT_EQ(closes, list{"transport close"});
  EXPECT_EQ(count->websocket, 0U);
  EXPECT_EQ(count->reserved, 0U);
}

TEST_F(session_test, websocket_ends_by_error) {
  open_websocket();
  socket->end(1009);
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(session_test, websocket_brings_what_cannot_be_read) {
  open_websocket();
  socket->receive("abc");
  socket->receive("abc");
  EXPECT_EQ(closes, list{"parse error"});
  EXPECT_EQ(socket->close_codes.size(), 1U);
}

TEST_F(session_test, upgrade) {
  open_polling();
  const auto poll = get();
  const auto connection = probe();
  connection->receive("2probe");
  worker.run();
  EXPECT_EQ(connection->sent, list{"3probe"});
  EXPECT_EQ(poll->body(), "(nothing)");
  worker.advance(milliseconds{100});
  EXPECT_EQ(poll->body(), "6");
  one->send(encode_text("queued"), {});
  connection->receive("5");
  worker.run();
  EXPECT_EQ(upgrades, 1);
  EXPECT_EQ(one->transport(), "websocket");
  EXPECT_EQ(connection->sent, (list{"3probe", "4queued"}));
  connection->receive("4hello");
  EXPECT_EQ(messages, list{"t:hello"});
  EXPECT_EQ(count->polling, 0U);
  EXPECT_EQ(count->websocket, 1U);
  connection->end(1001);
  EXPECT_EQ(closes, list{"transport close"});
}

TEST_F(session_test, upgrade_completes_while_a_poll_is_parked) {
  open_polling();
  const auto connection = probe();
  connection->receive("2probe");
  const auto poll = get();
  connection->receive("5");
  EXPECT_EQ(poll->body(), "6");
  poll->abort();
  worker.run();
  EXPECT_EQ(closes, list{});
}

TEST_F(session_test, second_probe_is_closed) {
  open_polling();
  const auto first = probe();
  const auto second = probe();
  EXPECT_EQ(second->close_codes.size(), 1U);
  first->receive("2probe");
  first->receive("5");
  const auto third = probe();
  EXPECT_EQ(third->close_codes.size(), 1U);
  EXPECT_EQ(one->transport(), "websocket");
  EXPECT_EQ(first->close_codes.size(), 0U);
  EXPECT_EQ(counted(*count->errors[static_cast<std::size_t>(cause::upgrade_refused)]), 2);
}

TEST_F(session_test, failed_probe_leaves_polling_alive) {
  open_polling();
  auto connection = probe();
  connection->receive("2probe");
  connection->end(1006);
  connection = probe();
  connection->receive("nonsense");
  EXPECT_EQ(connection->close_codes.size(), 1U);
  connection = probe();
  worker.advance(options.upgrade_timeout);
  EXPECT_EQ(connection->close_codes.size(), 1U);
  EXPECT_EQ(closes, list{});
  EXPECT_EQ(one->transport(), "polling");
  EXPECT_EQ(post("4hello")->body(), "ok");
  EXPECT_EQ(messages, list{"t:hello"});
}

TEST_F(session_test, close_during_a_probe) {
  open_polling();
  const auto connection = probe();
  connection->receive("2probe");
  worker.run();
  EXPECT_EQ(post("1")->body(), "ok");
  EXPECT_EQ(connection->close_codes.size(), 1U);
  connection->receive("5");
  EXPECT_EQ(closes, list{"transport close"});
  EXPECT_EQ(upgrades, 0);
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

TEST_F(session_test, handlers_let_go_of_what_they_hold_after_the_end) {
  open_websocket();
  one->on_message([self = one](socket::message) { self->close(true); });
  const std::weak_ptr<session> weak = one;
  socket->receive("4x");
  EXPECT_EQ(closes, list{"forced close"});
  one = nullptr;
  worker.run();
  EXPECT_TRUE(weak.expired());
}

TEST_F(session_test, reservations_are_bounded_and_given_back) {
  auto first = reservation::take(count, 2);
  const auto second = reservation::take(count, 2);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(reservation::take(count, 2), nullptr);
  first = nullptr;
  EXPECT_NE(reservation::take(count, 2), nullptr);
}

TEST_F(session_test, reasons_have_nodes_words) {
  const std::pair<close_reason, std::string_view> words[] = {
      {close_reason::transport_error, "transport error"}, {close_reason::transport_close, "transport close"},
      {close_reason::ping_timeout, "ping timeout"},       {close_reason::parse_error, "parse error"},
      {close_reason::forced_close, "forced close"},       {close_reason::server_shutdown, "forced server close"},
      {close_reason::overload, "send queue overflow"},    {static_cast<close_reason>(99), ""}};
  for (const auto& [reason, word] : words) EXPECT_EQ(to_string(reason), word);
}

}  // namespace
}  // namespace fanfare::engineio
