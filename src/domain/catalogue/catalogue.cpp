#include "domain/catalogue/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fanfare/base/edit_distance.hpp>
#include <fanfare/base/json.hpp>
#include <fanfare/base/rfc3339.hpp>

#include "domain/access/access_policy.hpp"
#include "domain/catalogue/json_pointer.hpp"
#include "domain/catalogue/schema_fields.hpp"
#include "domain/schema/json_schema.hpp"
#include "domain/schema/simple_keywords.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t identifier_bytes_max = 128;
constexpr double safe_integer_max = 9007199254740991.0;  // ECMA-262 Number.MAX_SAFE_INTEGER

error fault(std::string pointer, std::string detail) {
  return {errc::bad_request, std::move(detail), std::move(pointer)};
}

bool is_whole(const value& item) {
  if (item.if_integer() != nullptr) return true;
  const double number = item.as_double(0.5);
  return std::floor(number) == number && std::abs(number) <= safe_integer_max;
}

bool has_kind(const value& item, field_kind kind) {
  switch (kind) {
    case field_kind::string:
    case field_kind::time:
      return item.if_string() != nullptr;
    case field_kind::integer:
      return item.is_number() && is_whole(item);
    case field_kind::number:
      return item.is_number();
    case field_kind::boolean:
      return item.if_bool() != nullptr;
    case field_kind::object:
      return item.if_object() != nullptr;
    case field_kind::array:
      return item.if_array() != nullptr;
    case field_kind::any:
      return true;
  }
  return false;
}

std::string_view name_of(field_kind kind) {
  constexpr std::array names{"a string",  "an integer", "a number", "a boolean",
                             "an object", "a list",     "a time",   "any value"};
  return names[static_cast<std::size_t>(kind)];
}

bool names_a_room(const event_type& type, const std::string& field) {
  for (const auto& rule : type.rooms) {
    for (const auto& shape : rule.templates) {
      if (shape.find("{" + field + "}") != std::string::npos) return true;
    }
  }
  return false;
}

result<void> validate_field(const event_type& type, const field& rule, const value& item) {
  const auto at = pointer_to("", rule.name);
  if (!has_kind(item, rule.kind)) return fault(at, "must be " + std::string(name_of(rule.kind)));
  if (item.is_number()) {
    const double number = item.as_double();
    if (!std::isfinite(number)) return fault(at, "must be a finite number");
    if (rule.minimum && number < *rule.minimum) return fault(at, "must be at least " + json::write(*rule.minimum));
    if (rule.maximum && number > *rule.maximum) return fault(at, "must be at most " + json::write(*rule.maximum));
  }
  if (const auto* text = item.if_string()) {
    if (!rule.values.empty() && std::find(rule.values.begin(), rule.values.end(), *text) == rule.values.end()) {
      return fault(at, "must be " + one_of({rule.values.begin(), rule.values.end()}));
    }
    if (rule.kind == field_kind::time && !is_rfc3339(*text)) return fault(at, "must be an RFC 3339 time");
    if (rule.identifier) {
      if (text->empty() || text->size() > identifier_bytes_max) return fault(at, "must have 1 to 128 bytes");
      if (names_a_room(type, rule.name) && !is_room_id(*text)) return fault(at, "has a character no room id may have");
    }
  }
  return {};
}

/// Fills the template in; nothing when a field of it is missing or can be no part of a room.
std::optional<std::string> fill(std::string_view shape, const value& data) {
  std::string out;
  while (!shape.empty()) {
    const auto open = shape.find('{');
    out += shape.substr(0, open);
    if (open == std::string_view::npos) break;
    const auto close = shape.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    const auto* item = data.find(shape.substr(open + 1, close - open - 1));
    if (item == nullptr) return std::nullopt;
    if (const auto* number = item->if_integer())
      out += std::to_string(*number);
    else if (item->if_string() != nullptr)
      out += *item->if_string();
    else
      return std::nullopt;
    shape.remove_prefix(close + 1);
  }
  return out;
}

bool is_type_name(std::string_view name) {
  constexpr std::array taken{"connect",     "connect_error", "disconnect",    "disconnecting", "subscribe",
                             "unsubscribe", "ping",          "auth.refresh",  "presence",      "publish",
                             "published",   "newListener",   "removeListener"};
  if (name.empty() || name.size() > 128 || name[0] < 'a' || name[0] > 'z') return false;
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

std::string text_of(const value& schema, std::string_view name) {
  const auto* item = schema.find(name);
  return item == nullptr ? std::string() : std::string(item->as_string());
}

bool has_field(const std::vector<field>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [name](const field& item) {
    return item.name == name && (item.kind == field_kind::string || item.kind == field_kind::integer);
  });
}

/// A template's room must be well-formed once filled in, its placeholders must be fields, and its kind there.
result<void> check_template(const value& shape, const std::vector<field>& fields, const std::vector<std::string>& kinds,
                            const std::string& at) {
  object sample;
  for (const auto& item : fields) {
    if (has_field(fields, item.name)) sample.append(item.name, "x");
  }
  const auto filled = fill(shape.as_string(), sample);
  const auto room = filled ? parse_room(*filled) : result<room_name>(errc::unknown_room);
  if (!room) return fault(at, "must be a room made of string or integer properties");
  if (kinds.empty() || std::ranges::find(kinds, room->kind) != kinds.end()) return {};
  return fault(at, unknown_kind(room->kind, kinds));
}

/// A slip in one of our own keywords would be taken for somebody else's annotation.
result<void> check_keywords(const value& schema) {
  constexpr std::array known{"x-fanfare-type", "x-fanfare-rooms", "x-fanfare-conflate", "x-fanfare-kept"};
  for (const auto& [name, item] : *schema.if_object()) {
    if (!name.starts_with("x-fanfare") || std::ranges::find(known, name) != known.end()) continue;
    const auto* nearest = std::ranges::min_element(
        known, {}, [&name = name](const char* each) { return edit_distance(name.substr(0, 64), each); });
    return fault(pointer_to("", name), std::string("is unknown; did you mean \"") + *nearest + "\"?");
  }
  return {};
}

result<std::vector<room_rule>> rules_of(const value& schema, const std::vector<field>& fields,
                                        const std::vector<std::string>& kinds) {
  std::vector<room_rule> rules;
  const auto* listed = schema.find("x-fanfare-rooms");
  if (listed == nullptr) return rules;
  if (listed->if_array() == nullptr) return fault("/x-fanfare-rooms", "must be a list of room templates");
  for (std::size_t i = 0; i < listed->if_array()->size(); ++i) {
    const auto& item = (*listed->if_array())[i];
    room_rule rule;
    const array choices = item.if_array() != nullptr ? *item.if_array() : array{item};
    for (const auto& shape : choices) {
      const auto at = pointer_to("/x-fanfare-rooms", i);
      if (auto checked = check_template(shape, fields, kinds, at); !checked) return checked.error();
      rule.templates.emplace_back(shape.as_string());
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

catalogue::catalogue(std::vector<std::string> room_kinds)
    : room_kinds_(std::move(room_kinds)), types_(built_in_event_types()) {}

result<void> catalogue::add_schema(std::string_view schema_json) {
  auto document = json::parse(schema_json);
  if (!document) return document.error();
  auto loaded = json_schema::load(std::move(*document));
  if (!loaded) return loaded.error();
  const auto& schema = (*loaded)->document();
  event_type type;
  type.name = text_of(schema, schema.find("x-fanfare-type") != nullptr ? "x-fanfare-type" : "title");
  if (!is_type_name(type.name)) return fault("/x-fanfare-type", "must be a name of a-z 0-9 . _ - that is not taken");
  if (find(type.name) != nullptr) return fault("/x-fanfare-type", "there is a type of that name");
  if (auto checked = check_keywords(schema); !checked) return checked;
  if (text_of(schema, "type") != "object") return fault("/type", "the data of an event is an object");
  type.summary = text_of(schema, "description");
  type.fields = fields_of(schema);
  auto rules = rules_of(schema, type.fields, room_kinds_);
  if (!rules) return rules.error();
  type.rooms = std::move(*rules);
  if (const auto* keys = schema.find("x-fanfare-conflate")) {
    if (keys->if_array() == nullptr) return fault("/x-fanfare-conflate", "must be a list of properties");
    for (const auto& key : *keys->if_array()) {
      if (!has_field(type.fields, key.as_string())) {
        return fault("/x-fanfare-conflate", "must be a list of string or integer properties");
      }
      type.conflate.emplace_back(key.as_string());
    }
  }
  if (const auto* kept = schema.find("x-fanfare-kept")) {
    if (kept->if_bool() == nullptr) return fault("/x-fanfare-kept", "must be true or false");
    type.kept = *kept->if_bool();
  }
  if (const auto* examples = schema.find("examples");
      examples != nullptr && examples->if_array() != nullptr && !examples->if_array()->empty()) {
    type.example = examples->if_array()->front();
  }
  type.schema = *loaded;
  types_.push_back(std::move(type));
  return {};
}

const event_type* catalogue::find(std::string_view name) const noexcept {
  const auto place =
      std::find_if(types_.begin(), types_.end(), [name](const event_type& row) { return row.name == name; });
  return place == types_.end() ? nullptr : &*place;
}

result<void> validate(const event_type& type, const value& data) {
  if (data.if_object() == nullptr) return fault("", "must be an object");
  if (type.schema) return type.schema->validate(data);
  for (const auto& rule : type.fields) {
    const auto* item = data.find(rule.name);
    if (item == nullptr) {
      if (rule.required) return fault(pointer_to("", rule.name), "is missing");
      continue;
    }
    if (auto checked = validate_field(type, rule, *item); !checked) return checked;
  }
  return {};
}

std::vector<std::string> default_rooms(const event_type& type, const value& data) {
  std::vector<std::string> rooms;
  for (const auto& rule : type.rooms) {
    for (const auto& shape : rule.templates) {
      auto room = fill(shape, data);
      if (!room) continue;
      if (std::find(rooms.begin(), rooms.end(), *room) == rooms.end()) rooms.push_back(std::move(*room));
      break;
    }
  }
  return rooms;
}

std::string conflate_key(const event_type& type, const value& data) {
  if (type.conflate.empty()) return {};
  std::string key = type.name;
  for (const auto& name : type.conflate) {
    const auto* item = data.find(name);
    if (item == nullptr) return {};
    key += '\x1f';
    if (item->if_string() != nullptr)
      key += *item->if_string();
    else
      json::append(key, *item);
  }
  return key;
}

}  // namespace fanfare::domain
