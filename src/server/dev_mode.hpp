#pragma once

// Floor 8. `fanfare serve --dev`: a configuration without a file, and what it takes to see the first event.
// Inbound: serve. Outbound: configuration, dev_page.

#include <string>

#include <fanfare/http/server.hpp>

#include "domain/catalogue/catalogue.hpp"
#include "server/configuration.hpp"

namespace fanfare::server {

/// Fills in what is still at its default: a throw-away secret and service key, every origin, logs for people.
void apply_dev_presets(configuration& settings);

/// A token for user "dev" with every project, agent and scope, for thirty days.
[[nodiscard]] std::string dev_token(const configuration& settings);

/// The demo page at "/". Whoever reaches it gets the token: that is what --dev means.
void attach_dev_page(http::server& web, const domain::catalogue& types, const std::string& token,
                     const std::string& key);

/// What is printed once the server listens: page, token, key, and lines to paste into a shell.
[[nodiscard]] std::string dev_banner(const std::string& url, const configuration& settings, const std::string& token);

}  // namespace fanfare::server
