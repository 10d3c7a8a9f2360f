// session as the driver of session_fsm: how each of session_fsm::actions is done.

#include <algorithm>
#include <chrono>
#include <utility>

#include "engineio/session.hpp"

namespace fanfare::engineio {

void session::enqueue(packet_type type) {
  queue_.push(encode_control(type), false);
  mark_dirty();
}

void session::flush_now() {
  dirty_ = false;
  if (pause_ != 0) return;
  const auto keep = self();
  flush();
  if (queue_.empty()) fsm_.on_drained();
  tell_drained();
}

void session::tell_drained() {
  if (ended() || queued_bytes() != 0 || !queue_.empty()) return;
  if (const auto work = std::exchange(drained_work_, nullptr)) work();
}

void session::flush() {
  if (queue_.empty()) return;
  if (fsm_.by() == session_fsm::carrier::websocket) {
    const auto batch = websocket_.send_from(queue_);
    left(batch.packets);
    if (batch.pause_after) pause_writes();
  } else if (polling_.parked()) {
    fsm_.on_poll_answered();
    left(polling_.answer_from(queue_));
  }
}

void session::offer() {
  if (pause_ != 0) return;
  if (fsm_.by() != session_fsm::carrier::websocket) return flush();
  const auto handed = websocket_.push_through(queue_);
  left(handed.packets);
  if (handed.pause_after) pause_writes();
}

void session::left(std::size_t packets) {
  if (packets == 0) return;
  sent_ += packets;
  if (drained_work_) mark_dirty();  // a poll takes all without the turn's flush
  table_->count().packets_out.add(static_cast<double>(packets));
}

void session::watch_progress() {
  if (stall_timer_ != 0) return;
  stall_sent_ = sent_;
  stall_written_ = websocket_.queued_bytes();
  stall_timer_ = worker().after(table_->options().send_timeout, [weak = std::weak_ptr(self())] {
    if (const auto one = weak.lock()) one->check_progress();
  });
}

void session::check_progress() {
  stall_timer_ = 0;
  if (ended() || !queue_.would_pass(table_->options().send_queue_bytes_max, 0, 0)) return;
  // One large message is a single packet for long: its bytes count too.
  if (sent_ == stall_sent_ && websocket_.queued_bytes() >= stall_written_) return fsm_.on_overload();
  watch_progress();
}

void session::pause_writes() {
  worker().cancel(pause_);
  pause_ = worker().after(write_pause, [weak = std::weak_ptr(self())] {
    const auto one = weak.lock();
    if (one == nullptr) return;
    one->pause_ = 0;
    one->flush_now();
  });
}

void session::resume_writes() {
  if (pause_ == 0) return;
  worker().cancel(std::exchange(pause_, 0));
  mark_dirty();
}

void session::close_websocket() { websocket_.close(); }

void session::answer_probe() { probe_->send(encode_control(packet_type::pong, "probe"), false); }

void session::adopt_probe() {
  websocket_ = websocket_transport(std::exchange(probe_, nullptr));
  auto& count = table_->count();
  count.upgrades.add();
  count.polling.fetch_sub(1, std::memory_order_relaxed);
  count.websocket.fetch_add(1, std::memory_order_relaxed);
  count.polling_gauge.add(-1);
  count.websocket_gauge.add();
}

void session::close_probe() {
  if (const auto connection = std::exchange(probe_, nullptr)) connection->close(0);
}

void session::arm(session_fsm::timer which, milliseconds delay) {
  auto& [id, due] = timers_[static_cast<std::size_t>(which)];
  worker().cancel(id);
  delay -= std::min({late_, lateness_max, delay});
  due = worker().now() + delay;
  id = worker().after(delay, [weak = std::weak_ptr(self()), which] {
    if (const auto one = weak.lock()) one->fire(which);
  });
}

void session::fire(session_fsm::timer which) {
  auto& [id, due] = timers_[static_cast<std::size_t>(which)];
  worker().cancel(std::exchange(id, 0));
  late_ = std::chrono::ceil<milliseconds>(worker().now() - due);
  if (which == session_fsm::timer::upgrade && probe_) table_->count().failed(cause::upgrade_timeout);
  fsm_.on_timer(which);
  late_ = milliseconds{0};
}

bool session::overdue() {
  const auto keep = self();
  const auto& [id, due] = timers_[static_cast<std::size_t>(session_fsm::timer::heartbeat)];
  while (id != 0 && worker().now() >= due) fire(session_fsm::timer::heartbeat);
  return ended();
}

void session::disarm(session_fsm::timer which) {
  worker().cancel(std::exchange(timers_[static_cast<std::size_t>(which)].id, 0));
}

void session::deliver(packet in) {
  if (message_work_) message_work_({in.binary, std::move(in.data)});
}

void session::upgraded() {
  if (upgrade_work_) upgrade_work_();
}

void session::ended(close_reason reason) {
  const auto keep = self();
  queue_.clear();
  worker().cancel(std::exchange(stall_timer_, 0));
  // A pipelined GET may have come with the answer to the last one.
  if (const auto poll = polling_.forget()) polling_.refuse(poll, 400);
  websocket_.close();
  place_ = nullptr;
  table_->erase(id_);
  auto& count = table_->count();
  const bool by_polling = fsm_.by() == session_fsm::carrier::polling;
  count.closed(reason);
  (by_polling ? count.polling : count.websocket).fetch_sub(1, std::memory_order_relaxed);
  (by_polling ? count.polling_gauge : count.websocket_gauge).add(-1);
  // Handlers hold what the user captured, often the session itself. They may be running now, so they go a turn later.
  worker().post(
      [keep] { keep->message_work_ = nullptr, keep->upgrade_work_ = nullptr, keep->drained_work_ = nullptr; });
  if (const auto work = std::exchange(close_work_, nullptr)) work(reason);
}

}  // namespace fanfare::engineio
