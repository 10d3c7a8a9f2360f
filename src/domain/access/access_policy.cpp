#include "domain/access/access_policy.hpp"

#include <algorithm>
#include <array>

#include <fanfare/base/edit_distance.hpp>
#include <fanfare/base/utf8.hpp>

namespace fanfare::domain {

namespace {

constexpr std::size_t kind_bytes_max = 32;
constexpr std::size_t id_bytes_max = 128;
constexpr std::array built_in_kinds{"project", "agent", "user", "global"};

bool is_kind(std::string_view kind) noexcept {
  if (kind.empty() || kind.size() > kind_bytes_max || kind[0] < 'a' || kind[0] > 'z') return false;
  return std::all_of(kind.begin(), kind.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// C1 controls are U+0080 to U+009F: bytes c2 80 to c2 9f.
bool has_c1_control(std::string_view text) noexcept {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool is_open_grant(const std::string& grant) { return grant != "own"; }

bool is_grant(const std::string& grant) {
  if (grant == "anyone" || grant == "claim" || grant == "own" || grant == "hook") return true;
  return (grant.starts_with("role:") && grant.size() > 5) || (grant.starts_with("scope:") && grant.size() > 6);
}

bool has_claim(const principal& who, const room_name& room) {
  if (room.kind == "project") return who.projects.contains(room.id);
  if (room.kind == "agent") return who.agents.contains(room.id);
  return false;
}

bool grants(const std::string& grant, const principal& who, const room_name& room) {
  if (grant == "anyone") return true;
  if (grant == "claim") return has_claim(who, room);
  if (grant == "own") return !room.id.empty() && room.id == who.sub;
  const std::string_view text = grant;
  if (text.starts_with("role:")) return who.roles.contains(text.substr(5));
  if (text.starts_with("scope:")) return who.has_scope(text.substr(6));
  return false;  // "hook" is asked last
}

/// As policy.rules writes it.
std::string to_text(const access_rule& rule) {
  std::string out = rule.kind;
  for (std::size_t i = 0; i < rule.actions.size(); ++i) {
    out.append(i == 0 ? " " : "+").append(domain::to_text(rule.actions[i]));
  }
  for (std::size_t i = 0; i < rule.allow.size(); ++i) out.append(i == 0 ? " " : "+").append(rule.allow[i]);
  return rule.allow.empty() ? out + " nobody" : out;
}

std::vector<access_rule> default_rules(bool hook) {
  const std::vector<room_action> reading{room_action::join, room_action::presence, room_action::history};
  std::vector<access_rule> rules{
      {"user", reading, {"own"}},
      {"global", reading, {"anyone"}},
      {"*", reading, {"claim"}},
      {"*", {room_action::publish}, {"scope:events:publish"}},
  };
  if (hook) rules[2].allow.emplace_back("hook");
  return rules;
}

}  // namespace

bool is_room_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > id_bytes_max) return false;
  for (const char c : id) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return false;
  }
  return is_valid_utf8(id) && !has_c1_control(id);
}

result<room_name> parse_room(std::string_view text) {
  if (text == "global") return room_name{text, {}};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return errc::unknown_room;
  const room_name room{text.substr(0, colon), text.substr(colon + 1)};
  if (!is_kind(room.kind) || room.kind == "global" || !is_room_id(room.id)) return errc::unknown_room;
  return room;
}

access_policy::access_policy() : rules_(default_rules(false)), kinds_(built_in_kinds.begin(), built_in_kinds.end()) {}

result<access_policy> access_policy::make(std::vector<access_rule> overrides, std::vector<std::string> room_kinds,
                                          bool hook) {
  access_policy out;
  for (auto& kind : room_kinds) {
    if (!is_kind(kind)) return error{errc::bad_request, "not a kind of room: " + kind, {}};
    if (!out.knows(kind)) out.kinds_.push_back(std::move(kind));
  }
  for (const auto& rule : overrides) {
    if (rule.kind != "*" && !out.knows(rule.kind)) {
      return error{errc::bad_request, "a rule for an unknown kind of room: " + rule.kind, {}};
    }
    const bool reads = std::any_of(rule.actions.begin(), rule.actions.end(),
                                   [](room_action action) { return action != room_action::publish; });
    for (const auto& grant : rule.allow) {
      if (!is_grant(grant)) return error{errc::bad_request, "unknown grant: " + grant, {}};
      if (rule.kind == "user" && reads && is_open_grant(grant)) {
        return error{errc::bad_request, "user rooms are their own user's only: " + grant, {}};
      }
    }
  }
  auto rules = default_rules(hook);
  overrides.insert(overrides.end(), std::make_move_iterator(rules.begin()), std::make_move_iterator(rules.end()));
  out.rules_ = std::move(overrides);
  return out;
}

bool access_policy::knows(std::string_view kind) const noexcept {
  return std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
}

const access_rule* access_policy::rule_for(room_action action, const room_name& room) const {
  const bool others_user_room = room.kind == "user" && action != room_action::publish;
  for (const auto& rule : rules_) {
    if (rule.kind != "*" && rule.kind != room.kind) continue;
    // A rule for every kind must not open what a rule for user rooms could not.
    if (others_user_room && rule.kind == "*") continue;
    if (std::find(rule.actions.begin(), rule.actions.end(), action) != rule.actions.end()) return &rule;
  }
  return nullptr;
}

access access_policy::decide(const principal& who, room_action action, std::string_view room) const {
  const auto parsed = parse_room(room);
  if (!parsed || !knows(parsed->kind)) return access::unknown_room;
  const auto* rule = rule_for(action, *parsed);
  if (rule == nullptr) return access::forbidden;
  bool hook = false;
  for (const auto& grant : rule->allow) {
    if (grants(grant, who, *parsed)) return access::allow;
    hook = hook || grant == "hook";
  }
  return hook ? access::ask_hook : access::forbidden;
}

explanation access_policy::explain(const principal& who, room_action action, std::string_view room) const {
  const auto decision = decide(who, action, room);
  const auto parsed = parse_room(room);
  if (!parsed) return {decision, "it is no room"};
  if (!knows(parsed->kind)) return {decision, unknown_kind(parsed->kind, kinds_)};
  const auto* rule = rule_for(action, *parsed);
  if (rule == nullptr) return {decision, "no rule is about it"};
  auto why = "rule \"" + to_text(*rule) + "\": ";
  const auto held = std::find_if(rule->allow.begin(), rule->allow.end(),
                                 [&](const std::string& grant) { return grants(grant, who, *parsed); });
  if (held != rule->allow.end())
    why += *held + " holds";
  else
    why += decision == access::ask_hook ? "the hook is asked" : "none of its grants holds";
  return {decision, std::move(why)};
}

std::string_view to_text(room_action action) noexcept {
  switch (action) {
    case room_action::presence:
      return "presence";
    case room_action::history:
      return "history";
    case room_action::publish:
      return "publish";
    case room_action::join:
      break;
  }
  return "join";
}

result<void> to_result(access decision) {
  switch (decision) {
    case access::allow:
      return {};
    case access::unknown_room:
      return errc::unknown_room;
    case access::forbidden:
    case access::ask_hook:
      break;
  }
  return errc::forbidden;
}

std::string unknown_kind(std::string_view kind, const std::vector<std::string>& kinds) {
  const auto nearest = std::ranges::min_element(
      kinds, {}, [kind](const std::string& each) { return edit_distance(kind.substr(0, kind_bytes_max), each); });
  return "there is no such kind of room; did you mean \"" + *nearest + "\"?";
}

}  // namespace fanfare::domain
