#include "domain/schema/simple_keywords.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {

namespace {

error fault(const std::string& at, std::string detail) { return {errc::bad_request, std::move(detail), at}; }

/// "must be a string", "must be an integer or null".
std::string wanted_types(const value& type) {
  std::string out = "must be ";
  const auto add = [&out](std::string_view name) {
    const bool vowel = name.find_first_of("aio") == 0;
    if (name != "null") out += vowel ? "an " : "a ";
    out += name;
  };
  const auto* several = type.if_array();
  if (several == nullptr) {
    add(type.as_string());
    return out;
  }
  for (std::size_t i = 0; i < several->size(); ++i) {
    if (i > 0) out += " or ";
    add((*several)[i].as_string());
  }
  return out;
}

std::string counted(std::size_t count, std::string_view unit) {
  // "property", "properties"; "item", "items"
  std::string out = std::to_string(count) + " ";
  if (count == 1) return out.append(unit);
  if (unit.ends_with('y')) return out.append(unit.substr(0, unit.size() - 1)).append("ies");
  return out.append(unit) + "s";
}

bool is_whole(const value& item) {
  if (item.if_integer() != nullptr) return true;
  const double number = item.as_double(0.5);
  return item.is_number() && std::isfinite(number) && std::floor(number) == number;
}

bool has_type(const value& item, std::string_view type) {
  switch (item.type()) {
    case value::kind::null:
      return type == "null";
    case value::kind::boolean:
      return type == "boolean";
    case value::kind::integer:
    case value::kind::real:
    case value::kind::decimal:
      return type == "number" || (type == "integer" && is_whole(item));
    case value::kind::string:
      return type == "string";
    case value::kind::array:
      return type == "array";
    case value::kind::object:
      return type == "object";
    case value::kind::binary:
      return false;
  }
  return false;
}

/// JSON Schema counts characters (RFC 8259), not bytes.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

/// Steps like 0.01 have no exact double: what lies within its rounding counts as a multiple.
bool is_multiple(const value& item, const value& step) {
  if (item.if_integer() != nullptr && step.if_integer() != nullptr) return *item.if_integer() % *step.if_integer() == 0;
  const double number = item.as_double(), unit = step.as_double();
  const double times = number / unit;
  if (!std::isfinite(times)) return std::fmod(number, unit) == 0;
  constexpr double slack = 4 * std::numeric_limits<double>::epsilon();
  return std::abs(std::nearbyint(times) * unit - number) <= slack * std::abs(number);
}

result<void> check_type(const value& schema, const value& item, const std::string& at) {
  const auto* type = schema.find("type");
  if (type == nullptr) return {};
  const auto fits = [&item](const value& name) { return has_type(item, name.as_string()); };
  const auto* several = type->if_array();
  if (several == nullptr ? fits(*type) : std::any_of(several->begin(), several->end(), fits)) return {};
  return fault(at, wanted_types(*type));
}

result<void> check_number(const value& schema, const value& item, const std::string& at) {
  if (!item.is_number()) return {};
  const double number = item.as_double();
  const auto bound = [&](const char* name, auto breaks, const char* words) -> result<void> {
    const auto* limit = schema.find(name);
    if (limit == nullptr || !breaks(number, limit->as_double())) return {};
    return fault(at, words + json::write(*limit));
  };
  if (auto checked = bound("minimum", std::less<>(), "must be at least "); !checked) return checked;
  if (auto checked = bound("exclusiveMinimum", std::less_equal<>(), "must be more than "); !checked) return checked;
  if (auto checked = bound("maximum", std::greater<>(), "must be at most "); !checked) return checked;
  if (auto checked = bound("exclusiveMaximum", std::greater_equal<>(), "must be less than "); !checked) return checked;
  const auto* step = schema.find("multipleOf");
  if (step != nullptr && !is_multiple(item, *step)) return fault(at, "must be a multiple of " + json::write(*step));
  return {};
}

result<void> check_size(const value& schema, std::size_t size, const char* least, const char* most, const char* unit,
                        const std::string& at) {
  if (const auto bound = count_of(schema, least, 0); size < bound) {
    return fault(at, "must have at least " + counted(bound, unit));
  }
  if (const auto bound = count_of(schema, most, std::numeric_limits<std::size_t>::max()); size > bound) {
    return fault(at, "must have at most " + counted(bound, unit));
  }
  return {};
}

}  // namespace

std::size_t count_of(const value& schema, const char* name, std::size_t none) {
  const auto* bound = schema.find(name);
  return bound == nullptr ? none : static_cast<std::size_t>(std::min(bound->as_double(), 1e15));
}

result<void> check_value(const value& schema, const value& item, const std::string& at) {
  if (auto checked = check_type(schema, item, at); !checked) return checked;
  if (const auto* choices = schema.find("enum")) {
    const auto& list = *choices->if_array();
    if (std::find(list.begin(), list.end(), item) == list.end()) return fault(at, "must be " + one_of(list));
  }
  if (const auto* only = schema.find("const"); only != nullptr && !(*only == item)) {
    return fault(at, "must be " + one_of({*only}));
  }
  if (auto checked = check_number(schema, item, at); !checked) return checked;
  if (const auto* text = item.if_string())
    return check_size(schema, characters(*text), "minLength", "maxLength", "character", at);
  if (const auto* list = item.if_array()) return check_size(schema, list->size(), "minItems", "maxItems", "item", at);
  if (const auto* members = item.if_object()) {
    return check_size(schema, members->size(), "minProperties", "maxProperties", "property", at);
  }
  return {};
}

std::string one_of(const array& values) {
  constexpr std::size_t bytes_max = 200;
  std::string out = values.size() > 1 ? "one of " : "";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto text = json::write(values[i]);
    if (out.size() + text.size() > bytes_max) return out + "…";
    (i == 0 ? out : out += ", ") += text;
  }
  return out;
}

std::string canonical(const value& item) {
  if (const auto* list = item.if_array()) {
    std::string out = "[";
    for (const auto& each : *list) out.append(canonical(each)) += ',';
    return out + "]";
  }
  if (const auto* members = item.if_object()) {
    std::vector<std::pair<std::string, const value*>> sorted;
    for (const auto& [name, content] : *members) sorted.emplace_back(name, &content);
    std::sort(sorted.begin(), sorted.end());
    std::string out = "{";
    for (const auto& [name, content] : sorted) {
      json::append_string(out, name);
      (out += ':').append(canonical(*content)) += ',';
    }
    return out + "}";
  }
  constexpr double exact_max = 9007199254740992.0;
  if (is_whole(item) && std::abs(item.as_double()) < exact_max) {
    return std::to_string(static_cast<std::int64_t>(item.as_double()));
  }
  return json::write(item);
}

}  // namespace fanfare::domain
