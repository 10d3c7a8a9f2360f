#pragma once

// Finds out, after each connection, whether the log in Redis is still the one that the node knows, and gives Redis the
// log's scripts. Inbound: redis_log. Outbound: redis/client, join.lua.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>

#include "history/redis/stream_codec.hpp"
#include "redis/client.hpp"

namespace fanfare::history {

/// What a node knows of the log, for join.lua.
struct known_log {
  std::string epoch;                                            // "": nothing yet
  std::uint64_t head = 0;                                       // newest position known to have been in it
  std::string by;                                               // who appended that
  std::vector<std::pair<std::uint64_t, std::uint64_t>> unseen;  // positions, first and last, that it has not seen
};

/// Thread: the executor's.
class redis_joiner {
 public:
  struct events {
    std::function<known_log()> known;
    /// `missed`: something of known_log::unseen was dropped before it could be seen. `moved`: it is another server than
    /// before, or another life of it: what passed and is not kept as an event may be lost.
    std::function<void(const standing& now, bool missed, bool moved)> joined;
    /// Redis is away, or will not: `reason`. It is tried again by itself.
    std::function<void(const std::string& reason)> away;
  };
  struct script_hashes {
    std::string append, read, trim;  // SHA-1, in hex: what EVALSHA takes
  };
  /// `key`: the stream. `draw_epoch` gives another epoch each time.
  redis_joiner(executor& home, const std::function<std::unique_ptr<redis::client>()>& make, std::string key,
               std::function<std::string()> draw_epoch, events told);
  ~redis_joiner();
  redis_joiner(const redis_joiner&) = delete;
  redis_joiner& operator=(const redis_joiner&) = delete;

  /// Asks anew: something is not as it was. Until it is joined, nothing should be asked of the log.
  void join();
  /// Joins again in a moment; until then Redis counts as away.
  void try_later(const std::string& reason);
  [[nodiscard]] bool is_joined() const noexcept { return joined_; }
  [[nodiscard]] redis::client& client() noexcept { return *client_; }
  [[nodiscard]] const script_hashes& loaded() const noexcept { return scripts_; }

 private:
  static constexpr std::size_t former_max = 16;
  void ask();
  [[nodiscard]] bool knew(const std::string& epoch);
  void take(const result<std::vector<redis::reply>>& came);

  executor& home_;
  const std::string key_;
  const std::function<std::string()> draw_epoch_;
  const events told_;
  std::unique_ptr<redis::client> client_;
  script_hashes scripts_;
  std::string history_;                      // of replication, when it joined last
  std::map<std::string, known_log> former_;  // epochs that the log had before, and what was known of it then
  std::optional<known_log> as_;              // one of them, that is asked about
  bool joined_ = false, asking_ = false, again_ = false;
  timer_id timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace fanfare::history
