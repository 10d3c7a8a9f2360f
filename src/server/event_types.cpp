#include "server/event_types.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "server/authorization.hpp"

namespace fanfare::server {

namespace {

/// Adds the file's event type; what is wrong with it, "" when nothing is.
std::string add_file(domain::catalogue& types, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fmt::format("{}: cannot be read: {}", path, std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto added = types.add_schema(text);
  if (added) return {};
  const auto& fault = added.error();
  return fmt::format("{}: {}{}", path, fault.pointer.empty() ? "" : "at " + fault.pointer + ": ", fault.detail);
}

}  // namespace

domain::catalogue load_catalogue(const configuration& settings) {
  domain::catalogue types(access_policy_of(settings).kinds());
  std::vector<std::string> faults;
  for (const auto& path : settings.list("events.schemas")) {
    if (const auto fault = add_file(types, path); !fault.empty()) {
      faults.push_back(fmt::format("{}: events.schemas: {}", settings.source("events.schemas"), fault));
    }
  }
  if (!faults.empty()) throw config_error(std::move(faults));
  return types;
}

domain::retention load_retention(const configuration& settings, const domain::catalogue& types) {
  domain::retention out;
  std::vector<std::string> faults;
  for (const auto& rule : settings.list("history.rules")) {
    if (const auto added = out.add(rule, types); !added) {
      faults.push_back(
          fmt::format("{}: history.rules: \"{}\" {}", settings.source("history.rules"), rule, added.error().detail));
    }
  }
  if (!faults.empty()) throw config_error(std::move(faults));
  return out;
}

std::vector<std::string> check_schemas(const configuration& settings, const std::vector<std::string>& paths) {
  domain::catalogue types(access_policy_of(settings).kinds());
  std::vector<std::string> faults;
  for (const auto& path : paths) {
    if (auto fault = add_file(types, path); !fault.empty()) faults.push_back(std::move(fault));
  }
  return faults;
}

}  // namespace fanfare::server
