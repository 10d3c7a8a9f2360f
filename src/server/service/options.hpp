#pragma once

// Floor 8. The effective configuration as each part wants it. Pure. Inbound: service and the parts of it.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/executor.hpp>
#include <fanfare/http/server.hpp>
#include <fanfare/socketio/server.hpp>

#include "api/authenticator.hpp"
#include "api/live_settings.hpp"
#include "domain/access/rate_limits.hpp"
#include "domain/publishing.hpp"
#include "history/redis/redis_log.hpp"
#include "server/configuration/configuration.hpp"
#include "server/http_client.hpp"

namespace fanfare::server {

[[nodiscard]] milliseconds ms(const configuration& settings, std::string_view key);
[[nodiscard]] std::size_t size(const configuration& settings, std::string_view key);

[[nodiscard]] http::cors_policy cors_of(const configuration& settings);
[[nodiscard]] http::server_options web_options(const configuration& settings);
[[nodiscard]] socketio::server_options io_options(const configuration& settings);
[[nodiscard]] history::memory_log_options log_bounds(const configuration& settings);
/// What says neither how it is reached nor who is told.
[[nodiscard]] history::redis_log_options redis_log_options(const configuration& settings);
/// Throws config_error: history.rules.
[[nodiscard]] domain::publishing_options publishing_options(const configuration& settings,
                                                            const domain::catalogue& types, metrics::registry& metrics);
/// limits.<what>_per_second and limits.<what>_burst.
[[nodiscard]] domain::rate_limit rate(const configuration& settings, const std::string& what);
/// Throws config_error: github.projects.
[[nodiscard]] api::settings api_settings(const configuration& settings);
/// `fetched` is told the outcome of each fetch of the key set. `caller` must outlive what is made of it.
[[nodiscard]] api::authenticator_options authenticator_options(const configuration& settings, http_caller& caller,
                                                               std::function<void(const result<void>&)> fetched);

}  // namespace fanfare::server
