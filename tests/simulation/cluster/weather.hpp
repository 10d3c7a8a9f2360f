#pragma once

// What befalls the cluster: connections break, Redis is slow, away, full, restarted from what was on its disk, failed
// over with or without the newest, two at once. Inbound: course. Outbound: way, redis_server, ledger.

#include <memory>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "listener_client.hpp"
#include "node.hpp"

namespace fanfare::simulation {

class weather {
 public:
  weather(scheduler& at, ledger& book, script_engine& engine, const node_list& nodes, const sabotage& faults);

  /// The master, where nodes are led to; null while Redis is away.
  [[nodiscard]] const std::shared_ptr<redis_server>& master() const noexcept { return master_; }
  /// One of what may happen. `loses`: it may be something that loses what Redis had.
  void strike(bool loses);
  /// Whether a change of masters is under way; when all else that has struck will have ended.
  [[nodiscard]] bool is_changing() const noexcept { return changing_; }
  [[nodiscard]] steady_time calm_from() const noexcept { return calm_from_; }
  /// A node has come into the world.
  void welcome(node& who) const { who.to_redis().lead_to(master_); }
  /// The log as the master has it, or will.
  [[nodiscard]] const std::map<std::uint64_t, std::string>& log() const { return truth_->keys.written; }

 private:
  using node_ptrs = std::vector<std::shared_ptr<node>>;
  [[nodiscard]] std::shared_ptr<redis_server> begin(key_space from);
  void lead(const node_ptrs& who, const std::shared_ptr<redis_server>& where);
  [[nodiscard]] node_ptrs some() const;
  /// Draws how long something lasts.
  [[nodiscard]] milliseconds lasting(std::int64_t low_ms, std::int64_t high_ms);
  void break_connections();
  void freeze();
  void slow_down();
  void refuse_writes();
  void stand_still();
  void restart(bool from_older);
  void fail_over(bool without_tail);
  void go_over(key_space left, milliseconds away);
  void split();
  void tell_loss(const key_space& gone, const key_space& left, const node_ptrs& knew);

  scheduler& at_;
  ledger& book_;
  script_engine& engine_;
  const node_list& nodes_;
  const sabotage& faults_;
  std::shared_ptr<redis_server> master_;
  std::shared_ptr<redis_server> truth_;  // the master, also while it is away
  bool changing_ = false;
  steady_time calm_from_;
};

}  // namespace fanfare::simulation
