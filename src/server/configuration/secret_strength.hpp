#pragma once

// Floor 8. Whether a shared secret or key is one that somebody could guess. Pure.
// Inbound: production_check. Outbound: nothing.

#include <cstddef>
#include <string>
#include <string_view>

namespace fanfare::server {

/// Why a secret can be guessed ("has few different characters"), "" when nothing speaks for it. Never repeats any of
/// it. `bytes` is what it needs at the least, the words that everybody tries not counted.
[[nodiscard]] std::string why_guessable(std::string_view secret, std::size_t bytes);

}  // namespace fanfare::server
