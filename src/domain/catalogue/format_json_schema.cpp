#include <cctype>

#include "domain/catalogue/catalogue_formats.hpp"
#include "domain/schema/json_schema.hpp"

namespace fanfare::domain {

namespace {

constexpr auto dialect = "https://json-schema.org/draft/2020-12/schema";

const char* type_of(field_kind kind) {
  switch (kind) {
    case field_kind::string:
    case field_kind::time:
      return "string";
    case field_kind::integer:
      return "integer";
    case field_kind::number:
      return "number";
    case field_kind::boolean:
      return "boolean";
    case field_kind::object:
      return "object";
    case field_kind::array:
      return "array";
    case field_kind::any:
      break;
  }
  return "";
}

/// 5 rather than 5.0 where the bound is whole.
value bound(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? value(whole) : value(number);
}

object schema_of(const field& rule) {
  object out{{"type", type_of(rule.kind)}, {"description", rule.description}};
  if (rule.kind == field_kind::time) out.append("format", "date-time");
  if (rule.minimum) out.append("minimum", bound(*rule.minimum));
  if (rule.maximum) out.append("maximum", bound(*rule.maximum));
  if (!rule.values.empty()) out.append("enum", array(rule.values.begin(), rule.values.end()));
  if (rule.identifier) {
    out.append("minLength", 1);
    out.append("maxLength", 128);
  }
  return out;
}

object data_schema(const event_type& type) {
  if (type.schema) {
    auto own = *type.schema->document().if_object();
    own.erase("$schema");
    return own;
  }
  object properties;
  array required;
  for (const auto& rule : type.fields) {
    properties.append(rule.name, schema_of(rule));
    if (rule.required) required.emplace_back(rule.name);
  }
  return {{"title", type.name},
          {"description", type.summary},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", true},
          {"examples", array{type.example}}};
}

object envelope_schema() {
  const auto text = [](const char* description) { return object{{"type", "string"}, {"description", description}}; };
  object time = text("When it happened, RFC 3339 in UTC.");
  time.append("format", "date-time");
  return {{"specversion", object{{"const", "1.0"}}},
          {"id", text("Names the event; a repeat has the same.")},
          {"type", text("The event's type.")},
          {"source", text("Who published it (URI-reference).")},
          {"subject", text("The event's first room.")},
          {"time", std::move(time)},
          {"data", object{{"type", "object"}}},
          {"cursor", text("Opaque position in the server's log; hand it back as `since`.")}};
}

}  // namespace

std::string pascal_case(const std::string& name) {
  std::string out;
  bool start = true;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
      start = true;
      continue;
    }
    out += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = false;
  }
  return out;
}

std::string snake_case(const std::string& name) {
  std::string out = name;
  for (auto& c : out) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return out;
}

value json_schema_of(const event_type& type) {
  object out{{"$schema", dialect}, {"$id", "/api/v1/schemas/" + type.name}};
  for (const auto& [name, content] : data_schema(type)) out.set(name, content);
  return out;
}

value json_schema_bundle(const catalogue& all) {
  object defs;
  array choices;
  for (const auto& type : all.types()) {
    defs.append(type.name, data_schema(type));
    choices.emplace_back(object{{"properties", object{{"type", object{{"const", type.name}}},
                                                      {"data", object{{"$ref", "#/$defs/" + type.name}}}}}});
  }
  return object{{"$schema", dialect},
                {"$id", "/api/v1/schemas"},
                {"title", "Fanfare event"},
                {"description", "A CloudEvents 1.0 event as clients receive it."},
                {"type", "object"},
                {"properties", envelope_schema()},
                {"required", array{"specversion", "id", "type", "source", "subject", "time", "data", "cursor"}},
                {"oneOf", std::move(choices)},
                {"$defs", std::move(defs)}};
}

}  // namespace fanfare::domain
