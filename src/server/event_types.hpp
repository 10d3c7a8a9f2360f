#pragma once

// The event types that a configuration names, and how long they are kept. Inbound: service, commands. Outbound: domain.

#include <string>
#include <vector>

#include "domain/catalogue/catalogue.hpp"
#include "domain/retention.hpp"
#include "server/configuration/configuration.hpp"

namespace fanfare::server {

/// The built-in catalogue and the files of events.schemas. Throws config_error.
[[nodiscard]] domain::catalogue load_catalogue(const configuration& settings);
/// history.rules. Throws config_error.
[[nodiscard]] domain::retention load_retention(const configuration& settings, const domain::catalogue& types);
/// load_catalogue() with other files in the place of those of events.schemas; gives every file's fault, none when they
/// are good.
[[nodiscard]] std::vector<std::string> check_schemas(const configuration& settings,
                                                     const std::vector<std::string>& paths);

}  // namespace fanfare::server
