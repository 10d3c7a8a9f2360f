#pragma once

// A driver of session_fsm that writes down what it is asked for.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engineio/session_fsm.hpp"

namespace fanfare::engineio {

using list = std::vector<std::string>;
using timer = session_fsm::timer;
using carrier = session_fsm::carrier;
using state = session_fsm::state;

/// Writes down what the machine asks for; the queue is a list of texts that leave when the carrier can take them.
class script : public session_fsm::actions {
 public:
  script() : machine(*this, terms) {}

  void enqueue(packet_type type) override { queue.push_back(std::to_string(static_cast<int>(type))); }
  void flush() override {
    const bool can = machine.by() == carrier::polling ? machine.parked() : !stalled;
    if (queue.empty() || !can) return;
    if (machine.by() == carrier::polling) machine.on_poll_answered();
    std::string all;
    for (const auto& one : queue) all += (all.empty() ? "" : "|") + one;
    queue.clear();
    log.push_back((machine.by() == carrier::polling ? "poll:" : "ws:") + all);
  }
  [[nodiscard]] bool queue_empty() const override { return queue.empty(); }
  void answer_poll(std::string_view payload) override { log.push_back("answer:" + std::string(payload)); }
  void close_websocket() override { log.emplace_back("close_websocket"); }
  void answer_probe() override { log.emplace_back("3probe"); }
  void adopt_probe() override { log.emplace_back("adopt"); }
  void close_probe() override { log.emplace_back("close_probe"); }
  void arm(timer which, milliseconds delay) override { timers[static_cast<std::size_t>(which)] = delay.count(); }
  void disarm(timer which) override { timers[static_cast<std::size_t>(which)] = -1; }
  void deliver(packet in) override {
    log.push_back("message:" + in.data);
    if (in.data == "close!") machine.close(false);
  }
  void upgraded() override { log.emplace_back("upgraded"); }
  void ended(close_reason reason) override { log.push_back("ended:" + std::string(to_string(reason))); }

  [[nodiscard]] long armed(timer which) const { return timers[static_cast<std::size_t>(which)]; }
  list take() { return std::exchange(log, {}); }
  void packet_in(packet_type type, std::string data = {}) { machine.on_packet({type, false, std::move(data)}); }
  void probe_in(packet_type type, std::string data = {}) { machine.on_probe_packet({type, false, std::move(data)}); }
  /// As after a handshake by polling whose GET has been answered.
  void opened() {
    machine.open(carrier::polling);
    machine.on_poll_answered();
  }

  session_fsm::terms terms{milliseconds{300}, milliseconds{200}, milliseconds{10000}, true};
  session_fsm machine;
  list queue, log;
  std::array<long, session_fsm::timer_count> timers{-1, -1, -1, -1};
  bool stalled = false;
};

}  // namespace fanfare::engineio
