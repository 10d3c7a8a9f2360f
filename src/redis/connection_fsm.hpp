#pragma once

// One connection's life: handshake, pipeline, pushes, deadlines. No I/O, no clock. Inbound: bytes, times, exchanges.
// Outbound: connection_fsm::actions, which connection performs.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>

#include "redis/batch.hpp"
#include "redis/resp_codec.hpp"

namespace fanfare::redis {

struct connection_terms {
  std::string user, password;  // ACL; an empty user with a password is "default"
  std::string client_name;     // as CLIENT LIST shows it; no spaces; empty: none
  unsigned database = 0;
  bool check_master = false;  // end the connection unless ROLE says master
  bool subscriber = false;    // pushes may come in RESP2 too, as arrays
  milliseconds handshake_timeout{5000};
  milliseconds ping_interval{15000};  // of silence before a probe; 0: never
  milliseconds ping_timeout{5000};    // for its answer
  reply_limits limits;
};

/// Whether the server may have run what was asked.
enum class fate : std::uint8_t { answered, not_sent, unknown };

/// What one connection is asked.
struct exchange {
  std::shared_ptr<const batch> commands;
  steady_time deadline;
  /// Subscribing: the kind of push that confirms ("subscribe", "sunsubscribe", …) instead of replies, and how many.
  std::string_view confirmed_by = {};
  std::size_t confirmations = 0;
  /// Runs once. Replies (or one error reply that refuses a subscription), timeout, or why the connection ended.
  std::function<void(fate, result<std::vector<reply>>)> done;
};

class connection_fsm {
 public:
  enum class state : std::uint8_t { handshaking, ready, ended };

  /// Every call may come from within an input, and may itself call submit() and close().
  class actions {
   public:
    virtual ~actions() = default;
    virtual void send(std::string_view bytes) = 0;
    virtual void ready() = 0;
    /// A message, or a confirmation that nobody waits for: elements[0] names its kind.
    virtual void push(reply message) = 0;
    /// Once, and before the exchanges that it ends are told.
    virtual void ended(const error& why) = 0;
  };

  /// `terms` must outlive it.
  connection_fsm(actions& driver, const connection_terms& terms)
      : driver_(driver), terms_(terms), reader_(terms.limits) {}

  void on_connected(steady_time now);
  void on_bytes(std::string_view bytes, steady_time now);
  /// The stream has taken that many more of the bytes sent: what lies behind was certainly not seen by the server.
  void on_taken(std::size_t bytes) noexcept { taken_ += bytes; }
  void on_lost(const error& why) { end(why); }
  void on_time(steady_time now);
  /// When on_time wants to be called next.
  [[nodiscard]] std::optional<steady_time> next_time() const;

  /// False unless ready; `work` is left alone then.
  [[nodiscard]] bool submit(exchange&& work, steady_time now);
  void close() { end({errc::closed, "redis: closed", {}}); }

  [[nodiscard]] state now_in() const noexcept { return state_; }
  [[nodiscard]] bool resp3() const noexcept { return resp3_; }
  [[nodiscard]] std::size_t in_flight() const noexcept { return pending_.size(); }

 private:
  enum class step : std::uint8_t { hello, auth, select, role, done };
  struct pending {
    exchange work;
    std::vector<reply> replies;
    std::size_t missing = 0;
    std::uint64_t begins_at = 0;  // in all bytes sent
    steady_time submitted;
    bool ping = false;  // a probe
  };

  void take_step(step next);
  void ask(std::initializer_list<std::string_view> command);
  void on_handshake(const reply& answer);
  [[nodiscard]] bool fall_back(const reply& refusal);
  void refuse(const reply& refusal);
  void on_reply(reply came);
  [[nodiscard]] bool is_push(const reply& came) const;
  void on_push(reply came);
  void settle_head(reply came);
  void finish(std::size_t index, fate how, result<std::vector<reply>> outcome);
  void probe(steady_time now);
  void expire(std::uint64_t sequence, steady_time now);
  void end(const error& why);

  actions& driver_;
  const connection_terms& terms_;
  resp_reader reader_;
  state state_ = state::handshaking;
  step step_ = step::hello;
  bool resp3_ = false;
  steady_time handshake_until_, heard_at_;
  std::uint64_t sent_ = 0, taken_ = 0;
  // Sequence numbers count exchanges; pending_[0] has first_. One that timed out keeps its place for its replies.
  std::uint64_t first_ = 0;
  std::deque<pending> pending_;
  std::set<std::pair<steady_time, std::uint64_t>> deadlines_;
};

}  // namespace fanfare::redis
