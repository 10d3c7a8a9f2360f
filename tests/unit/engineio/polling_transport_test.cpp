#include "engineio/polling_transport.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class polling_transport_test : public session_fixture {};

TEST_F(polling_transport_test, handshake_answers_open_alone) {
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

TEST_F(polling_transport_test, cookie_and_headers) {
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

TEST_F(polling_transport_test, old_browsers_get_their_header) {
  open_polling();
  http::request request;
  request.method = "POST";
  request.body = "4x";
  request.headers.add("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Trident/7.0)");
  const auto exchange = std::make_shared<fake_exchange>(worker, request);
  one->on_post(exchange);
  EXPECT_EQ(exchange->answered->headers.get("x-xss-protection"), "0");
}

TEST_F(polling_transport_test, a_turn_leaves_in_one_poll) {
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

TEST_F(polling_transport_test, compression_follows_the_packets_and_the_option) {
  open_polling();
  one->send(encode_text("a"), {.compress = false});
  EXPECT_FALSE(get()->compressed);
  one->send(encode_text("a"), {.compress = true});
  EXPECT_TRUE(get()->compressed);
}

TEST_F(polling_transport_test, a_poll_carries_no_more_than_max_payload) {
  options.max_payload_bytes = 10;
  open_polling();
  for (const auto* text : {"1234", "5678", "a-very-long-one"}) one->send(encode_text(text), {});
  EXPECT_EQ(get()->body(), "41234");
  EXPECT_EQ(get()->body(), "45678");
  EXPECT_EQ(get()->body(), "4a-very-long-one");
}

TEST_F(polling_transport_test, other_methods_get_500) {
  open_polling();
  const auto put = make_exchange(worker, "PUT");
  one->on_other_method(put);
  EXPECT_EQ(put->status(), 500U);
  EXPECT_EQ(put->body(), "");
  EXPECT_EQ(closes, list{});
}

TEST_F(polling_transport_test, overlapping_polls) {
  open_polling();
  const auto first = get();
  const auto second = get();
  EXPECT_EQ(first->body(), "1");
  EXPECT_EQ(second->status(), 400U);
  EXPECT_EQ(second->body(), "");
  EXPECT_EQ(closes, list{"transport error"});
  EXPECT_EQ(get()->status(), 400U);
}

TEST_F(polling_transport_test, an_aborted_poll_ends_the_session) {
  open_polling();
  const auto poll = get();
  poll->abort();
  worker.run();
  EXPECT_EQ(closes, list{"transport error"});
}

TEST_F(polling_transport_test, an_aborted_handshake_ends_the_session) {
  make_table();
  const auto handshake = make_exchange(worker, "GET");
  one->open_polling(handshake);
  handshake->abort();
  worker.run();
  EXPECT_EQ(closes, list{"transport error"});
  EXPECT_EQ(handshake->status(), 0U);
}

TEST_F(polling_transport_test, abortion_reported_by_another_worker_counts_for_its_own_poll_only) {
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

}  // namespace
}  // namespace fanfare::engineio
