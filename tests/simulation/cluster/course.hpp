#pragma once

// One seed: a cluster, its clients and publishers, and what befalls them, from the first node to the peace in which
// all must be right. Inbound: simulation, its tests.

#include <cstdint>
#include <string>
#include <vector>

#include "ledger.hpp"
#include "packet.hpp"
#include "redis_model/script_engine.hpp"

namespace fanfare::simulation {

struct outcome {
  std::vector<std::string> faults;  // none: all was well
  std::vector<std::string> trace;   // when asked for
  ledger::counts counted;
  std::uint64_t steps = 0;
};

/// The same seed gives the same, whatever ran before. `engine` is only there to compile the scripts once.
[[nodiscard]] outcome run_course(std::uint64_t seed, script_engine& engine, const sabotage& faults = {},
                                 bool trace = false);

}  // namespace fanfare::simulation
