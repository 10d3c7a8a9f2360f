#include "engineio/session_fsm.hpp"

#include <algorithm>
#include <utility>

namespace fanfare::engineio {

void session_fsm::open(carrier how) {
  state_ = state::open;
  carrier_ = how;
  parked_ = how == carrier::polling;
  driver_.arm(timer::heartbeat, terms_.ping_interval);
}

bool session_fsm::on_poll() {
  if (state_ == state::closed) return false;
  if (parked_) {  // Node: "overlap from client"
    end(close_reason::transport_error, true);
    return false;
  }
  parked_ = true;
  driver_.flush();
  if (driver_.queue_empty()) on_drained();
  if (parked_ && close_pending_) {
    answer(
        "6\x1e"
        "1");
    finish(close_reason::forced_close);
  }
  return true;
}

void session_fsm::on_poll_aborted() {
  if (!parked_ || state_ == state::closed) return;
  parked_ = false;
  finish(close_reason::transport_error);
}

void session_fsm::on_packet(packet in) {
  if (state_ == state::closed) return;
  if (in.type == packet_type::close) return client_closed();
  if (state_ != state::open) return;
  if (awaiting_pong_ && !extended_ && in.type != packet_type::pong) {
    // A client that is busy sending is alive: its pong may come late, once.
    extended_ = true;
    driver_.arm(timer::heartbeat, terms_.ping_timeout);
  }
  switch (in.type) {
    case packet_type::message:
      driver_.deliver(std::move(in));
      break;
    case packet_type::pong:
      awaiting_pong_ = false;
      driver_.arm(timer::heartbeat, terms_.ping_interval);
      break;
    case packet_type::ping:  // since v4 the server pings: "invalid heartbeat direction"
      end(close_reason::transport_error, true);
      break;
    default:
      break;  // OPEN, UPGRADE and NOOP mean nothing here; Node ignores them
  }
}

void session_fsm::on_websocket_closed(bool by_error) {
  if (carrier_ != carrier::websocket) return;
  finish(by_error ? close_reason::transport_error : close_reason::transport_close);
}

bool session_fsm::on_probe_open() {
  if (state_ == state::closed || probing_ || carrier_ != carrier::polling || !terms_.allow_upgrades) return false;
  probing_ = true;
  driver_.arm(timer::upgrade, terms_.upgrade_timeout);
  return true;
}

void session_fsm::on_probe_packet(const packet& in, bool understood) {
  if (!probing_) return;
  if (understood && in.type == packet_type::ping && in.data == "probe") {
    driver_.answer_probe();
    upgrade_check_ = upgrade_check_first;
    driver_.arm(timer::upgrade_check, upgrade_check_);
  } else if (understood && in.type == packet_type::upgrade) {
    complete_upgrade();
  } else {
    abandon_probe(true);
  }
}

void session_fsm::complete_upgrade() {
  probing_ = false;
  driver_.disarm(timer::upgrade);
  driver_.disarm(timer::upgrade_check);
  if (parked_) answer("6");
  carrier_ = carrier::websocket;
  driver_.adopt_probe();
  // A ping may be lost between the transports, or be queued still: the deadline starts anew rather than ending
  // with the old transport, as it does in Node, where such a session could then never time out.
  if (awaiting_pong_) driver_.arm(timer::heartbeat, terms_.ping_timeout);
  if (close_pending_) {
    close_pending_ = false;
    driver_.disarm(timer::close);
  }
  if (state_ == state::open) driver_.upgraded();
  if (state_ == state::closed) return;
  driver_.flush();
  if (state_ == state::closing && driver_.queue_empty()) close_carrier(false, close_reason::forced_close);
}

void session_fsm::on_probe_closed() {
  if (probing_) abandon_probe(false);
}

void session_fsm::abandon_probe(bool close_it) {
  probing_ = false;
  driver_.disarm(timer::upgrade);
  driver_.disarm(timer::upgrade_check);
  if (close_it) driver_.close_probe();
}

void session_fsm::on_drained() {
  if (state_ == state::closing && !close_pending_) close_carrier(false, close_reason::forced_close);
}

void session_fsm::on_timer(timer which) {
  if (state_ == state::closed) return;
  switch (which) {
    case timer::heartbeat:
      if (awaiting_pong_) return end(close_reason::ping_timeout, true);
      awaiting_pong_ = true;
      extended_ = false;
      if (state_ == state::open) driver_.enqueue(packet_type::ping);
      driver_.arm(timer::heartbeat, terms_.ping_timeout);
      break;
    case timer::upgrade:
      if (probing_) abandon_probe(true);
      break;
    case timer::upgrade_check:
      if (!probing_) break;
      driver_.flush();
      if (parked_) answer("6");
      upgrade_check_ = std::min(2 * upgrade_check_, upgrade_check_max);
      driver_.arm(timer::upgrade_check, upgrade_check_);
      break;
    case timer::close:
      if (close_pending_) finish(close_reason::forced_close);
      break;
  }
}

void session_fsm::close(bool discard, close_reason reason) {
  if (state_ == state::closed || (state_ == state::closing && !discard)) return;
  if (discard) return close_carrier(true, reason);
  driver_.flush();
  if (state_ != state::open) return;
  state_ = state::closing;
  if (driver_.queue_empty()) close_carrier(false, reason);
}

void session_fsm::close_carrier(bool discard, close_reason reason) {
  if (carrier_ == carrier::websocket) {
    driver_.close_websocket();
    return finish(reason);
  }
  if (parked_) {
    answer("1");
  } else if (!discard) {
    close_pending_ = true;
    return driver_.arm(timer::close, close_timeout);
  }
  finish(reason);
}

void session_fsm::drop_carrier() {
  if (state_ == state::closed) return;
  if (parked_) answer("6");
  if (carrier_ == carrier::websocket) driver_.close_websocket();
  finish(close_reason::transport_close);
}

void session_fsm::client_closed() {
  driver_.flush();
  if (state_ == state::closed) return;
  drop_carrier();
}

void session_fsm::end(close_reason reason, bool flush_first) {
  if (state_ == state::closed) return;
  if (flush_first) driver_.flush();
  if (state_ == state::closed) return;
  if (parked_) answer("1");
  if (carrier_ == carrier::websocket) driver_.close_websocket();
  finish(reason);
}

void session_fsm::answer(std::string_view payload) {
  parked_ = false;
  driver_.answer_poll(payload);
}

void session_fsm::finish(close_reason reason) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  close_pending_ = false;
  driver_.disarm(timer::heartbeat);
  driver_.disarm(timer::close);
  if (probing_) abandon_probe(true);
  driver_.ended(reason);
}

}  // namespace fanfare::engineio
