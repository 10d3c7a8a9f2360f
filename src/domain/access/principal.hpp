#pragma once

// Who a token speaks for.

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::domain {

using system_time = std::chrono::system_clock::time_point;

/// Ids a claim names, or all ("*").
struct id_list {
  bool all = false;
  std::set<std::string, std::less<>> ids;
  [[nodiscard]] bool contains(std::string_view id) const { return all || ids.contains(id); }
};

struct principal {
  std::string sub;
  id_list projects, agents;
  std::set<std::string, std::less<>> roles;
  std::set<std::string, std::less<>> scopes;
  std::string jti;  // "" when the token has none
  std::optional<system_time> expires_at, issued_at;
  [[nodiscard]] bool has_scope(std::string_view scope) const { return scopes.contains(scope); }
};

/// What the claims are called; a dot goes into an object ("app.projects").
struct claim_names {
  std::string projects = "projects", agents = "agents", roles = "roles", scope = "scope";
};

/// Claims of a verified token -> principal. Lists are arrays of strings (ids: or of integers, taken as
/// their decimal text) or one string ("*" or an id); scope is a
/// space-separated string (RFC 8693 §4.2) or an array. At most 1,000 ids a list. Fails: token_invalid.
[[nodiscard]] result<principal> principal_of(const value& claims, const claim_names& names = {});

}  // namespace fanfare::domain
