#pragma once

// Floor 8. The one table of configuration keys. Loading, `fanfare config` and the reference page are all made of it.
// Inbound: configuration, config_text. Outbound: nothing.

#include <cstdint>
#include <span>
#include <string_view>

namespace fanfare::server {

enum class key_kind : std::uint8_t {
  boolean,
  integer,
  text,
  list,   // of strings; comma-separated in the environment and in flags
  table,  // string to string; a=b,c=d in the environment
};

/// One key. `preset` is its default as one would write it in the environment; `choices` is "a|b|c" or empty.
struct config_key {
  std::string_view name;
  key_kind kind;
  std::string_view preset;
  std::string_view explanation;
  std::int64_t min = 0;
  std::int64_t max = 0;  // both 0: unbounded
  std::string_view choices = {};
  bool secret = false;      // masked wherever it is shown
  bool reloadable = false;  // SIGHUP takes a new value
  bool path = false;        // of files: what a TOML file says counts from where that file is
};

[[nodiscard]] std::span<const config_key> config_keys() noexcept;
/// Whether `text` is one of "a|b|c".
[[nodiscard]] bool is_choice(std::string_view choices, std::string_view text);
/// nullptr when there is no such key.
[[nodiscard]] const config_key* find_key(std::string_view name) noexcept;
/// The key whose name takes the fewest edits (Damerau-Levenshtein), however many those are.
[[nodiscard]] const config_key& nearest_key(std::string_view name);

}  // namespace fanfare::server
