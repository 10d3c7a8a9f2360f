#pragma once

// Floor 7. POST /api/v1/events.
// Inbound: route_table. Outbound: publish_body, line_stream, domain::publishing.

#include <string>

#include <fanfare/http/exchange.hpp>

#include "api/authenticator.hpp"
#include "api/authorization.hpp"
#include "api/live_settings.hpp"
#include "api/report.hpp"
#include "domain/access/rate_limits.hpp"
#include "domain/envelope.hpp"
#include "domain/publishing.hpp"
#include "history/log.hpp"

namespace fanfare::api {

/// Set before the server starts.
struct publish_bounds {
  std::size_t batch_max = 1000;
  std::size_t publish_body_bytes_max = 8000000;
  std::size_t event_bytes_max = 1000000;  // of a line of a streamed publish; publishing holds the event to it
  milliseconds silence_max{30000};        // a stream is not held up by its publisher's rate for longer
  domain::envelope_limits envelope = {};
};

struct publish_endpoint {
  domain::publishing& publisher;
  history::log& log;
  authenticator& tokens;
  domain::rate_limits& publish_rate;
  const authorization& may;
  const live_settings& live;
  const report& says;
  publish_bounds bounds = {};
};

/// 202 {accepted, events:[{id, cursor}]}; 400, 403, 413, 415, 429 with Retry-After, 503 as problems. Lines are
/// streamed: see line_stream.
void publish_events(const publish_endpoint& at, const http::exchange_ptr& exchange, const credential& who);
/// On whose behalf; `now` and the keys of repeats are the caller's to fill in.
[[nodiscard]] domain::publish_context context_of(const publish_endpoint& at, const credential& who);
/// Counts what was refused before publishing saw it, which counts the rest itself.
void count_refused(const publish_endpoint& at, const error& why);
/// Whole seconds, as the Retry-After field wants them.
[[nodiscard]] std::string retry_after_text(milliseconds wait);
/// The 202 of everything that publishes.
[[nodiscard]] http::response accepted_answer(const domain::publish_answer& answer);

}  // namespace fanfare::api
