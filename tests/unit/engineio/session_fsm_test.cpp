#include "engineio/session_fsm.hpp"

#include <gtest/gtest.h>

#include <string>

#include "engineio/support/fsm_script.hpp"

namespace fanfare::engineio {
namespace {

class session_fsm_test : public testing::Test, public script {};

TEST_F(session_fsm_test, opens_with_its_handshake_parked) {
  EXPECT_EQ(machine.now(), state::opening);
  machine.open(carrier::polling);
  EXPECT_EQ(machine.now(), state::open);
  EXPECT_TRUE(machine.parked());
  EXPECT_EQ(armed(timer::heartbeat), 300);
}

TEST_F(session_fsm_test, nothing_happens_before_open) {
  packet_in(packet_type::message, "early");
  machine.close(false);
  EXPECT_EQ(take(), list{});
}

TEST_F(session_fsm_test, heartbeat) {
  machine.open(carrier::websocket);
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(queue, list{"2"});
  EXPECT_EQ(armed(timer::heartbeat), 200);
  packet_in(packet_type::pong);
  EXPECT_EQ(armed(timer::heartbeat), 300);
}

TEST_F(session_fsm_test, ping_timeout_by_websocket) {
  machine.open(carrier::websocket);
  machine.on_timer(timer::heartbeat);
  flush();
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(take(), (list{"ws:2", "close_websocket", "ended:ping timeout"}));
  EXPECT_EQ(armed(timer::heartbeat), -1);
}

TEST_F(session_fsm_test, ping_timeout_by_polling_answers_the_parked_poll) {
  opened();
  machine.on_timer(timer::heartbeat);
  ASSERT_TRUE(machine.on_poll());
  ASSERT_TRUE(machine.on_poll());
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(take(), (list{"poll:2", "answer:1", "ended:ping timeout"}));
}

TEST_F(session_fsm_test, any_packet_puts_the_pong_off_once) {
  machine.open(carrier::websocket);
  machine.on_timer(timer::heartbeat);
  timers[0] = 7;
  packet_in(packet_type::message, "a");
  EXPECT_EQ(armed(timer::heartbeat), 200);
  timers[0] = 7;
  packet_in(packet_type::message, "b");
  EXPECT_EQ(armed(timer::heartbeat), 7);
}

TEST_F(session_fsm_test, a_ping_from_the_client_is_an_error) {
  opened();
  packet_in(packet_type::ping);
  EXPECT_EQ(take(), list{"ended:transport error"});
}

TEST_F(session_fsm_test, packets_without_meaning_are_ignored) {
  opened();
  for (const auto type : {packet_type::open, packet_type::upgrade, packet_type::noop}) packet_in(type, "x");
  EXPECT_EQ(take(), list{});
  EXPECT_EQ(machine.now(), state::open);
}

TEST_F(session_fsm_test, a_second_poll_ends_the_session) {
  opened();
  EXPECT_TRUE(machine.on_poll());
  EXPECT_FALSE(machine.on_poll());
  EXPECT_EQ(take(), (list{"answer:1", "ended:transport error"}));
  EXPECT_FALSE(machine.on_poll());
  EXPECT_EQ(take(), list{});
}

TEST_F(session_fsm_test, an_aborted_poll_ends_the_session) {
  opened();
  machine.on_poll_aborted();
  EXPECT_EQ(take(), list{});
  EXPECT_TRUE(machine.on_poll());
  machine.on_poll_aborted();
  EXPECT_EQ(take(), list{"ended:transport error"});
  machine.on_poll_aborted();
  EXPECT_EQ(take(), list{});
}

TEST_F(session_fsm_test, a_poll_takes_what_is_queued) {
  opened();
  queue = {"4a", "4b"};
  EXPECT_TRUE(machine.on_poll());
  EXPECT_EQ(take(), list{"poll:4a|4b"});
  EXPECT_FALSE(machine.parked());
}

TEST_F(session_fsm_test, client_closes_with_a_poll_parked) {
  opened();
  EXPECT_TRUE(machine.on_poll());
  packet_in(packet_type::close);
  packet_in(packet_type::message, "late");
  EXPECT_EQ(take(), (list{"answer:6", "ended:transport close"}));
}

TEST_F(session_fsm_test, client_closes_by_websocket) {
  machine.open(carrier::websocket);
  packet_in(packet_type::close);
  EXPECT_EQ(take(), (list{"close_websocket", "ended:transport close"}));
  machine.on_websocket_closed(false);
  EXPECT_EQ(take(), list{});
}

TEST_F(session_fsm_test, websocket_ends) {
  machine.open(carrier::websocket);
  machine.on_websocket_closed(false);
  EXPECT_EQ(take(), list{"ended:transport close"});
}

TEST_F(session_fsm_test, websocket_fails) {
  machine.open(carrier::websocket);
  machine.on_websocket_closed(true);
  EXPECT_EQ(take(), list{"ended:transport error"});
}

TEST_F(session_fsm_test, faults_end_the_session_after_what_is_queued) {
  machine.open(carrier::websocket);
  queue = {"4last"};
  machine.on_fault(close_reason::parse_error);
  machine.on_fault(close_reason::parse_error);
  EXPECT_EQ(take(), (list{"ws:4last", "close_websocket", "ended:parse error"}));
}

TEST_F(session_fsm_test, overload_sends_nothing_more) {
  machine.open(carrier::websocket);
  queue = {"4last"};
  machine.on_overload();
  EXPECT_EQ(take(), (list{"close_websocket", "ended:send queue overflow"}));
}

TEST_F(session_fsm_test, server_closes_with_a_poll_parked) {
  opened();
  EXPECT_TRUE(machine.on_poll());
  machine.close(false);
  EXPECT_EQ(take(), (list{"answer:1", "ended:forced close"}));
}

TEST_F(session_fsm_test, server_closes_and_the_next_poll_takes_the_close_packet) {
  opened();
  machine.close(false);
  EXPECT_EQ(machine.now(), state::closing);
  EXPECT_EQ(armed(timer::close), 30000);
  packet_in(packet_type::message, "ignored");
  EXPECT_TRUE(machine.on_poll());
  EXPECT_EQ(take(), (list{"answer:6\x1e"
                          "1",
                          "ended:forced close"}));
}

TEST_F(session_fsm_test, server_closes_after_what_is_queued) {
  opened();
  queue = {"4a"};
  machine.close(false);
  machine.close(false);
  EXPECT_EQ(take(), list{});
  EXPECT_TRUE(machine.on_poll());
  EXPECT_EQ(take(), list{"poll:4a"});
  EXPECT_EQ(machine.now(), state::closing);
  EXPECT_TRUE(machine.on_poll());
  EXPECT_EQ(take(), (list{"answer:6\x1e"
                          "1",
                          "ended:forced close"}));
}

TEST_F(session_fsm_test, nobody_fetches_the_close_packet) {
  opened();
  machine.close(false);
  machine.on_timer(timer::close);
  EXPECT_EQ(take(), list{"ended:forced close"});
}

TEST_F(session_fsm_test, closing_by_websocket_waits_for_the_queue) {
  machine.open(carrier::websocket);
  queue = {"4a"};
  stalled = true;
  machine.close(false);
  EXPECT_EQ(take(), list{});
  stalled = false;
  flush();
  machine.on_drained();
  EXPECT_EQ(take(), (list{"ws:4a", "close_websocket", "ended:forced close"}));
}

TEST_F(session_fsm_test, a_closing_session_that_never_drains_times_out) {
  machine.open(carrier::websocket);
  queue = {"4a"};
  stalled = true;
  machine.close(false);
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(queue, list{"4a"});
  packet_in(packet_type::pong);
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(take(), (list{"close_websocket", "ended:ping timeout"}));
}

TEST_F(session_fsm_test, discarding_close) {
  opened();
  queue = {"4a"};
  machine.close(true);
  EXPECT_EQ(take(), list{"ended:forced close"});
}

TEST_F(session_fsm_test, discarding_close_of_a_closing_session) {
  opened();
  machine.close(false);
  machine.close(true, close_reason::server_shutdown);
  EXPECT_EQ(take(), list{"ended:forced server close"});
}

TEST_F(session_fsm_test, dropping_the_carrier_says_nothing_of_closing) {
  opened();
  EXPECT_TRUE(machine.on_poll());
  machine.drop_carrier();
  machine.drop_carrier();
  EXPECT_EQ(take(), (list{"answer:6", "ended:transport close"}));
}

TEST_F(session_fsm_test, closing_from_within_a_message) {
  opened();
  EXPECT_TRUE(machine.on_poll());
  packet_in(packet_type::message, "close!");
  packet_in(packet_type::message, "late");
  EXPECT_EQ(take(), (list{"message:close!", "answer:1", "ended:forced close"}));
}

TEST_F(session_fsm_test, upgrades) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  EXPECT_EQ(armed(timer::upgrade), 10000);
  EXPECT_TRUE(machine.on_poll());
  probe_in(packet_type::ping, "probe");
  for (const auto delay : {10, 20, 40, 80, 100, 100}) {
    EXPECT_EQ(armed(timer::upgrade_check), delay);
    machine.on_timer(timer::upgrade_check);
  }
  queue = {"4queued"};
  probe_in(packet_type::upgrade);
  EXPECT_EQ(take(), (list{"3probe", "answer:6", "adopt", "upgraded", "ws:4queued"}));
  EXPECT_EQ(machine.by(), carrier::websocket);
  EXPECT_EQ(armed(timer::upgrade), -1);
  EXPECT_EQ(armed(timer::upgrade_check), -1);
  packet_in(packet_type::message, "hello");
  EXPECT_EQ(take(), list{"message:hello"});
}

TEST_F(session_fsm_test, check_flushes_the_queue_rather_than_a_noop) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  probe_in(packet_type::ping, "probe");
  EXPECT_TRUE(machine.on_poll());
  queue = {"4a"};
  machine.on_timer(timer::upgrade_check);
  EXPECT_EQ(take(), (list{"3probe", "poll:4a"}));
}

TEST_F(session_fsm_test, upgrade_releases_a_poll_still_parked) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  EXPECT_TRUE(machine.on_poll());
  probe_in(packet_type::upgrade);
  EXPECT_EQ(take(), (list{"answer:6", "adopt", "upgraded"}));
}

TEST_F(session_fsm_test, only_one_probe_at_a_time_and_none_afterwards) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  EXPECT_FALSE(machine.on_probe_open());
  probe_in(packet_type::upgrade);
  EXPECT_FALSE(machine.on_probe_open());
  machine.close(false);
  EXPECT_FALSE(machine.on_probe_open());
}

TEST_F(session_fsm_test, no_probe_where_upgrades_are_not_allowed) {
  terms.allow_upgrades = false;
  opened();
  EXPECT_FALSE(machine.on_probe_open());
}

TEST_F(session_fsm_test, a_probe_that_says_something_else_is_closed_and_polling_lives) {
  for (int variant = 0; variant < 3; ++variant) {
    script one;
    one.opened();
    ASSERT_TRUE(one.machine.on_probe_open());
    if (variant == 0) one.probe_in(packet_type::message, "x");
    if (variant == 1) one.probe_in(packet_type::ping, "other");
    if (variant == 2) one.machine.on_probe_packet({}, false);
    EXPECT_EQ(one.take(), list{"close_probe"});
    EXPECT_EQ(one.machine.now(), state::open);
    EXPECT_EQ(one.armed(timer::upgrade), -1);
    one.probe_in(packet_type::upgrade);  // on its way when it was closed
    EXPECT_EQ(one.take(), list{});
    EXPECT_TRUE(one.machine.on_probe_open());
  }
}

TEST_F(session_fsm_test, a_probe_that_ends_or_idles_leaves_polling_alive) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  machine.on_probe_closed();
  machine.on_probe_closed();
  EXPECT_EQ(take(), list{});
  ASSERT_TRUE(machine.on_probe_open());
  machine.on_timer(timer::upgrade);
  machine.on_timer(timer::upgrade_check);
  EXPECT_EQ(take(), list{"close_probe"});
  EXPECT_TRUE(machine.on_poll());
  EXPECT_EQ(machine.now(), state::open);
}

TEST_F(session_fsm_test, client_closes_while_probing) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  probe_in(packet_type::ping, "probe");
  packet_in(packet_type::close);
  EXPECT_EQ(take(), (list{"3probe", "close_probe", "ended:transport close"}));
  probe_in(packet_type::upgrade);
  EXPECT_EQ(take(), list{});
  EXPECT_EQ(armed(timer::upgrade_check), -1);
}

TEST_F(session_fsm_test, a_graceful_close_goes_on_over_the_new_transport) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  machine.close(false);
  probe_in(packet_type::upgrade);
  EXPECT_EQ(take(), (list{"adopt", "close_websocket", "ended:forced close"}));
  EXPECT_EQ(armed(timer::close), -1);
}

TEST_F(session_fsm_test, a_graceful_close_with_a_queue_goes_on_over_the_new_transport) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  queue = {"4a"};
  machine.close(false);
  probe_in(packet_type::upgrade);
  EXPECT_EQ(take(), (list{"adopt", "ws:4a", "close_websocket", "ended:forced close"}));
}

TEST_F(session_fsm_test, ping_deadline_starts_anew_with_the_new_transport) {
  opened();
  ASSERT_TRUE(machine.on_probe_open());
  machine.on_timer(timer::heartbeat);
  timers[0] = 7;
  probe_in(packet_type::upgrade);
  EXPECT_EQ(armed(timer::heartbeat), 200);
  EXPECT_EQ(take(), (list{"adopt", "upgraded", "ws:2"}));
  machine.on_timer(timer::heartbeat);
  EXPECT_EQ(take(), (list{"close_websocket", "ended:ping timeout"}));
}

TEST_F(session_fsm_test, timers_after_the_end_do_nothing) {
  opened();
  machine.close(true);
  take();
  for (const auto which : {timer::heartbeat, timer::upgrade, timer::upgrade_check, timer::close}) {
    machine.on_timer(which);
  }
  machine.on_drained();
  EXPECT_EQ(take(), list{});
}

}  // namespace
}  // namespace fanfare::engineio
