#pragma once

// Floor 8. `fanfare serve --dev`: a configuration without a file, and what it takes to see the first event.
// Inbound: serve. Outbound: configuration, api/dashboard.

#include <string>
#include <vector>

#include <fanfare/http/server.hpp>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// Puts a throw-away secret and service key in the place of whatever is configured, and fills in what is still at its
/// default: every origin, logs for people.
void apply_dev_presets(configuration& settings);

/// A token for user "dev" with every project, agent and scope, for thirty days.
[[nodiscard]] std::string dev_token(const configuration& settings);

/// A line to paste into a shell. `program` is how the shell that started the server called it.
struct dev_hint {
  std::string title, line;
};
[[nodiscard]] std::vector<dev_hint> dev_hints(const std::string& url, const configuration& settings,
                                              const std::string& token, const std::string& program);

/// "/" leads to the dashboard.
void open_at_dashboard(http::server& web);
/// What the dashboard signs in with by itself, and the hints, with "{url}" for the server's. Whoever reaches the server
/// gets it: that is what --dev means.
[[nodiscard]] value dashboard_gift(const configuration& settings, const std::string& token, const std::string& program);

/// What is printed once the server listens: dashboard, token, key, and the hints.
[[nodiscard]] std::string dev_banner(const std::string& url, const configuration& settings, const std::string& token,
                                     const std::string& program);

}  // namespace fanfare::server
