#pragma once

// Floor 7. Who may do what in which room: the policy, and the back-end's hook where the policy says so. Inbound:
// gateway, administration, publish. Outbound: domain/access.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>

#include "api/report.hpp"
#include "domain/access/access_policy.hpp"
#include "domain/access/principal.hpp"

namespace fanfare::api {

/// Asks the back-end whether `who` may do `action` ("join", "presence", "history") in `room`; `done` once, from any
/// thread, with false on any failure.
using authorization_hook = std::function<void(const domain::principal& who, const std::string& room,
                                              std::string_view action, std::function<void(bool)> done)>;

/// `policy` and `hook` are set before the server starts. Thread: any.
class authorization {
 public:
  explicit authorization(const report& says) : says_(says) {}

  /// Asks about every room; `done` runs once on `worker`, the caller's, with the first refusal: forbidden,
  /// unknown_room.
  void ask(const std::shared_ptr<const domain::principal>& who, std::vector<std::string> rooms,
           domain::room_action action, executor& worker, std::function<void(result<void>)> done) const;

  domain::access_policy policy;
  authorization_hook hook;  // empty: what would be asked is forbidden

 private:
  /// Why, for the one who runs the server: who is refused learns the code alone.
  void log(const domain::principal& who, domain::room_action action, std::string_view room, std::string_view why) const;
  const report& says_;
};

}  // namespace fanfare::api
