#include "domain/catalogue/json_schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <fanfare/base/rfc3339.hpp>

#include "domain/catalogue/json_pointer.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t subschemas_max = 10000;
constexpr unsigned depth_max = 64;
constexpr std::array types{"null", "boolean", "object", "array", "number", "integer", "string"};

// How the value of a keyword must look, so that a schema's own mistakes show when it is loaded.
enum class shape {
  any,
  annotation,
  type,
  schema,
  schema_map,
  schema_list,
  names,
  list,
  number,
  positive,
  count,
  text,
  ref
};
struct keyword {
  std::string_view name;
  shape form;
};
constexpr keyword keywords[] = {{"type", shape::type},
                                {"properties", shape::schema_map},
                                {"required", shape::names},
                                {"additionalProperties", shape::schema},
                                {"items", shape::schema},
                                {"minItems", shape::count},
                                {"maxItems", shape::count},
                                {"enum", shape::list},
                                {"const", shape::any},
                                {"minimum", shape::number},
                                {"maximum", shape::number},
                                {"exclusiveMinimum", shape::number},
                                {"exclusiveMaximum", shape::number},
                                {"multipleOf", shape::positive},
                                {"minLength", shape::count},
                                {"maxLength", shape::count},
                                {"minProperties", shape::count},
                                {"maxProperties", shape::count},
                                {"anyOf", shape::schema_list},
                                {"oneOf", shape::schema_list},
                                {"allOf", shape::schema_list},
                                {"not", shape::schema},
                                {"$ref", shape::ref},
                                {"$defs", shape::schema_map},
                                {"format", shape::text},
                                {"$schema", shape::annotation},
                                {"$id", shape::annotation},
                                {"$comment", shape::annotation},
                                {"title", shape::annotation},
                                {"description", shape::annotation},
                                {"default", shape::annotation},
                                {"examples", shape::annotation},
                                {"deprecated", shape::annotation},
                                {"readOnly", shape::annotation},
                                {"writeOnly", shape::annotation}};

bool is_type_name(const value& item) {
  return item.if_string() != nullptr && std::find(types.begin(), types.end(), item.as_string()) != types.end();
}

bool is_count(const value& item) { return item.if_integer() != nullptr && *item.if_integer() >= 0; }

bool is_whole(const value& item) {
  if (item.if_integer() != nullptr) return true;
  const double number = item.as_double(0.5);
  return item.is_number() && std::isfinite(number) && std::floor(number) == number;
}

template <class Test>
bool all_items(const value& list, Test test) {
  return list.if_array() != nullptr && std::all_of(list.if_array()->begin(), list.if_array()->end(), test);
}

bool is_string(const value& item) { return item.if_string() != nullptr; }

/// Checks one schema and those in it against the table above.
class loader {
 public:
  explicit loader(const value& document) : document_(document) {}

  result<void> check(const value& schema, const std::string& at, unsigned depth) {
    if (depth > depth_max) return error{errc::too_deep, "the schema is nested too deep", at};
    if (++seen_ > subschemas_max) return error{errc::over_limit, "the schema is too large", at};
    if (schema.if_bool() != nullptr) return {};
    const auto* members = schema.if_object();
    if (members == nullptr) return error{errc::bad_request, "a schema is an object or a boolean", at};
    for (const auto& [name, item] : *members) {
      if (name.starts_with("x-")) continue;
      const auto place = pointer_to(at, name);
      const auto* const known = std::find_if(std::begin(keywords), std::end(keywords),
                                             [&name = name](const keyword& row) { return row.name == name; });
      if (known == std::end(keywords)) {
        return error{errc::bad_request, "the keyword '" + name + "' is not supported", place};
      }
      if (auto checked = check_shape(known->form, item, place, depth); !checked) return checked;
    }
    return {};
  }

 private:
  result<void> check_shape(shape form, const value& item, const std::string& at, unsigned depth) {
    switch (form) {
      case shape::any:
      case shape::annotation:
        return {};
      case shape::schema:
        return check(item, at, depth + 1);
      case shape::schema_map:
        return check_map(item, at, depth);
      case shape::schema_list:
        return check_list(item, at, depth);
      case shape::type:
        return demand(is_type_name(item) || (all_items(item, is_type_name) && !item.if_array()->empty()),
                      "a type or a list of types is needed", at);
      case shape::names:
        return demand(all_items(item, is_string), "a list of names is needed", at);
      case shape::list:
        return demand(item.if_array() != nullptr, "a list is needed", at);
      case shape::number:
        return demand(item.is_number(), "a number is needed", at);
      case shape::positive:
        return demand(item.is_number() && item.as_double() > 0, "a number above 0 is needed", at);
      case shape::count:
        return demand(is_count(item), "a count is needed", at);
      case shape::text:
        return demand(is_string(item), "a string is needed", at);
      case shape::ref:
        return demand(item.as_string("-") == "#" || (item.as_string().starts_with("#/$defs/") &&
                                                     document_.at_pointer(item.as_string().substr(1)) != nullptr),
                      "only \"#\" and \"#/$defs/...\" that exist can be referred to", at);
    }
    return {};
  }

  result<void> check_map(const value& item, const std::string& at, unsigned depth) {
    if (item.if_object() == nullptr) return error{errc::bad_request, "an object of schemas is needed", at};
    for (const auto& [name, schema] : *item.if_object()) {
      if (auto checked = check(schema, pointer_to(at, name), depth + 1); !checked) return checked;
    }
    return {};
  }

  result<void> check_list(const value& item, const std::string& at, unsigned depth) {
    if (item.if_array() == nullptr || item.if_array()->empty()) {
      return error{errc::bad_request, "a list of schemas is needed", at};
    }
    for (std::size_t i = 0; i < item.if_array()->size(); ++i) {
      if (auto checked = check((*item.if_array())[i], pointer_to(at, i), depth + 1); !checked) return checked;
    }
    return {};
  }

  static result<void> demand(bool holds, const char* detail, const std::string& at) {
    if (holds) return {};
    return error{errc::bad_request, detail, at};
  }

  const value& document_;
  std::size_t seen_ = 0;
};

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

error fault(const std::string& at, std::string detail) { return {errc::bad_request, std::move(detail), at}; }

/// One walk over an instance.
class walk {
 public:
  explicit walk(const value& document) : document_(document) {}

  result<void> check(const value& schema, const value& item, const std::string& at, unsigned depth) {
    if (depth > depth_max) return error{errc::too_deep, "the schema refers to itself too often", at};
    // anyOf over recursive references could multiply work; one payload gets a fixed amount of it.
    if (++steps_ > 100000) return error{errc::over_limit, "the payload takes too long to check", at};
    if (const auto* verdict = schema.if_bool()) {
      if (*verdict) return {};
      return fault(at, "nothing is allowed here");
    }
    if (const auto* ref = schema.find("$ref")) {
      const auto* target = document_.at_pointer(ref->as_string().substr(1));
      if (auto checked = check(*target, item, at, depth + 1); !checked) return checked;
    }
    if (auto checked = check_any(schema, item, at); !checked) return checked;
    if (auto checked = check_number(schema, item, at); !checked) return checked;
    if (auto checked = check_string(schema, item, at); !checked) return checked;
    if (auto checked = check_array(schema, item, at, depth); !checked) return checked;
    if (auto checked = check_object(schema, item, at, depth); !checked) return checked;
    return check_combined(schema, item, at, depth);
  }

 private:
  static result<void> check_any(const value& schema, const value& item, const std::string& at) {
    if (const auto* type = schema.find("type")) {
      const auto fits = [&item](const value& name) { return has_type(item, name.as_string()); };
      if (!fits(*type) &&
          !(type->if_array() != nullptr && std::any_of(type->if_array()->begin(), type->if_array()->end(), fits))) {
        return fault(at, "has the wrong type");
      }
    }
    if (const auto* choices = schema.find("enum")) {
      const auto& list = *choices->if_array();
      if (std::find(list.begin(), list.end(), item) == list.end()) return fault(at, "is not one of the values allowed");
    }
    if (const auto* only = schema.find("const"); only != nullptr && !(*only == item)) {
      return fault(at, "is not the value allowed");
    }
    return {};
  }

  static result<void> check_number(const value& schema, const value& item, const std::string& at) {
    if (!item.is_number()) return {};
    const double number = item.as_double();
    const auto limit = [&schema](const char* name, double none) {
      const auto* bound = schema.find(name);
      return bound == nullptr ? none : bound->as_double();
    };
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (number < limit("minimum", -infinity) ||
        (number <= limit("exclusiveMinimum", -infinity) && std::isfinite(number))) {
      return fault(at, "is too small");
    }
    if (number > limit("maximum", infinity) ||
        (number >= limit("exclusiveMaximum", infinity) && std::isfinite(number))) {
      return fault(at, "is too large");
    }
    if (const auto* step = schema.find("multipleOf"); step != nullptr && std::fmod(number, step->as_double()) != 0) {
      return fault(at, "is not a multiple of what it must be");
    }
    return {};
  }

  static std::size_t count_of(const value& schema, const char* name, std::size_t none) {
    const auto* bound = schema.find(name);
    return bound == nullptr ? none : static_cast<std::size_t>(*bound->if_integer());
  }
  static result<void> check_size(const value& schema, std::size_t size, const char* least, const char* most,
                                 const std::string& at) {
    if (size < count_of(schema, least, 0)) return fault(at, "is too short");
    if (size > count_of(schema, most, std::numeric_limits<std::size_t>::max())) return fault(at, "is too long");
    return {};
  }

  static result<void> check_string(const value& schema, const value& item, const std::string& at) {
    const auto* text = item.if_string();
    if (text == nullptr) return {};
    const auto* format = schema.find("format");
    if (format != nullptr && format->as_string() == "date-time" && !is_rfc3339(*text)) {
      return fault(at, "is no RFC 3339 time");
    }
    return check_size(schema, characters(*text), "minLength", "maxLength", at);
  }

  result<void> check_array(const value& schema, const value& item, const std::string& at, unsigned depth) {
    const auto* list = item.if_array();
    if (list == nullptr) return {};
    if (auto checked = check_size(schema, list->size(), "minItems", "maxItems", at); !checked) return checked;
    const auto* each = schema.find("items");
    for (std::size_t i = 0; each != nullptr && i < list->size(); ++i) {
      if (auto checked = check(*each, (*list)[i], pointer_to(at, i), depth + 1); !checked) return checked;
    }
    return {};
  }

  result<void> check_object(const value& schema, const value& item, const std::string& at, unsigned depth) {
    const auto* members = item.if_object();
    if (members == nullptr) return {};
    if (const auto* required = schema.find("required")) {
      for (const auto& name : *required->if_array()) {
        if (!members->contains(name.as_string())) return fault(pointer_to(at, name.as_string()), "is missing");
      }
    }
    if (auto checked = check_size(schema, members->size(), "minProperties", "maxProperties", at); !checked) {
      return checked;
    }
    const auto* properties = schema.find("properties");
    const auto* others = schema.find("additionalProperties");
    for (const auto& [name, content] : *members) {
      const auto* rule = properties == nullptr ? nullptr : properties->find(name);
      if (rule == nullptr) rule = others;
      if (rule == nullptr) continue;
      if (auto checked = check(*rule, content, pointer_to(at, name), depth + 1); !checked) return checked;
    }
    return {};
  }

  result<void> check_combined(const value& schema, const value& item, const std::string& at, unsigned depth) {
    if (const auto* all = schema.find("allOf")) {
      for (const auto& part : *all->if_array()) {
        if (auto checked = check(part, item, at, depth + 1); !checked) return checked;
      }
    }
    for (const auto* name : {"anyOf", "oneOf"}) {
      const auto* parts = schema.find(name);
      if (parts == nullptr) continue;
      std::size_t fitting = 0;
      for (const auto& part : *parts->if_array()) {
        const auto checked = check(part, item, at, depth + 1);
        if (checked)
          ++fitting;
        else if (checked.error().code != errc::bad_request)
          return checked;
      }
      if (fitting == 0) return fault(at, "fits none of the forms allowed");
      if (fitting > 1 && std::string_view(name) == "oneOf") return fault(at, "fits more than one of the forms allowed");
    }
    if (const auto* refused = schema.find("not")) {
      const auto checked = check(*refused, item, at, depth + 1);
      if (checked) return fault(at, "has a form that is not allowed");
      if (checked.error().code != errc::bad_request) return checked;
    }
    return {};
  }

  const value& document_;
  std::size_t steps_ = 0;
};

}  // namespace

result<std::shared_ptr<const json_schema>> json_schema::load(value document) {
  if (auto checked = loader(document).check(document, "", 0); !checked) return checked.error();
  return std::shared_ptr<const json_schema>(new json_schema(std::move(document)));
}

result<void> json_schema::validate(const value& item) const { return walk(document_).check(document_, item, "", 0); }

}  // namespace fanfare::domain
