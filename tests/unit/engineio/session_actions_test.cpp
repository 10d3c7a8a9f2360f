#include "engineio/session.hpp"

#include "engineio/support/session_fixture.hpp"

namespace fanfare::engineio {
namespace {

class session_actions_test : public session_fixture {};

TEST_F(session_actions_test, heartbeat_by_polling) {
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

TEST_F(session_actions_test, a_request_past_the_deadline_does_not_wait_for_a_late_timer) {
  options.ping_interval = milliseconds{300};
  options.ping_timeout = milliseconds{200};
  open_polling();
  worker.stall(milliseconds{299});
  EXPECT_FALSE(one->overdue());
  worker.stall(milliseconds{30});  // the ping leaves late, and its answer is due when it would have been
  EXPECT_FALSE(one->overdue());
  worker.stall(milliseconds{170});
  EXPECT_FALSE(one->overdue());
  worker.stall(milliseconds{1});
  EXPECT_TRUE(one->overdue());
  EXPECT_EQ(closes, list{"ping timeout"});
}

TEST_F(session_actions_test, heartbeat_by_websocket) {
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

TEST_F(session_actions_test, upgrade) {
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

TEST_F(session_actions_test, upgrade_completes_while_a_poll_is_parked) {
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

TEST_F(session_actions_test, second_probe_is_closed) {
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

TEST_F(session_actions_test, failed_probe_leaves_polling_alive) {
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
  EXPECT_EQ(counted(*count->errors[static_cast<std::size_t>(cause::upgrade_timeout)]), 1);
  EXPECT_EQ(closes, list{});
  EXPECT_EQ(one->transport(), "polling");
  EXPECT_EQ(post("4hello")->body(), "ok");
  EXPECT_EQ(messages, list{"t:hello"});
}

TEST_F(session_actions_test, close_during_a_probe) {
  open_polling();
  const auto connection = probe();
  connection->receive("2probe");
  worker.run();
  const auto closing = post("1");
  worker.advance(session::close_patience);
  EXPECT_EQ(closing->body(), "ok");
  EXPECT_EQ(connection->close_codes.size(), 1U);
  connection->receive("5");
  EXPECT_EQ(closes, list{"transport close"});
  EXPECT_EQ(upgrades, 0);
}

TEST_F(session_actions_test, handlers_let_go_of_what_they_hold_after_the_end) {
  open_websocket();
  one->on_message([self = one](socket::message) { self->close(true); });
  const std::weak_ptr<session> weak = one;
  socket->receive("4x");
  EXPECT_EQ(closes, list{"forced close"});
  one = nullptr;
  worker.run();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace fanfare::engineio
