#pragma once

// The bugs that are put in on purpose, each of which the simulation must find.

#include <string_view>
#include <vector>

#include "cluster/packet.hpp"

namespace fanfare::simulation {

struct named_sabotage {
  std::string_view name;
  sabotage faults;
};

/// What is replaced in the scripts must be in them: the program looks.
inline const std::vector<named_sabotage>& sabotages() {
  static const std::vector<named_sabotage> all{
      {"join_ignores_who_appended", {.scripts = {{"return known_by ~= '' and f[BY] ~= known_by", "return false"}}}},
      {"a_lost_reply_appends_twice", {.scripts = {{"if is_of(done, call_number) then", "if false then"}}}},
      {"a_late_call_is_run_again", {.scripts = {{"if is_past(done) or is_past(other) then", "if false then"}}}},
      {"what_was_dropped_unread_is_not_told", {.scripts = {{"missed = 1", "missed = 0"}}}},
      {"repeats_on_another_node_are_appended",
       {.scripts = {{"local packed = call('GET', P .. ':answer:' .. a.key)", "local packed = nil"}}}},
      {"the_dead_stay", {.dead_stay = true}},
      {"live_events_overtake_a_replay", {.gate_open = true}},
      {"rooms_are_ignored", {.rooms_ignored = true}},
      {"everybody_has_recovered", {.always_recovered = true}},
  };
  return all;
}

inline const named_sabotage* find_sabotage(std::string_view name) {
  for (const auto& each : sabotages()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace fanfare::simulation
