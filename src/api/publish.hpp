#pragma once

// Floor 7. POST /api/v1/events.
// Inbound: route_table. Outbound: publish_body, domain::broadcaster.

#include "api/route_table.hpp"

namespace fanfare::api {

/// 202 {accepted, events:[{id, cursor}]}; 400, 403, 413, 415, 429 with Retry-After, 503 as problems.
void publish_events(context& shared, const http::exchange_ptr& exchange, const credential& who);
/// The 202 of everything that publishes.
[[nodiscard]] http::response accepted_answer(const domain::publish_answer& answer);

}  // namespace fanfare::api
