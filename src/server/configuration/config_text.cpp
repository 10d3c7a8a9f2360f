// The table of keys as people read it: the commented default file, the effective values, the reference page.

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {

namespace {

// A TOML basic string escapes as JSON does, control characters and \uXXXX included (TOML 1.0 §String).
std::string quoted(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string toml_text(const config_value& content) {
  if (const auto* flag = std::get_if<bool>(&content)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&content)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&content)) return quoted(*text);
  std::string out;
  if (const auto* list = std::get_if<text_list>(&content)) {
    for (const auto& item : *list) out += (out.empty() ? "" : ", ") + quoted(item);
    return "[" + out + "]";
  }
  for (const auto& [name, item] : std::get<text_table>(content)) {
    out += (out.empty() ? " " : ", ") + quoted(name) + " = " + quoted(item);
  }
  return out.empty() ? "{}" : "{" + out + " }";
}

bool is_empty(const config_value& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return text->empty();
  if (const auto* list = std::get_if<text_list>(&content)) return list->empty();
  return false;
}

std::string masked(const config_value& content) {
  if (const auto* list = std::get_if<text_list>(&content)) return fmt::format("[{} hidden]", list->size());
  return "\"********\"";
}

/// A URL without the user and password it may hold.
std::string without_userinfo(const std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const auto start = scheme + 3;
  const auto end = text.find_first_of("/?#", start);
  const auto mark = text.rfind('@', end == std::string::npos ? end : end - 1);
  if (mark == std::string::npos || mark < start) return text;
  return text.substr(0, start) + "********" + text.substr(mark);
}

value json_of(const config_value& content) {
  if (const auto* flag = std::get_if<bool>(&content)) return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&content)) return *number;
  if (const auto* text = std::get_if<std::string>(&content)) return without_userinfo(*text);
  if (const auto* list = std::get_if<text_list>(&content)) return array(list->begin(), list->end());
  object pairs;
  for (const auto& [name, item] : std::get<text_table>(content)) pairs.set(name, item);
  return pairs;
}

value hidden(const config_value& content) {
  if (const auto* list = std::get_if<text_list>(&content)) return fmt::format("{} hidden", list->size());
  return "********";
}

std::string bounds(const config_key& key) {
  if (!key.choices.empty()) {
    std::string shown(key.choices);
    std::ranges::replace(shown, '|', ' ');
    return " One of: " + shown + ".";
  }
  if (key.kind == key_kind::integer && key.max != 0) return fmt::format(" {} to {}.", key.min, key.max);
  return {};
}

std::string variable(std::string_view name) {
  std::string out = "FANFARE_";
  for (const char letter : name) {
    if (letter == '.')
      out += "__";
    else
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return out;
}

}  // namespace

std::string default_toml() {
  const configuration presets;
  std::string out =
      "# Fanfare's configuration, every key at its default. The environment overrides this file\n"
      "# (FANFARE_AUTH__SECRET for auth.secret), flags override the environment. Unknown keys are errors.\n"
      "# Keys marked [reload] take a new value on SIGHUP.\n";
  std::string_view section;
  for (const auto& key : config_keys()) {
    const auto dot = key.name.find('.');
    if (key.name.substr(0, dot) != section) {
      section = key.name.substr(0, dot);
      out += fmt::format("\n[{}]\n", section);
    }
    out += fmt::format("# {}{}{}\n{} = {}\n", key.explanation, bounds(key), key.reloadable ? " [reload]" : "",
                       key.name.substr(dot + 1), toml_text(presets.get(key.name)));
  }
  return out;
}

std::string show(const configuration& settings) {
  std::string out;
  for (const auto& key : config_keys()) {
    const auto& content = settings.get(key.name);
    const auto shown = key.secret && !is_empty(content) ? masked(content) : toml_text(content);
    out += fmt::format("{} = {}  # {}\n", key.name, shown, settings.source(key.name));
  }
  return out;
}

value report(const configuration& settings) {
  array rows;
  for (const auto& key : config_keys()) {
    const auto& content = settings.get(key.name);
    const bool masked = key.secret && !is_empty(content);
    rows.emplace_back(object{{"key", key.name},
                             {"value", masked ? hidden(content) : json_of(content)},
                             {"source", settings.source(key.name)},
                             {"masked", masked},
                             {"reloadable", key.reloadable},
                             {"explanation", key.explanation}});
  }
  return rows;
}

std::string reference_markdown() {
  const configuration presets;
  std::string out = "| key | default | environment | meaning |\n|---|---|---|---|\n";
  for (const auto& key : config_keys()) {
    out += fmt::format("| `{}` | `{}` | `{}` | {}{}{} |\n", key.name, toml_text(presets.get(key.name)),
                       variable(key.name), key.explanation, bounds(key), key.reloadable ? " Reloadable." : "");
  }
  return out;
}

}  // namespace fanfare::server
