#pragma once

// Where a request has to go: what refusals say, and whom Sentinel names. Pure. Inbound: client, cluster_client,
// sentinel_locator. Outbound: verdicts and questions that they act upon.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "redis/batch.hpp"
#include "redis/resp_codec.hpp"
#include "redis/url.hpp"

namespace fanfare::redis {

enum class course : std::uint8_t {
  done,       // these replies are the answer
  moved,      // send it to `to`, for good
  ask,        // send it to `to`, this once, with ASKING
  again,      // later, to the same (LOADING, CLUSTERDOWN, TRYAGAIN, MASTERDOWN, a transaction that meets ASK)
  elsewhere,  // this server is no master any more (READONLY): find the master first
};

struct verdict {
  course what = course::done;
  std::uint16_t slot = 0;  // moved, ask
  endpoint to;             // moved, ask
  std::string reason;      // the refusal's text
};

/// What the replies to a batch ask for. Only what certainly did not run is sent again, so: when every command was
/// refused, or the transaction that it is was discarded (EXECABORT); a repeatable one also when some ran. `asked`
/// stands in for a host that a redirection leaves out.
[[nodiscard]] verdict judge(const batch& commands, const std::vector<reply>& replies, bool repeatable,
                            const endpoint& asked);

/// "MOVED 3999 127.0.0.1:6381" or "ASK …" (Cluster specification, "Redirection and resharding").
struct redirection {
  std::uint16_t slot = 0;
  endpoint to;
};
[[nodiscard]] std::optional<redirection> parse_redirection(std::string_view text, const endpoint& asked);

/// Which sentinel to ask next ("Guidelines for Redis clients with support for Redis Sentinel", steps 1 and 2): each
/// once a round, first the one that answered last. ROLE, step 3, is connection_fsm's. Thread: one.
class sentinel_search {
 public:
  sentinel_search(std::vector<endpoint> sentinels, std::string master_name)
      : sentinels_(std::move(sentinels)), name_(std::move(master_name)) {}

  [[nodiscard]] const endpoint& whom() const { return sentinels_[at_]; }
  /// Where the master is, and which other sentinels there are.
  [[nodiscard]] batch question() const;
  /// The master, if this sentinel knows it; it is then asked first next time. Learns the others.
  [[nodiscard]] std::optional<endpoint> on_answer(const std::vector<reply>& replies);
  /// Goes to the next one. False: all have been asked in this round; a new one begins.
  [[nodiscard]] bool on_failure();
  [[nodiscard]] const std::vector<endpoint>& sentinels() const noexcept { return sentinels_; }

 private:
  void learn(const reply& others);

  std::vector<endpoint> sentinels_;
  std::string name_;
  std::size_t at_ = 0;
};

}  // namespace fanfare::redis
