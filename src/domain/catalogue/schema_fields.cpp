#include "domain/catalogue/schema_fields.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace fanfare::domain {

namespace {

constexpr unsigned depth_max = 8;  // of references and of members in members; what lies deeper is shown as `any`

std::string text_of(const value& schema, std::string_view name) {
  const auto* item = schema.find(name);
  return item == nullptr ? std::string() : std::string(item->as_string());
}

field_kind kind_of(std::string_view type, const value& schema) {
  if (type == "integer") return field_kind::integer;
  if (type == "number") return field_kind::number;
  if (type == "boolean") return field_kind::boolean;
  if (type == "array") return field_kind::array;
  if (type == "object") return field_kind::object;
  if (type == "string") return text_of(schema, "format") == "date-time" ? field_kind::time : field_kind::string;
  return field_kind::any;
}

class reader {
 public:
  explicit reader(const value& document) : document_(document) {}

  std::vector<field> members(const value& schema, unsigned depth) const {
    std::vector<field> out;
    const auto* properties = schema.find("properties");
    if (properties == nullptr || properties->if_object() == nullptr) return out;
    const auto* required = schema.find("required");
    for (const auto& [name, rule] : *properties->if_object()) {
      auto item = shape_of(rule, depth + 1);
      item.name = name;
      item.required =
          required != nullptr && std::ranges::find(*required->if_array(), value(name)) != required->if_array()->end();
      out.push_back(std::move(item));
    }
    return out;
  }

 private:
  field shape_of(const value& schema, unsigned depth) const {
    field out;
    out.kind = field_kind::any;
    if (depth > depth_max || schema.if_object() == nullptr) return out;
    if (const auto* target = referred(schema)) {
      out = shape_of(*target, depth + 1);
    } else if (const auto* parts = alternatives_of(schema)) {
      out = union_of(*parts, depth);
    } else {
      out = plain(schema, depth);
    }
    if (const auto description = text_of(schema, "description"); !description.empty()) out.description = description;
    return out;
  }

  [[nodiscard]] const value* referred(const value& schema) const {
    const auto reference = text_of(schema, "$ref");
    if (reference.starts_with("#/")) return document_.at_pointer(std::string_view(reference).substr(1));
    // pydantic 1 and others hang a description beside a reference so.
    const auto* all = schema.find("allOf");
    const bool single = all != nullptr && all->if_array()->size() == 1 && schema.find("properties") == nullptr;
    return single ? &all->if_array()->front() : nullptr;
  }

  static const array* alternatives_of(const value& schema) {
    for (const auto* name : {"anyOf", "oneOf"}) {
      const auto* parts = schema.find(name);
      if (parts != nullptr && schema.find("properties") == nullptr) return parts->if_array();
    }
    return nullptr;
  }

  field union_of(const array& parts, unsigned depth) const {
    std::vector<field> kinds;
    bool nullable = false;
    for (const auto& part : parts) {
      if (text_of(part, "type") == "null") {
        nullable = true;
        continue;
      }
      kinds.push_back(shape_of(part, depth + 1));
    }
    field out;
    if (kinds.size() == 1) {
      out = std::move(kinds.front());
    } else if (!kinds.empty() && std::ranges::all_of(kinds, [](const field& each) { return !each.choices.empty(); })) {
      out = std::move(kinds.front());  // literals, one by one
      for (std::size_t i = 1; i < kinds.size(); ++i) {
        out.choices.insert(out.choices.end(), kinds[i].choices.begin(), kinds[i].choices.end());
      }
      note_texts(out);
    } else {
      out.kind = field_kind::any;
      out.alternatives = std::move(kinds);
    }
    out.nullable = out.nullable || nullable;
    return out;
  }

  field plain(const value& schema, unsigned depth) const {
    field out;
    out.kind = field_kind::any;
    const auto* type = schema.find("type");
    if (type != nullptr && type->if_array() != nullptr) {
      out = several(*type->if_array(), schema, depth);
    } else if (type != nullptr) {
      out = of_type(type->as_string(), schema, depth);
    }
    if (const auto* only = schema.find("const")) out.choices = {*only};
    if (const auto* listed = schema.find("enum")) out.choices = *listed->if_array();
    if (std::erase(out.choices, value(nullptr)) != 0) out.nullable = true;
    note_texts(out);
    return out;
  }

  field several(const array& types, const value& schema, unsigned depth) const {
    std::vector<field> kinds;
    bool nullable = false;
    for (const auto& type : types) {
      if (type.as_string() == "null")
        nullable = true;
      else
        kinds.push_back(of_type(type.as_string(), schema, depth));
    }
    field out;
    out.kind = field_kind::any;
    if (kinds.size() == 1)
      out = std::move(kinds.front());
    else
      out.alternatives = std::move(kinds);
    out.nullable = nullable;
    return out;
  }

  field of_type(std::string_view type, const value& schema, unsigned depth) const {
    field out;
    out.kind = kind_of(type, schema);
    if (const auto* least = schema.find("minimum")) out.minimum = least->as_double();
    if (const auto* most = schema.find("maximum")) out.maximum = most->as_double();
    if (out.kind == field_kind::object) out.members = members(schema, depth);
    if (const auto* each = schema.find("items"); each != nullptr && out.kind == field_kind::array) {
      out.items.push_back(shape_of(*each, depth + 1));
    }
    return out;
  }

  /// Choices that are texts alone are an enumeration in every language.
  static void note_texts(field& out) {
    out.values.clear();
    const bool texts = !out.choices.empty() &&
                       std::ranges::all_of(out.choices, [](const value& each) { return each.if_string() != nullptr; });
    if (!texts) return;
    out.kind = field_kind::string;
    for (const auto& choice : out.choices) out.values.emplace_back(choice.as_string());
  }

  const value& document_;
};

}  // namespace

std::vector<field> fields_of(const value& document) { return reader(document).members(document, 0); }

}  // namespace fanfare::domain
