// Which workers have sockets in which room: what a broadcast asks before it disturbs anybody. Kept by
// worker_rooms of every worker, read by worker_adapter. Thread: any.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fanfare::socketio {

/// So that look-ups by string_view make no string.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

class room_directory {
 public:
  void join(std::string_view room, unsigned worker);
  void leave(std::string_view room, unsigned worker);

  /// Sets `chosen[worker]` for each worker with a socket in the room.
  void choose(std::string_view room, std::vector<char>& chosen) const;
  [[nodiscard]] std::size_t size(std::string_view room) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> list() const;
  /// Set before the first join; runs with the room's shard locked, so that its calls come in order.
  void watch(std::function<void(const std::string& room, bool exists)> work) { watcher_ = std::move(work); }

 private:
  struct shard {
    mutable std::mutex mutex;
    // Most rooms are one socket's own and live on one worker: pairs take less than a count for every worker.
    std::unordered_map<std::string, std::vector<std::pair<unsigned, std::size_t>>, text_hash, std::equal_to<>> rooms;
  };
  [[nodiscard]] const shard& shard_of(std::string_view room) const {
    return shards_[text_hash{}(room) % shards_.size()];
  }
  [[nodiscard]] shard& shard_of(std::string_view room) { return shards_[text_hash{}(room) % shards_.size()]; }

  std::array<shard, 64> shards_;
  std::function<void(const std::string&, bool)> watcher_;
};

}  // namespace fanfare::socketio
