#pragma once

// Who may join, read the presence of, and publish to which rooms. Pure. Thread: any, once built.
//
// A room is `kind ":" id` or `global`: kind [a-z][a-z0-9_]{0,31}, id 1 to 128 bytes of well-formed UTF-8 without
// spaces and control characters. (A '|' is allowed: identity providers put it into `sub`. Internal rooms of filters
// are told apart by a control character.)

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "domain/access/principal.hpp"

namespace fanfare::domain {

struct room_name {
  std::string_view kind;  // "global" has no id
  std::string_view id;
};
/// Views into `text`. Fails: unknown_room.
[[nodiscard]] result<room_name> parse_room(std::string_view text);
[[nodiscard]] bool is_room_id(std::string_view id) noexcept;
/// What to say of a kind that is none of `kinds` (one at least): it names the nearest.
[[nodiscard]] std::string unknown_kind(std::string_view kind, const std::vector<std::string>& kinds);

enum class room_action : std::uint8_t { join, presence, history, publish };
enum class access : std::uint8_t { allow, forbidden, unknown_room, ask_hook };

/// One row: who may do this in rooms of that kind. The first row that matches both decides.
/// `allow` holds any of: "anyone", "claim" (the principal's projects or agents name the id), "own" (the id is its
/// sub), "role:<r>", "scope:<s>", "hook" (ask the back-end when nothing else allows). Empty: nobody.
struct access_rule {
  std::string kind;  // "*": any
  std::vector<room_action> actions;
  std::vector<std::string> allow;
};

/// A decision and what made it, for those who ask why: never for the one refused.
struct explanation {
  access decision;
  std::string why;  // rule "project join claim+hook": none of its grants holds
};

class access_policy {
 public:
  /// The contract's: project and agent by claim, user own only, global anyone; publishing with events:publish.
  access_policy();
  /// `overrides` come before the default rows. `room_kinds` a deployment adds to project, agent, user, global.
  /// `hook`: the default rows of project, agent and added kinds ask the back-end before they refuse.
  /// Fails: bad_request on an unknown grant, or one that would open user rooms to others: user:<sub> is its own
  /// only, whatever the role.
  [[nodiscard]] static result<access_policy> make(std::vector<access_rule> overrides,
                                                  std::vector<std::string> room_kinds = {}, bool hook = false);

  /// Kinds of room that are neither built in nor added are unknown_room, as malformed names are.
  [[nodiscard]] access decide(const principal& who, room_action action, std::string_view room) const;
  [[nodiscard]] explanation explain(const principal& who, room_action action, std::string_view room) const;
  [[nodiscard]] bool knows(std::string_view kind) const noexcept;
  /// project, agent, user, global and those added.
  [[nodiscard]] const std::vector<std::string>& kinds() const noexcept { return kinds_; }

 private:
  [[nodiscard]] const access_rule* rule_for(room_action action, const room_name& room) const;

  std::vector<access_rule> rules_;
  std::vector<std::string> kinds_;
};

[[nodiscard]] std::string_view to_text(room_action action) noexcept;
/// allow is no error; ask_hook counts as forbidden.
[[nodiscard]] result<void> to_result(access decision);

}  // namespace fanfare::domain
