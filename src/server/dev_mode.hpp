#pragma once

// Floor 8. `fanfare serve --dev`: a configuration without a file, and what it takes to see the first event.
// Inbound: serve. Outbound: configuration, dev_page.

#include <string>
#include <vector>

#include <fanfare/http/server.hpp>

#include "domain/catalogue/catalogue.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// Puts a throw-away secret and service key in the place of whatever is configured, and fills in what is still at its
/// default: every origin, logs for people.
void apply_dev_presets(configuration& settings);
/// The addresses of server.listen that others than this machine may reach.
[[nodiscard]] std::vector<std::string> open_addresses(const configuration& settings);

/// A token for user "dev" with every project, agent and scope, for thirty days.
[[nodiscard]] std::string dev_token(const configuration& settings);

/// The demo page at "/". Whoever reaches it gets the token: that is what --dev means.
void attach_dev_page(http::server& web, const domain::catalogue& types, const std::string& token,
                     const std::string& key);

/// What is printed once the server listens: page, token, key, and lines to paste into a shell. `program` is how the
/// shell that started the server called it.
[[nodiscard]] std::string dev_banner(const std::string& url, const configuration& settings, const std::string& token,
                                     const std::string& program);

}  // namespace fanfare::server
