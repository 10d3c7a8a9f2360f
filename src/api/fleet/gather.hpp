#pragma once

// Floor 7. A list that each node has a part of: asked of all, merged. Inbound: administration. Outbound: peers.

#include <functional>
#include <string>
#include <vector>

#include <fanfare/base/value.hpp>
#include <fanfare/http/exchange.hpp>

#include "api/fleet/peers.hpp"

namespace fanfare::api {

/// What the other nodes answered, and the names of those that did not in time, or cannot be asked.
struct gathered {
  std::vector<value> answers;
  array missing;
};

/// Whether the request comes from another node, which wants this one's part alone.
[[nodiscard]] bool asked_by_node(const peers* others, const http::request& request);

/// The connections that another node's answer has.
void append_rows(std::vector<value>& rows, const value& answer);

/// Asks every other node for `target`, as this one was asked. `done` runs once, on the exchange's worker, within 2 s;
/// at once where there are no others (null) or one of them asks.
void gather(peers* others, const http::exchange_ptr& exchange, const std::string& target,
            std::function<void(gathered)> done);

}  // namespace fanfare::api
