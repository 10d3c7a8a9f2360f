// TOML -> configuration. The only file that includes toml++, which takes seconds to compile.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

// toml++ 3.3 asserts, and in a release build assumes, that a table's name begins well just before it finds out that it
// does not: a file with "[(" would end the process instead of being refused.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <fanfare/base/edit_distance.hpp>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {

namespace {

struct reader {
  configuration& settings;
  const std::string& path;
  std::vector<std::string> problems;

  void fault(const toml::node& node, std::string_view what) {
    problems.push_back(fmt::format("{}:{}: {}", path, node.source().begin.line, what));
  }

  std::string_view expected(key_kind kind) {
    switch (kind) {
      case key_kind::boolean:
        return "must be true or false";
      case key_kind::integer:
        return "must be a whole number";
      case key_kind::text:
        return "must be a string";
      case key_kind::list:
        return "must be a list of strings";
      case key_kind::table:
        break;
    }
    return "must be a table of strings";
  }

  /// Nothing when the node is of another kind.
  std::optional<config_value> convert(const config_key& key, const toml::node& node) {
    switch (key.kind) {
      case key_kind::boolean:
        if (const auto* content = node.as_boolean()) return content->get();
        return {};
      case key_kind::integer:
        if (const auto* content = node.as_integer()) return content->get();
        return {};
      case key_kind::text:
        if (const auto* content = node.as_string()) return content->get();
        return {};
      case key_kind::list: {
        // One string is taken for a list of one: server.listen = "0.0.0.0:8000".
        if (const auto* content = node.as_string()) return text_list{content->get()};
        const auto* items = node.as_array();
        if (items == nullptr) return {};
        text_list list;
        for (const auto& item : *items) {
          if (!item.is_string()) return {};
          list.push_back(item.as_string()->get());
        }
        return list;
      }
      case key_kind::table:
        break;
    }
    const auto* pairs = node.as_table();
    if (pairs == nullptr) return {};
    text_table table;
    for (const auto& [name, item] : *pairs) {
      if (!item.is_string()) return {};
      table[std::string(name.str())] = item.as_string()->get();
    }
    return table;
  }

  /// Paths count from the file that names them, wherever the server is started.
  void place(config_value& content) const {
    const auto folder = std::filesystem::path(path).parent_path();
    const auto resolve = [&folder](std::string& file) {
      if (!file.empty() && !folder.empty()) file = (folder / file).lexically_normal().string();
    };
    if (auto* text = std::get_if<std::string>(&content)) resolve(*text);
    if (auto* list = std::get_if<text_list>(&content)) std::ranges::for_each(*list, resolve);
  }

  void read(const toml::table& table, const std::string& prefix) {
    for (const auto& [key_text, node] : table) {
      const auto name = prefix + std::string(key_text.str());
      if (const auto* key = find_key(name)) {
        auto content = convert(*key, node);
        if (content && key->path) place(*content);
        const auto where = fmt::format("{}:{}", path, key_text.source().begin.line);
        const auto what = content ? settings.set(*key, std::move(*content), where) : std::string(expected(key->kind));
        if (!what.empty()) problems.push_back(fmt::format("{}: {} {}", where, name, what));
      } else if (node.is_table() && prefix.empty() && is_section(name)) {
        read(*node.as_table(), name + ".");
      } else {
        const auto what = node.is_table() && prefix.empty() ? unknown_section(name) : unknown_key(name);
        problems.push_back(fmt::format("{}:{}: {}", path, key_text.source().begin.line, what));
      }
    }
  }

  static std::string unknown_section(const std::string& name) {
    const auto section_of = [](const config_key& key) { return key.name.substr(0, key.name.find('.')); };
    const auto& nearest = *std::ranges::min_element(
        config_keys(), {}, [&](const config_key& key) { return edit_distance(name.substr(0, 128), section_of(key)); });
    return fmt::format("unknown section [{}]; did you mean [{}]?", name, section_of(nearest));
  }

  static bool is_section(const std::string& name) {
    for (const auto& key : config_keys()) {
      if (key.name.starts_with(name + ".")) return true;
    }
    return false;
  }
};

}  // namespace

void configuration::load_toml(std::string_view text, const std::string& shown_path) {
  reader work{*this, shown_path, {}};
  try {
    work.read(toml::parse(text, shown_path), "");
  } catch (const toml::parse_error& failure) {
    throw config_error(
        {fmt::format("{}:{}: {}", shown_path, failure.source().begin.line, std::string_view(failure.description()))});
  }
  if (!work.problems.empty()) throw config_error(std::move(work.problems));
}

}  // namespace fanfare::server
