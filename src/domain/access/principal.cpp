#include "domain/access/principal.hpp"

#include <algorithm>
#include <cmath>

#include "domain/access/access_policy.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t list_max = 1000;
constexpr double system_time_s_max = 9.2e9;  // nanoseconds in 64 bits end in 2262

error invalid(std::string detail) { return {errc::token_invalid, std::move(detail), {}}; }

/// The claim of that very name (which may hold dots, as URLs do), else the path it spells.
const value* claim(const value& claims, std::string_view name) {
  if (const auto* item = claims.find(name)) return item;
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const auto* inner = claims.find(name.substr(0, dot));
  return inner == nullptr ? nullptr : claim(*inner, name.substr(dot + 1));
}

result<std::set<std::string, std::less<>>> strings(const value& claims, const std::string& name,
                                                   bool integers = false) {
  std::set<std::string, std::less<>> out;
  const auto* item = claim(claims, name);
  if (item == nullptr || item->is_null()) return out;
  if (const auto* one = item->if_string()) {
    out.insert(*one);
    return out;
  }
  const auto* list = item->if_array();
  if (list == nullptr) return invalid(name + " is no list of strings");
  if (list->size() > list_max) return invalid(name + " is too long");
  for (const auto& each : *list) {
    const auto* number = integers ? each.if_integer() : nullptr;
    if (number == nullptr && each.if_string() == nullptr) return invalid(name + " is no list of strings");
    out.insert(number != nullptr ? std::to_string(*number) : *each.if_string());
  }
  return out;
}

result<id_list> ids(const value& claims, const std::string& name) {
  auto listed = strings(claims, name, true);  // whose ids are numbers in a database writes them so
  if (!listed) return listed.error();
  id_list out;
  out.all = listed->erase("*") != 0;
  out.ids = std::move(*listed);
  return out;
}

result<std::set<std::string, std::less<>>> scopes(const value& claims, const std::string& name) {
  const auto* item = claim(claims, name);
  if (item == nullptr || item->if_string() == nullptr) return strings(claims, name);
  std::set<std::string, std::less<>> out;
  std::string_view rest = *item->if_string();
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    if (space != 0) out.emplace(rest.substr(0, space));
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  }
  if (out.size() > list_max) return invalid(name + " is too long");
  return out;
}

std::optional<system_time> time_of(const value& claims, const char* name) {
  const auto* item = claims.find(name);
  if (item == nullptr || !item->is_number()) return std::nullopt;
  const double seconds = std::clamp(item->as_double(), 0.0, system_time_s_max);
  if (!std::isfinite(seconds)) return std::nullopt;
  return system_time(std::chrono::duration_cast<system_time::duration>(std::chrono::duration<double>(seconds)));
}

}  // namespace

result<principal> principal_of(const value& claims, const claim_names& names) {
  principal who;
  const auto* subject = claims.find("sub");
  who.sub = subject == nullptr ? std::string_view() : subject->as_string();
  // It becomes the room user:<sub>.
  if (!is_room_id(who.sub)) return invalid("sub cannot be part of a room");
  auto projects = ids(claims, names.projects);
  auto agents = ids(claims, names.agents);
  auto roles = strings(claims, names.roles);
  auto granted = scopes(claims, names.scope);
  if (!projects) return projects.error();
  if (!agents) return agents.error();
  if (!roles) return roles.error();
  if (!granted) return granted.error();
  who.projects = std::move(*projects);
  who.agents = std::move(*agents);
  who.roles = std::move(*roles);
  who.scopes = std::move(*granted);
  if (const auto* id = claims.find("jti")) who.jti = id->as_string();
  who.expires_at = time_of(claims, "exp");
  who.issued_at = time_of(claims, "iat");
  return who;
}

}  // namespace fanfare::domain
