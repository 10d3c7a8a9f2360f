#pragma once

// Rates over the fleet: each node counts what it lets through, and tells the others of those who are near a limit, who
// then have that much less there. Sans-I/O: it travels as facts of the log. Inbound: a timer. Outbound: history::log.

#include <map>
#include <string>
#include <utility>

#include <fanfare/base/executor.hpp>

#include "domain/access/rate_limits.hpp"
#include "history/log.hpp"

namespace fanfare::domain {

/// Nobody is asked before something is let through, so a limit may be passed by what other nodes let through until they
/// have heard; and who is far from a limit costs nothing. Thread: any, once all limits are there.
class fleet_rates {
 public:
  /// The log must outlive it. `node`: this one's name.
  fleet_rates(history::log& log, std::string node) : log_(log), node_(std::move(node)) {}

  /// `name` says which to the other nodes. The limits must outlive it.
  void add(const std::string& name, rate_limits& limits);
  /// Tells what is new. Some times a second, from one thread.
  void tick();
  /// From the log.
  void hear(const history::fact& item, steady_time now);

 private:
  static constexpr std::size_t keys_max = 1000;  // told at once, of one limit
  history::log& log_;
  const std::string node_;
  std::map<std::string, rate_limits*, std::less<>> limits_;
};

}  // namespace fanfare::domain
