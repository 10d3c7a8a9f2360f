#pragma once

// Floor 8. What of the production checklist (docs/guide/production.md) a configuration leaves open. Pure.
// Inbound: commands (`fanfare config --check FILE --production`). Outbound: configuration, secret_strength.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {

enum class urgency : std::uint8_t {
  warning,  // not fit for production: the check fails
  hint,     // right for some, to be decided
};

struct production_warning {
  urgency level = urgency::warning;
  std::string_view key;  // of the table of keys
  std::string source;    // "fanfare.toml:12", as configuration::source()
  std::string_view box;  // the checklist's, by its first words
  std::string what;      // follows the key; never repeats a secret
  std::string cure;

  /// "fanfare.toml:12: warning: cors.origins holds "*": …; name … [Origins]"
  [[nodiscard]] std::string line() const;
};

/// What the check has to know beside the values; by default nothing speaks against the machine.
struct surroundings {
  std::string config_file = {};                       // as configuration::source() shows it
  std::uint64_t file_descriptors = ~std::uint64_t{};  // that a process may have
  std::function<bool(const std::string& path)> others_may_read = [](const std::string&) { return false; };
};
/// Of this process and its files.
[[nodiscard]] surroundings surroundings_of(std::string config_file);

/// All that is not ticked, by box. For a configuration without inconsistencies().
[[nodiscard]] std::vector<production_warning> production_warnings(const configuration& settings,
                                                                  const surroundings& around = {});

}  // namespace fanfare::server
