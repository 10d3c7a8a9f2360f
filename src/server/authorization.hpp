#pragma once

// Floor 8. Configuration -> keys, tokens, policy and the back-end's hook.
// Inbound: service, commands, dev_mode. Outbound: domain/jwt, domain/access_policy, http_client.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>

#include "api/floor.hpp"
#include "domain/access/access_policy.hpp"
#include "domain/access/key_set.hpp"
#include "server/configuration/configuration.hpp"
#include "server/http_client.hpp"

namespace fanfare::server {

/// What auth.secret and auth.public_key_file verify with. Throws config_error.
[[nodiscard]] domain::key_set verification_keys(const configuration& settings);
/// auth.algorithms as the domain knows them. Throws config_error.
[[nodiscard]] std::vector<domain::jws_algorithm> algorithms(const configuration& settings);

struct token_request {
  std::string sub;
  std::vector<std::string> projects, agents, roles, scopes;
  std::chrono::seconds ttl{3600};
};
/// Signs with the first of auth.algorithms: auth.secret or auth.private_key_file. Throws config_error.
[[nodiscard]] std::string mint_token(const configuration& settings, const token_request& request,
                                     std::chrono::system_clock::time_point now);

/// policy.rules and policy.room_kinds. Throws config_error.
[[nodiscard]] domain::access_policy access_policy_of(const configuration& settings);
/// github.secret, github.previous_secret and github.projects. Throws config_error.
[[nodiscard]] api::github_settings github_settings_of(const configuration& settings);
struct hook_options {
  milliseconds timeout{5000};
  milliseconds cache_ttl{0};  // 0: every question is asked
  std::size_t cache_entries_max = 10000;
  std::function<steady_time()> clock = [] { return std::chrono::steady_clock::now(); };
  /// Told of every question: "allowed", "refused", "kept" (an answer from before), or how it failed: "timeout",
  /// "unavailable", "status", "malformed"; then with the reason. Thread: any.
  std::function<void(std::string_view outcome, std::string_view reason)> note = [](auto, auto) {};
};
/// POSTs {user, roles, room, action} to `url`; 200 with {"allow":true} allows, all else refuses. Only answers with a
/// boolean `allow` are kept: a back-end that is down refuses no longer than it is.
[[nodiscard]] api::authorization_hook make_hook(const std::string& url, http_caller& caller,
                                                const hook_options& options = {});

}  // namespace fanfare::server
