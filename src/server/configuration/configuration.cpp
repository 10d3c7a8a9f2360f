#include "server/configuration/configuration.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <fanfare/base/json.hpp>

#include "server/client_url.hpp"

namespace fanfare::server {

namespace {

std::string join(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) {
    if (!all.empty()) all += '\n';
    all += line;
  }
  return all;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

text_list split(std::string_view text) {
  text_list items;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto item = trimmed(text.substr(0, comma)); !item.empty()) items.emplace_back(item);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return items;
}

/// The key that a variable with single underscores only was meant for; "" when there is none.
std::string key_meant_by(std::string_view variable) {
  std::string name(variable);
  std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
  for (auto at = name.find('_'); at != std::string::npos; at = name.find('_', at + 1)) {
    auto key = name;
    key[at] = '.';
    if (find_key(key) != nullptr) return key;
  }
  return {};
}

/// "a,b" or, as people who write JSON do, ["a","b"].
text_list list_of(std::string_view text, std::string& fault) {
  const auto whole = trimmed(text);
  if (!whole.starts_with('[') || !whole.ends_with(']')) return split(text);  // [::1]:8000 is an address
  const auto parsed = json::parse(text);
  const auto* items = parsed ? parsed->if_array() : nullptr;
  text_list out;
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const auto* item = (*items)[i].if_string();
    if (item == nullptr) items = nullptr;
    if (item != nullptr) out.push_back(*item);
  }
  if (items == nullptr) fault = "must be a list: a,b or [\"a\",\"b\"]";
  return out;
}

}  // namespace

config_error::config_error(std::vector<std::string> problems)
    : std::runtime_error(join(problems)), problems_(std::move(problems)) {}

std::string unknown_key(std::string_view name) {
  return fmt::format("unknown key \"{}\"; did you mean \"{}\"?", name, nearest_key(name).name);
}

config_value parse_text(const config_key& key, std::string_view text, std::string& fault) {
  switch (key.kind) {
    case key_kind::boolean:
      if (text == "true" || text == "1") return true;
      if (text == "false" || text == "0") return false;
      fault = "must be true or false";
      return false;
    case key_kind::integer: {
      std::int64_t number = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (code != std::errc{} || end != text.data() + text.size()) fault = "must be a whole number";
      return number;
    }
    case key_kind::text:
      return std::string(text);
    case key_kind::list:
      return list_of(text, fault);
    case key_kind::table:
      break;
  }
  text_table pairs;
  for (const auto& item : split(text)) {
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      fault = "must be pairs: name=value,name=value";
      break;
    }
    pairs[std::string(trimmed(std::string_view(item).substr(0, equals)))] =
        trimmed(std::string_view(item).substr(equals + 1));
  }
  return pairs;
}

std::string environment_name(std::string_view key) {
  std::string out;
  for (const char letter : key) {
    if (letter == '.')
      out += "__";
    else
      out += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return out;
}

std::vector<std::string> open_addresses(const configuration& settings) {
  std::vector<std::string> open;
  for (const auto& address : settings.list("server.listen")) {
    const auto host = address.substr(0, address.rfind(':'));
    if (host != "localhost" && host != "[::1]" && !host.starts_with("127.")) open.push_back(address);
  }
  return open;
}

configuration::configuration() {
  for (const auto& key : config_keys()) {
    std::string fault;
    entries_[key.name] = {parse_text(key, key.preset, fault), "default"};
  }
}

const configuration::entry& configuration::at(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::logic_error("no configuration key " + std::string(name));
  return found->second;
}

std::string configuration::set(const config_key& key, config_value content, std::string source) {
  if (const auto* number = std::get_if<std::int64_t>(&content); number && (key.min != 0 || key.max != 0)) {
    if (*number < key.min || *number > key.max) return fmt::format("must be {} to {}", key.min, key.max);
  }
  if (const auto* text = std::get_if<std::string>(&content); text && !key.choices.empty()) {
    if (!is_choice(key.choices, *text)) {
      std::string shown(key.choices);
      std::ranges::replace(shown, '|', ' ');
      return "must be one of: " + shown;
    }
  }
  entries_[key.name] = {std::move(content), std::move(source)};
  return {};
}

void configuration::set_text(std::string_view name, std::string_view text, const std::string& source) {
  const auto* key = find_key(name);
  if (key == nullptr) throw config_error({fmt::format("{}: {}", source, unknown_key(name))});
  std::string fault;
  auto content = parse_text(*key, text, fault);
  if (fault.empty()) fault = set(*key, std::move(content), source);
  if (!fault.empty()) throw config_error({fmt::format("{}: {} {}", source, name, fault)});
}

std::string read_config_file(const std::string& path) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
    throw config_error({fmt::format("{}: cannot be read: it is a directory", path)});
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw config_error({fmt::format("{}: cannot be read: {}", path, std::strerror(errno))});
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void configuration::load_file(const std::string& path) { load_toml(read_config_file(path), path); }

void configuration::load_environment(const char* const* environment) {
  constexpr std::string_view prefix = "FANFARE_";
  std::vector<std::string> problems;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const auto equals = entry.find('=');
    const auto variable = entry.substr(0, equals);
    // Every key has a dot, so a variable without "__" is somebody else's (FANFARE_TOKEN, FANFARE_URL).
    if (equals == std::string_view::npos || !variable.starts_with(prefix)) continue;
    if (variable.find("__") == std::string_view::npos) {
      if (auto meant = key_meant_by(variable.substr(prefix.size())); !meant.empty()) {
        problems.push_back(fmt::format("{}: is read by nobody; write {}{}, with two underscores for the dot of {}",
                                       variable, prefix, environment_name(meant), meant));
      }
      continue;
    }
    std::string name;
    for (std::size_t i = prefix.size(); i < variable.size(); ++i) {
      const bool dot = variable.substr(i, 2) == "__" && name.find('.') == std::string::npos;
      name += dot ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(variable[i])));
      if (dot) ++i;
    }
    try {
      set_text(name, entry.substr(equals + 1), std::string(variable));
    } catch (const config_error& failure) {
      problems.insert(problems.end(), failure.problems().begin(), failure.problems().end());
    }
  }
  if (!problems.empty()) throw config_error(std::move(problems));
}

void configuration::reload_from(const configuration& next) {
  for (const auto& key : config_keys()) {
    if (key.reloadable) entries_[key.name] = next.at(key.name);
  }
}

std::vector<std::string> configuration::waiting_for_restart(const configuration& next) const {
  std::vector<std::string> names;
  for (const auto& key : config_keys()) {
    if (!key.reloadable && get(key.name) != next.get(key.name)) names.emplace_back(key.name);
  }
  return names;
}

}  // namespace fanfare::server
