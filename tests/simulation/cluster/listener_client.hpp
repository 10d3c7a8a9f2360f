#pragma once

// A client: is in rooms, keeps a cursor, and comes back to any node when its connection ends. As the TypeScript SDK
// does it, with one subscription for all its rooms. Inbound: course. Outbound: node, ledger.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "node.hpp"

namespace fanfare::simulation {

/// The nodes there are; those that do not serve refuse.
using node_list = std::vector<std::shared_ptr<node>>;

class listener_client final : public std::enable_shared_from_this<listener_client> {
 public:
  listener_client(scheduler& at, ledger& book, const node_list& nodes, std::string user, ledger::listener who)
      : at_(at), book_(book), nodes_(nodes), user_(std::move(user)), who_(std::move(who)) {}

  void come();
  /// Its connection breaks: at once for it, a little later for its node.
  void lose_connection();
  /// It knows nothing of what was before.
  void forget() { cursor_.reset(); }
  /// It is gone for so long, once the connection is lost.
  void stay_away(milliseconds span) { away_ = span; }
  [[nodiscard]] bool is_in() const noexcept { return in_; }
  [[nodiscard]] const ledger::listener& who() const noexcept { return who_; }
  [[nodiscard]] const std::string& user() const noexcept { return user_; }

 private:
  void take(std::uint64_t round, const packet& what);
  void ended(std::uint64_t round);
  void come_later(milliseconds low, milliseconds high);

  scheduler& at_;
  ledger& book_;
  const node_list& nodes_;
  const std::string user_;
  ledger::listener who_;
  std::optional<std::string> cursor_;
  std::weak_ptr<node> at_node_;
  std::shared_ptr<std::weak_ptr<socket>> connection_;
  std::uint64_t round_ = 0;  // of connections; what comes of an earlier one is nobody's
  bool in_ = false;
  milliseconds away_{0};
  steady_time arrives_;  // the last packet of this connection
};

}  // namespace fanfare::simulation
