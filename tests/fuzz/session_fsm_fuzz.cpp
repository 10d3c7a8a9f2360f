// Engine.IO session_fsm under any order of events, one a byte: what it asks for is possible when it asks, it ends once
// and cleanly, nothing follows its end, and a client that falls silent is given up.
#include <array>
#include <optional>
#include <string>

#include "engineio/session_fsm.hpp"
#include "fuzz_input.hpp"

namespace {

using namespace fanfare;
using engineio::close_reason;
using engineio::packet;
using engineio::packet_type;
using engineio::session_fsm;
using fuzz::require;

/// Does what session does, on paper.
class model final : session_fsm::actions {
 public:
  model(bool by_polling, bool may_upgrade) {
    terms_.ping_interval = milliseconds(1000), terms_.ping_timeout = milliseconds(500);
    terms_.upgrade_timeout = milliseconds(800), terms_.allow_upgrades = may_upgrade;
    parked_ = by_polling, has_websocket_ = !by_polling;
    queued_ = 1;  // OPEN
    fsm_.open(by_polling ? session_fsm::carrier::polling : session_fsm::carrier::websocket);
  }

  void step(unsigned char byte) {
    act(byte & 0x1f, byte >> 5);
    check();
  }

  /// From here on the client is silent. Time goes from timer to timer.
  void fall_silent() {
    takes_bytes_ = false;
    for (int i = 0; i < 200 && !over_; ++i) {
      std::size_t next = due_.size();
      for (std::size_t which = 0; which < due_.size(); ++which) {
        if (due_[which] && (next == due_.size() || *due_[which] < *due_[next])) next = which;
      }
      require(next < due_.size(), "an open session has a timer");
      now_ = *due_[next];
      fire(next);
      check();
    }
    require(over_, "a silent client is given up");
  }

 private:
  void act(unsigned what, unsigned how) {
    const bool by_polling = fsm_.by() == session_fsm::carrier::polling;
    switch (what) {
      case 0:
        return by_polling ? poll() : void();
      case 1:
        return abort_poll();
      case 2:
        return by_polling || has_websocket_ ? receive(how) : void();
      case 3:
        return fsm_.on_fault(how % 2 == 0 ? close_reason::parse_error : close_reason::transport_error);
      case 4:
        if (by_polling || !has_websocket_) return;
        has_websocket_ = false;
        return fsm_.on_websocket_closed(how % 2 != 0);
      case 5:
        if (!fsm_.on_probe_open()) return;
        require(!over_ && !has_probe_, "one probe at a time, of a session that lives");
        has_probe_ = true;
        return;
      case 6:
        return has_probe_ ? fsm_.on_probe_packet(make(how % 7, true), how != 7) : void();
      case 7:
        if (!has_probe_) return;
        has_probe_ = false;
        return fsm_.on_probe_closed();
      case 8:
        return flush_now();
      case 9:
        return fire(how % due_.size());
      case 10:
        return fsm_.close(how % 2 != 0);
      case 11:
        return fsm_.on_overload();
      case 12:
        return fsm_.drop_carrier();
      case 13:
        queued_ += fsm_.now() == session_fsm::state::open ? 1 : 0;
        return;
      case 14:
        takes_bytes_ = !takes_bytes_;
        return;
      case 15:
        from_handler_ = 10 + how % 4;
        return;
      default:
        now_ += milliseconds(100 * what);
    }
  }

  void check() const {
    const bool closed = fsm_.now() == session_fsm::state::closed;
    require(closed == over_, "closed when it has ended");
    require(fsm_.parked() == parked_, "knows of the parked poll");
    require(fsm_.probing() == has_probe_, "knows of the probe");
    require(due_[0].has_value() != closed, "the heartbeat runs while the session lives");
    if (!closed) return;
    require(!parked_ && !has_probe_, "nothing is left hanging");
    for (const auto& due : due_) require(!due, "no timer outlives the session");
  }

  void poll() {
    if (parked_ || over_) return require(!fsm_.on_poll(), "a second poll is refused");
    parked_ = true;
    require(fsm_.on_poll(), "a first poll is taken");
  }
  void abort_poll() {
    if (!parked_) return;
    // As in session: the exchange is forgotten first, then the machine learns of it.
    parked_ = false;
    fsm_.on_poll_aborted();
  }
  static packet make(unsigned type, bool probe) {
    return {static_cast<packet_type>(type), false, probe ? "probe" : ""};
  }
  void receive(unsigned how) {
    auto in = make(how % 7, how == 7);
    fsm_.on_packet(std::move(in));
  }
  void flush_now() {
    flush();
    if (queued_ == 0) fsm_.on_drained();
  }
  void fire(std::size_t which) {
    if (!due_[which]) return;
    due_[which].reset();
    fsm_.on_timer(static_cast<session_fsm::timer>(which));
  }
  /// What a user's handler does while it runs.
  void handler() {
    if (const auto what = std::exchange(from_handler_, 0); what != 0) act(what, what % 3);
  }

  void alive() const { require(!over_, "nothing follows the end"); }
  void enqueue(packet_type) override { alive(), ++queued_; }
  void flush() override {
    if (queued_ == 0) return;
    if (fsm_.by() == session_fsm::carrier::websocket) {
      if (takes_bytes_ && has_websocket_) queued_ = 0;
    } else if (parked_) {
      fsm_.on_poll_answered();
      parked_ = false;
      queued_ = takes_bytes_ ? 0 : queued_ - 1;
    }
  }
  [[nodiscard]] bool queue_empty() const override { return queued_ == 0; }
  void answer_poll(std::string_view payload) override {
    alive();
    require(parked_ && !payload.empty(), "a poll that is answered is there");
    parked_ = false;
  }
  void close_websocket() override {
    alive();
    require(fsm_.by() == session_fsm::carrier::websocket, "a WebSocket that is closed carries the session");
    has_websocket_ = false;
  }
  void answer_probe() override { alive(), require(has_probe_, "a probe that is answered is there"); }
  void adopt_probe() override {
    alive();
    require(has_probe_ && !has_websocket_, "a probe is adopted in place of polling");
    has_probe_ = false, has_websocket_ = true;
  }
  void close_probe() override {
    alive();
    require(has_probe_, "a probe that is closed is there");
    has_probe_ = false;
  }
  void arm(session_fsm::timer which, milliseconds delay) override {
    alive();
    due_[static_cast<std::size_t>(which)] = now_ + delay;
  }
  void disarm(session_fsm::timer which) override { alive(), due_[static_cast<std::size_t>(which)].reset(); }
  void deliver(packet message) override {
    alive();
    require(fsm_.now() == session_fsm::state::open && message.type == packet_type::message,
            "messages of an open session");
    handler();
  }
  void upgraded() override {
    alive();
    require(!std::exchange(has_upgraded_, true), "a session upgrades once");
    handler();
  }
  void ended(close_reason) override {
    alive();
    over_ = true;
  }

  session_fsm::terms terms_;
  std::size_t queued_ = 0;
  bool parked_ = false, has_websocket_ = false, has_probe_ = false, has_upgraded_ = false, over_ = false;
  bool takes_bytes_ = true;
  unsigned from_handler_ = 0;
  milliseconds now_{0};
  std::array<std::optional<milliseconds>, session_fsm::timer_count> due_;
  session_fsm fsm_{*this, terms_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  model session((data[0] & 1) == 0, (data[0] & 2) == 0);
  for (std::size_t i = 1; i < size; ++i) session.step(data[i]);
  session.fall_silent();
  return 0;
}
