#include "server/configuration.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

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

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    choices = bar == std::string_view::npos ? std::string_view{} : choices.substr(bar + 1);
  }
  return false;
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
      return split(text);
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

void configuration::load_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw config_error({fmt::format("{}: cannot be read", path)});
  std::ostringstream text;
  text << file.rdbuf();
  load_toml(text.str(), path);
}

void configuration::load_environment(const char* const* environment) {
  constexpr std::string_view prefix = "FANFARE_";
  std::vector<std::string> problems;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const auto equals = entry.find('=');
    const auto variable = entry.substr(0, equals);
    // Every key has a dot, so a variable without "__" is somebody else's (FANFARE_TOKEN, FANFARE_URL).
    if (equals == std::string_view::npos || !variable.starts_with(prefix)) continue;
    if (variable.find("__") == std::string_view::npos) continue;
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

std::vector<std::string> configuration::inconsistencies() const {
  std::vector<std::string> faults;
  const auto fault = [&](std::string_view key, std::string_view what) {
    faults.push_back(fmt::format("{}: {} {}", source(key), key, what));
  };
  if (text("server.tls_cert").empty() != text("server.tls_key").empty()) {
    fault(text("server.tls_cert").empty() ? "server.tls_key" : "server.tls_cert",
          "needs its other half: server.tls_cert and server.tls_key go together");
  }
  if (list("server.listen").empty()) fault("server.listen", "names no address");
  if (text("history.backend") == "sqlite" && text("history.path").empty()) {
    fault("history.backend", "is sqlite, which needs history.path");
  }
  if (text("history.backend") == "redis" && text("redis.url").empty()) {
    fault("history.backend", "is redis, which needs redis.url");
  }
  constexpr std::string_view known = "HS256|HS384|HS512|RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|EdDSA";
  if (list("auth.algorithms").empty()) fault("auth.algorithms", "names no algorithm");
  for (const auto& algorithm : list("auth.algorithms")) {
    if (!is_choice(known, algorithm)) {
      fault("auth.algorithms", fmt::format("holds \"{}\", which is not one of: {}", algorithm, known));
      continue;
    }
    if (algorithm.starts_with("HS")) {
      // RFC 7518 §3.2: a key of the hash's size or larger.
      const auto bytes = static_cast<std::size_t>(std::stoi(algorithm.substr(2)) / 8);
      const auto size = text("auth.secret").size();
      if (size == 0)
        fault("auth.secret", fmt::format("is empty, but auth.algorithms has {}", algorithm));
      else if (size < bytes)
        fault("auth.secret", fmt::format("has {} bytes; {} needs {}", size, algorithm, bytes));
    } else if (text("auth.public_key_file").empty() && text("auth.jwks_url").empty()) {
      fault("auth.algorithms", fmt::format("has {}, which needs auth.public_key_file or auth.jwks_url", algorithm));
    }
  }
  for (const auto& key : list("publish.keys")) {
    if (key.size() < 16) fault("publish.keys", "holds a key of fewer than 16 characters, which can be guessed");
  }
  return faults;
}

}  // namespace fanfare::server
