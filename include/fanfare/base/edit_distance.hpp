#pragma once

#include <cstddef>
#include <string_view>

namespace fanfare {

/// How many letters must be put in, taken out, changed or swapped with their neighbour to make one text of the other
/// (optimal string alignment), so that a slip can be answered with the nearest name there is. Costs the product of the
/// lengths in time and memory: bound what a peer sends.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace fanfare
