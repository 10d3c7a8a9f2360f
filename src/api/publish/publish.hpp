#pragma once

// Floor 7. POST /api/v1/events.
// Inbound: route_table. Outbound: publish_body, line_stream, domain::publishing.

#include "api/route_table.hpp"

namespace fanfare::api {

/// 202 {accepted, events:[{id, cursor}]}; 400, 403, 413, 415, 429 with Retry-After, 503 as problems. Lines are
/// streamed: see line_stream.
void publish_events(context& shared, const http::exchange_ptr& exchange, const credential& who);
/// On whose behalf; `now` and the keys of repeats are the caller's to fill in.
[[nodiscard]] domain::publish_context context_of(context& shared, const credential& who);
/// Counts what was refused before publishing saw it, which counts the rest itself.
void count_refused(context& shared, const error& why);
/// Whole seconds, as the Retry-After field wants them.
[[nodiscard]] std::string retry_after_text(milliseconds wait);
/// The 202 of everything that publishes.
[[nodiscard]] http::response accepted_answer(const domain::publish_answer& answer);

}  // namespace fanfare::api
