#pragma once

// Floor 7. POST /webhooks/github: signed deliveries become events. Nothing of a body is looked at before its
// signature has been checked.
// Inbound: route_table. Outbound: domain/github_events, domain/publishing.

#include <cstddef>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/http/exchange.hpp>

#include "api/authenticator.hpp"
#include "api/live_settings.hpp"
#include "api/report.hpp"
#include "domain/publishing.hpp"
#include "history/log.hpp"

namespace fanfare::api {

/// GitHub's own bound on a delivery: "25 MB".
inline constexpr std::size_t github_body_bytes_max = 26214400;

struct github_endpoint {
  domain::publishing& publisher;
  history::log& log;
  const live_settings& live;
  const report& says;
};

/// Compares `header` (X-Hub-Signature-256) with the body's HMAC under every secret, in constant time.
/// Fails: unauthorized without one, forbidden when it is of no secret.
[[nodiscard]] result<void> check_github_signature(std::string_view header, std::string_view body,
                                                  const std::vector<std::string>& secrets);

/// 202 with the event accepted, or with what made it be ignored; 200 for a ping; 404 while no secret is configured.
/// A redelivery carries the same X-GitHub-Delivery, which is the event's id: it gets the first answer and sends
/// nothing, as long as publishing's window of repeats remembers it.
void take_github_delivery(const github_endpoint& at, const http::exchange_ptr& exchange, const credential& who);

}  // namespace fanfare::api
