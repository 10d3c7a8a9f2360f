#pragma once

// What GitHub tells about pull requests and issues -> our pr.* and issue.* events. Pure.
// Inbound: api/github_webhook, which has checked the signature. Outbound next: publishing.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

#include "domain/envelope.hpp"

namespace fanfare::domain {

/// Which project a repository belongs to: "owner/name", or "owner/*" for all others of that owner. GitHub compares
/// both names without case, and so does this. Immutable. Thread: any.
class repository_map {
 public:
  repository_map() = default;
  /// Fails: bad_request (detail) on a name of another shape, two that differ in case only, or no project id.
  [[nodiscard]] static result<repository_map> make(const std::map<std::string, std::string, std::less<>>& projects);

  /// The exact name wins over its owner's wildcard.
  [[nodiscard]] std::optional<std::string> project_of(std::string_view full_name) const;

 private:
  std::map<std::string, std::string, std::less<>> projects_;  // lower case
};

enum class github_verdict : std::uint8_t { mapped, unknown_event, unknown_action };
struct github_event {
  github_verdict verdict = github_verdict::mapped;
  draft event;  // when mapped: type, data and source; rooms, id and time are the caller's
};

/// Whether deliveries of that X-GitHub-Event are looked at.
[[nodiscard]] bool is_known_github_event(std::string_view event) noexcept;

/// Only the members that our events need are looked at. Fails: bad_request with the pointer of a member that is
/// missing or of the wrong type.
[[nodiscard]] result<github_event> map_github_event(std::string_view event, const value& payload,
                                                    const std::string& project);

}  // namespace fanfare::domain
