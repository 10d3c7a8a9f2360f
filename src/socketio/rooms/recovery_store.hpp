// Connection state recovery of one namespace: lost sessions, and the broadcasts since. Inbound: worker_adapter
// appends, socket_impl persists. Outbound: name_space_impl restores. Thread: any.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <fanfare/socketio/server.hpp>

namespace fanfare::socketio {

class recovery_store {
 public:
  struct session {
    std::string sid, pid;
    std::vector<std::string> rooms;
    value data;
    std::int64_t lost_ms = 0;  // Unix time of the disconnection
    std::uint64_t seen = 0;    // set by take(): the client has the packets up to this one
  };
  using frames = std::vector<engineio::outbound>;
  /// What a session has missed; `last` is the newest packet looked at.
  struct missed {
    std::vector<frames> packets;
    std::uint64_t last = 0;
  };

  /// `epoch`: unique to this store, so that offsets of another process are not taken for its own.
  recovery_store(const recovery_options& options, std::string epoch) : options_(options), epoch_(std::move(epoch)) {}

  /// The position the next packet will have; its offset text is what clients hand back.
  struct reservation {
    std::uint64_t position;
    std::string offset;
  };
  [[nodiscard]] reservation reserve();
  /// Keeps the packet of that position, encoded with its offset. Positions come in order, each kept once.
  void append(std::uint64_t position, const frames& packet, const broadcast_options& options, std::int64_t now_ms);

  /// Whether an older session had to go for it (sessions_max).
  bool persist(session lost);
  /// Takes the session out when it is there, not too old, and all packets since `offset` are.
  [[nodiscard]] std::optional<session> take(const std::string& pid, const std::string& offset, std::int64_t now_ms);
  /// Nothing when packets after lost.seen are no longer kept.
  [[nodiscard]] std::optional<missed> missed_by(const session& lost) const;

 private:
  struct kept {
    frames packet;
    std::vector<std::string> rooms, except;
    std::int64_t sent_ms;
    std::size_t bytes;
  };
  void expire(std::int64_t now_ms);
  [[nodiscard]] std::optional<std::uint64_t> position_of(const std::string& offset) const;

  mutable std::mutex mutex_;
  const recovery_options options_;
  const std::string epoch_;
  std::uint64_t reserved_ = 0;  // the last position given out
  std::uint64_t first_ = 1;     // position of packets_.front()
  std::deque<kept> packets_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, session> sessions_;                // by pid
  std::deque<std::pair<std::string, std::int64_t>> sessions_order_;  // pid and lost_ms, oldest first
};

}  // namespace fanfare::socketio
