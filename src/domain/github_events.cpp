#include "domain/github_events.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "domain/access/access_policy.hpp"

namespace fanfare::domain {

namespace {

// wire-formats of GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request
constexpr std::array pull_request_updates{"reopened",
                                          "edited",
                                          "synchronize",
                                          "labeled",
                                          "unlabeled",
                                          "assigned",
                                          "unassigned",
                                          "ready_for_review",
                                          "converted_to_draft",
                                          "review_requested",
                                          "review_request_removed"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  }
  return out;
}

/// "owner/name", with one slash and something on both sides.
bool is_full_name(std::string_view name) {
  const auto slash = name.find('/');
  return slash != std::string_view::npos && slash != 0 && slash + 1 < name.size() && slash == name.rfind('/') &&
         name.find_first_of(" \t\r\n") == std::string_view::npos;
}

error missing(std::string pointer, std::string detail) {
  return {errc::bad_request, std::move(detail), std::move(pointer)};
}

/// Reads one payload: optional members are taken when they are there and of the right type.
class reader {
 public:
  /// `part`: "/pull_request" or "/issue".
  reader(const value& payload, std::string part) : payload_(payload), part_(std::move(part)) {}

  void text(object& data, const char* name, std::string_view place) const {
    const auto* item = at(place);
    if (item != nullptr && item->if_string() != nullptr) data.set(name, *item);
  }
  void flag(object& data, const char* name, std::string_view place) const {
    const auto* item = at(place);
    if (item != nullptr && item->if_bool() != nullptr) data.set(name, *item);
  }
  [[nodiscard]] const value* at(std::string_view place) const {
    return payload_.at_pointer(part_ + std::string(place));
  }
  [[nodiscard]] std::string login(std::string_view pointer) const {
    const auto* item = payload_.at_pointer(pointer);
    return std::string(item == nullptr ? std::string_view{} : item->as_string());
  }

  /// GitHub shows what a deleted account has left behind as the user "ghost", and sends it as null.
  void author(object& data) const {
    const auto name = login(part_ + "/user/login");
    data.set("author", name.empty() ? "ghost" : name);
  }
  void labels(object& data) const {
    const auto* items = at("/labels");
    if (items == nullptr || items->if_array() == nullptr) return;
    array names;
    for (const auto& item : *items->if_array()) {
      if (const auto* name = item.find("name"); name != nullptr && name->if_string() != nullptr) names.push_back(*name);
    }
    data.set("labels", std::move(names));
  }
  /// `changes` as GitHub has it ("edited"); else what the action was about.
  void changes(object& data) const {
    object out;
    if (const auto* given = payload_.find("changes"); given != nullptr && given->if_object() != nullptr) {
      out = *given->if_object();
    }
    constexpr std::array<std::pair<const char*, const char*>, 7> subjects{
        {{"label", "/label/name"},
         {"assignee", "/assignee/login"},
         {"milestone", "/milestone/title"},
         {"requested_reviewer", "/requested_reviewer/login"},
         {"requested_team", "/requested_team/name"},
         {"before", "/before"},
         {"after", "/after"}}};
    for (const auto& [name, pointer] : subjects) {
      const auto* item = payload_.at_pointer(pointer);
      if (item != nullptr && item->if_string() != nullptr) out.set(name, *item);
    }
    if (!out.empty()) data.set("changes", std::move(out));
  }
  void closed_by(object& data, std::initializer_list<const char*> pointers) const {
    for (const auto* pointer : pointers) {
      if (auto name = login(pointer); !name.empty()) {
        data.set("closed_by", std::move(name));
        return;
      }
    }
  }

 private:
  const value& payload_;
  const std::string part_;
};

std::string pull_request(const reader& from, const std::string& action, object& data) {
  if (action == "opened") {
    from.text(data, "title", "/title");
    from.author(data);
    from.text(data, "url", "/html_url");
    from.text(data, "head", "/head/ref");
    from.text(data, "base", "/base/ref");
    from.flag(data, "draft", "/draft");
    return "pr.created";
  }
  if (action == "closed") {
    const auto* merged = from.at("/merged");
    const bool was_merged = merged != nullptr && merged->as_bool();
    data.set("merged", was_merged);
    if (was_merged)
      from.closed_by(data, {"/pull_request/merged_by/login", "/sender/login"});
    else
      from.closed_by(data, {"/sender/login"});
    from.text(data, "url", "/html_url");
    return "pr.closed";
  }
  if (std::ranges::find(pull_request_updates, action) == pull_request_updates.end()) return {};
  data.set("action", action);
  from.text(data, "title", "/title");
  from.author(data);
  from.text(data, "url", "/html_url");
  from.changes(data);
  return "pr.updated";
}

std::string issue(const reader& from, const std::string& action, object& data) {
  if (action == "opened") {
    from.text(data, "title", "/title");
    from.author(data);
    from.text(data, "url", "/html_url");
    from.labels(data);
    return "issue.created";
  }
  if (action == "closed" || action == "deleted" || action == "transferred") {
    from.closed_by(data, {"/sender/login"});
    data.set("reason", action);
    // "completed", "not_planned", "duplicate": a member of its own, since `reason` says which of the three it was.
    if (action == "closed") from.text(data, "state_reason", "/state_reason");
    from.text(data, "url", "/html_url");
    return "issue.closed";
  }
  data.set("action", action);
  from.text(data, "title", "/title");
  from.text(data, "url", "/html_url");
  from.labels(data);
  from.changes(data);
  return "issue.updated";
}

std::string source_of(const value& payload) {
  const auto* page = payload.at_pointer("/repository/html_url");
  if (page != nullptr && !page->as_string().empty()) return std::string(page->as_string());
  const auto* name = payload.at_pointer("/repository/full_name");
  return "https://github.com/" + std::string(name == nullptr ? std::string_view{} : name->as_string());
}

}  // namespace

result<repository_map> repository_map::make(const std::map<std::string, std::string, std::less<>>& projects) {
  repository_map out;
  for (const auto& [name, project] : projects) {
    if (!is_full_name(name)) return missing({}, "\"" + name + "\" is neither owner/name nor owner/*");
    if (!is_room_id(project)) return missing({}, "\"" + project + "\" is no project id (of " + name + ")");
    if (!out.projects_.emplace(lower(name), project).second) return missing({}, "\"" + name + "\" is there twice");
  }
  return out;
}

std::optional<std::string> repository_map::project_of(std::string_view full_name) const {
  const auto name = lower(full_name);
  auto found = projects_.find(name);
  if (found == projects_.end()) found = projects_.find(name.substr(0, name.find('/')) + "/*");
  if (found == projects_.end()) return std::nullopt;
  return found->second;
}

bool is_known_github_event(std::string_view event) noexcept { return event == "pull_request" || event == "issues"; }

result<github_event> map_github_event(std::string_view event, const value& payload, const std::string& project) {
  github_event out;
  if (!is_known_github_event(event)) {
    out.verdict = github_verdict::unknown_event;
    return out;
  }
  const bool is_issue = event == "issues";
  const std::string part = is_issue ? "/issue" : "/pull_request";
  const auto* action = payload.find("action");
  if (action == nullptr || action->as_string().empty()) return missing("/action", "must be a string");
  const auto* number = payload.at_pointer(part + "/number");
  if (number == nullptr || number->if_integer() == nullptr) return missing(part + "/number", "must be an integer");

  object data{{"project_id", project}, {"number", *number}};
  if (const auto* name = payload.at_pointer("/repository/full_name"); name != nullptr && !name->as_string().empty()) {
    data.set("repository", *name);
  }
  const reader from(payload, part);
  const std::string word(action->as_string());
  out.event.type = is_issue ? issue(from, word, data) : pull_request(from, word, data);
  if (out.event.type.empty()) {
    out.verdict = github_verdict::unknown_action;
    return out;
  }
  if (out.event.type.ends_with(".created") && !data.contains("title"))
    return missing(part + "/title", "must be a string");
  out.event.data = std::move(data);
  out.event.source = source_of(payload);
  return out;
}

}  // namespace fanfare::domain
