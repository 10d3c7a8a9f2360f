#pragma once

// A client's connection at its node: its rooms, what it missed, and the gate before what comes live meanwhile. As
// api/subscriptions does it, without Socket.IO. Inbound: node. Outbound: domain/feed, domain/replay, listener_client.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/feed.hpp"
#include "domain/replay.hpp"
#include "packet.hpp"
#include "scheduler.hpp"

namespace fanfare::simulation {

/// Thread: the node's worker.
class socket final : public std::enable_shared_from_this<socket> {
 public:
  struct terms {
    std::size_t held_max = 1000;  // packets
    domain::replay_bounds replays;
    bool gate_open = false, rooms_ignored = false, always_recovered = false;  // sabotage
  };
  socket(scheduler& at, domain::feed& events, executor& worker, terms how, std::function<void(packet)> send)
      : at_(at), events_(events), worker_(worker), how_(how), send_(std::move(send)) {}

  void subscribe(std::vector<std::string> rooms, std::optional<std::string> since);
  /// What the feed delivers.
  void emit(const std::vector<std::string>& rooms, std::uint64_t sequence, const packet& what);
  /// Nothing more comes.
  void end();
  [[nodiscard]] bool is_open() const noexcept { return open_; }

 private:
  void let_in(const std::vector<std::string>& rooms, const std::optional<std::string>& since);
  void answer(std::string cursor, bool recovered);
  void release();

  scheduler& at_;
  domain::feed& events_;
  executor& worker_;
  const terms how_;
  const std::function<void(packet)> send_;
  std::map<std::string, std::uint64_t> rooms_;  // -> after which position
  std::deque<packet> gate_;
  bool open_ = true, holds_ = false;
  std::shared_ptr<domain::replay> replay_;
};

}  // namespace fanfare::simulation
