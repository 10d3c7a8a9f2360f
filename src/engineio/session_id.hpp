#pragma once

// Session ids: 15 bytes as 20 characters of base64url, as long as Node's, because the adapters take a room name of 20
// characters for a socket's own. 12 bytes are random; the last three name the node and the worker that own the session,
// so that a request that arrives elsewhere finds it without a shared table. Pure, but for the random source.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/world.hpp>

namespace fanfare::engineio {

constexpr unsigned workers_max = 256;  // what the byte can name

struct session_place {
  std::uint16_t node = 0;
  unsigned worker = 0;
  friend bool operator==(const session_place&, const session_place&) = default;
};

/// `worker` below workers_max. The place is masked by random bytes: no secret, but no invitation to read it either.
[[nodiscard]] std::string make_session_id(session_place owner, const world& around);
/// What the id names, or nothing when the text cannot be an id.
[[nodiscard]] std::optional<session_place> place_of(std::string_view session_id) noexcept;

}  // namespace fanfare::engineio
