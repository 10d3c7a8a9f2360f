#pragma once

// Floor 8. The effective configuration: every key's value and where it came from. TOML < environment < flags.
// Inbound: config_toml, the environment, the command line. Outbound: service, commands, config_text.

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fanfare/base/value.hpp>

#include "server/configuration/config_table.hpp"

namespace fanfare::server {

using text_list = std::vector<std::string>;
using text_table = std::map<std::string, std::string, std::less<>>;
using config_value = std::variant<bool, std::int64_t, std::string, text_list, text_table>;

/// Everything that is wrong with a configuration, one line each ("fanfare.toml:12: unknown key …").
class config_error : public std::runtime_error {
 public:
  explicit config_error(std::vector<std::string> problems);
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  std::vector<std::string> problems_;
};

/// Throws config_error, with the reason.
[[nodiscard]] std::string read_config_file(const std::string& path);

/// Thread: any while nobody changes it.
class configuration {
 public:
  /// Every key at its default.
  configuration();

  /// Reads a TOML file (config_toml.cpp). Throws config_error with every fault of the file.
  void load_file(const std::string& path);
  void load_toml(std::string_view text, const std::string& shown_path);
  /// Reads FANFARE_A__B=value entries of an environment ("NAME=value"); other names are not looked at.
  /// Throws config_error.
  void load_environment(const char* const* environment);
  /// One key from text, as a flag gives it. Throws config_error; `source` starts its message.
  void set_text(std::string_view name, std::string_view text, const std::string& source);
  /// What the keys demand of each other; gives all faults, none when it may be served.
  [[nodiscard]] std::vector<std::string> inconsistencies() const;

  /// The keys that differ in `next` and that no reload takes.
  [[nodiscard]] std::vector<std::string> waiting_for_restart(const configuration& next) const;

  /// Takes the values that a reload takes, and where they came from.
  void reload_from(const configuration& next);

  /// Throw std::logic_error for a name that is not in the table or of another kind: that is a bug.
  [[nodiscard]] bool boolean(std::string_view name) const { return std::get<bool>(at(name).content); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return std::get<std::int64_t>(at(name).content); }
  [[nodiscard]] const std::string& text(std::string_view name) const { return std::get<std::string>(at(name).content); }
  [[nodiscard]] const text_list& list(std::string_view name) const { return std::get<text_list>(at(name).content); }
  [[nodiscard]] const text_table& table(std::string_view name) const { return std::get<text_table>(at(name).content); }
  [[nodiscard]] const config_value& get(std::string_view name) const { return at(name).content; }
  /// "default", "fanfare.toml:12", "FANFARE_AUTH__SECRET" or "--listen".
  [[nodiscard]] const std::string& source(std::string_view name) const { return at(name).source; }

  /// Sets a key whose value has been read; gives what is wrong with it, "" when nothing is.
  [[nodiscard]] std::string set(const config_key& key, config_value content, std::string source);

 private:
  struct entry {
    config_value content;
    std::string source;
  };
  [[nodiscard]] const entry& at(std::string_view name) const;
  std::map<std::string_view, entry> entries_;
};

/// Text as the environment has it -> value; on failure the message is in `fault`.
[[nodiscard]] config_value parse_text(const config_key& key, std::string_view text, std::string& fault);
/// "unknown key …; did you mean …?"
[[nodiscard]] std::string unknown_key(std::string_view name);

/// What comes after FANFARE_: "AUTH__SECRET" for auth.secret.
[[nodiscard]] std::string environment_name(std::string_view key);
/// The addresses of server.listen that others than this machine may reach.
[[nodiscard]] std::vector<std::string> open_addresses(const configuration& settings);

/// A commented TOML file with every key at its default.
[[nodiscard]] std::string default_toml();
/// Every key with its effective value and source, secrets masked; one line each.
[[nodiscard]] std::string show(const configuration& settings);
/// The same as JSON: [{key, value, source, masked, reloadable, explanation}].
[[nodiscard]] value report(const configuration& settings);
/// The reference page (docs), Markdown.
[[nodiscard]] std::string reference_markdown();

}  // namespace fanfare::server
