#pragma once

// Session ids: 15 bytes as 20 characters of base64url, as long as Node's, because the adapters take a room name of 20
// characters for a socket's own. 14 bytes are random; the last names the worker that owns the session, so that a
// request that arrives at another worker finds it without a shared table. Pure, but for the random source.

#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/world.hpp>

namespace fanfare::engineio {

constexpr unsigned workers_max = 256;  // what the byte can name

/// `worker` below workers_max. The byte is masked by a random one: no secret, but no invitation to read it either.
[[nodiscard]] std::string make_session_id(unsigned worker, const world& around);
/// The worker that the id names, or nothing when the text cannot be an id.
[[nodiscard]] std::optional<unsigned> worker_of(std::string_view session_id) noexcept;

}  // namespace fanfare::engineio
