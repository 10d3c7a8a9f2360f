#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/feed.hpp"

namespace fanfare::simulation {

/// What names an event, in its data: not every one has an id that its publisher knows.
[[nodiscard]] inline std::string tag_of(const value& envelope) {
  return std::string(envelope.find("data")->find("tag")->as_string());
}

/// What goes from a node to a client.
struct packet {
  enum class kind : std::uint8_t { event, let_in, refused };
  kind what = kind::event;
  std::string id;      // of an event: its tag
  std::string cursor;  // of the event; of where it was let in
  bool kept = false;
  bool recovered = false;
};

/// Faults put in on purpose, to see that they are found. In the log's scripts: text and what replaces it.
struct sabotage {
  std::vector<std::pair<std::string, std::string>> scripts;
  bool dead_stay = false;         // a node takes every node that it has heard of for alive
  bool gate_open = false;         // what comes live does not wait for a replay
  bool rooms_ignored = false;     // a node sends each event to all
  bool always_recovered = false;  // whoever comes back is told that it missed nothing
};

}  // namespace fanfare::simulation
