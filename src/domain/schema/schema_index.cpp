#include "domain/schema/schema_index.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fanfare/http/message.hpp>

#include "domain/catalogue/json_pointer.hpp"
#include "domain/schema/uri_reference.hpp"

namespace fanfare::domain {

namespace {

constexpr std::size_t subschemas_max = 10000;
constexpr unsigned depth_max = 64;
constexpr std::array types{"null", "boolean", "object", "array", "number", "integer", "string"};

// How the value of a keyword must look, so that a schema's own mistakes show when it is loaded.
enum class shape {
  annotation,
  type,
  schema,
  schema_map,
  pattern_map,
  schema_list,
  names,
  names_map,
  list,
  number,
  positive,
  count,
  boolean,
  text,
  pattern,
  reference,
  dynamic_reference
};
struct keyword {
  std::string_view name;
  shape form;
};
using enum shape;
constexpr keyword keywords[] = {{"type", type},
                                {"enum", list},
                                {"const", annotation},
                                {"properties", schema_map},
                                {"patternProperties", pattern_map},
                                {"additionalProperties", schema},
                                {"propertyNames", schema},
                                {"required", names},
                                {"dependentRequired", names_map},
                                {"dependentSchemas", schema_map},
                                {"minProperties", count},
                                {"maxProperties", count},
                                {"unevaluatedProperties", schema},
                                {"prefixItems", schema_list},
                                {"items", schema},
                                {"contains", schema},
                                {"minContains", count},
                                {"maxContains", count},
                                {"minItems", count},
                                {"maxItems", count},
                                {"uniqueItems", boolean},
                                {"unevaluatedItems", schema},
                                {"minimum", number},
                                {"maximum", number},
                                {"exclusiveMinimum", number},
                                {"exclusiveMaximum", number},
                                {"multipleOf", positive},
                                {"minLength", count},
                                {"maxLength", count},
                                {"pattern", shape::pattern},
                                {"format", text},
                                {"anyOf", schema_list},
                                {"oneOf", schema_list},
                                {"allOf", schema_list},
                                {"not", schema},
                                {"if", schema},
                                {"then", schema},
                                {"else", schema},
                                {"$ref", reference},
                                {"$dynamicRef", dynamic_reference},
                                {"$defs", schema_map},
                                {"$id", text},
                                {"$anchor", text},
                                {"$dynamicAnchor", text},
                                {"contentSchema", schema},
                                {"contentEncoding", annotation},
                                {"contentMediaType", annotation},
                                {"$schema", annotation},
                                {"$vocabulary", annotation},
                                {"$comment", annotation},
                                {"title", annotation},
                                {"description", annotation},
                                {"default", annotation},
                                {"examples", annotation},
                                {"deprecated", annotation},
                                {"readOnly", annotation},
                                {"writeOnly", annotation}};

bool is_type_name(const value& item) {
  return item.if_string() != nullptr && std::find(types.begin(), types.end(), item.as_string()) != types.end();
}

bool is_count(const value& item) {
  const double number = item.as_double(-1);
  return item.is_number() && number >= 0 && std::floor(number) == number && std::isfinite(number);
}

bool is_string(const value& item) { return item.if_string() != nullptr; }

template <class Test>
bool all_items(const value& list, Test test) {
  return list.if_array() != nullptr && std::all_of(list.if_array()->begin(), list.if_array()->end(), test);
}

bool all_names(const value& item) { return all_items(item, is_string); }

result<void> demand(bool holds, const char* detail, const std::string& at) {
  if (holds) return {};
  return error{errc::bad_request, detail, at};
}

/// The shapes that hold no schema.
result<void> check_plain(shape form, const value& item, const std::string& at) {
  switch (form) {
    case type:
      return demand(is_type_name(item) || (all_items(item, is_type_name) && !item.if_array()->empty()),
                    "a type or a list of types is needed", at);
    case names:
      return demand(all_names(item), "a list of names is needed", at);
    case names_map:
      return demand(item.if_object() != nullptr &&
                        std::ranges::all_of(*item.if_object(), [](const member& each) { return all_names(each.item); }),
                    "an object of lists of names is needed", at);
    case list:
      return demand(item.if_array() != nullptr, "a list is needed", at);
    case number:
      return demand(item.is_number(), "a number is needed", at);
    case positive:
      return demand(item.is_number() && item.as_double() > 0, "a number above 0 is needed", at);
    case count:
      return demand(is_count(item), "a count is needed", at);
    case boolean:
      return demand(item.if_bool() != nullptr, "true or false is needed", at);
    case text:
    case shape::pattern:
    case reference:
    case dynamic_reference:
      return demand(is_string(item), "a string is needed", at);
    default:
      return {};
  }
}

}  // namespace

result<void> schema_index::build(const value& document, const json_schema_options& options) {
  options_ = options;
  auto* const root = &resources_.emplace_back(resource{"", &document, {}, {}});
  by_uri_.emplace("", root);
  if (auto checked = check(document, "", root, 0); !checked) return checked;
  // Identifiers may stand behind the references to them, so references come last; they may lead to places that are no
  // schema by position, which are looked through then.
  while (!pending_.empty()) {
    const auto open = std::move(pending_.front());
    pending_.pop_front();
    if (auto resolved = resolve(open); !resolved) return resolved;
  }
  return {};
}

result<void> schema_index::check(const value& schema, const std::string& at, resource* in, unsigned depth) {
  if (depth > depth_max) return error{errc::too_deep, "the schema is nested too deep", at};
  if (++seen_ > subschemas_max) return error{errc::over_limit, "the schema is too large", at};
  if (schema.if_bool() == nullptr) {
    if (schema.if_object() == nullptr) return error{errc::bad_request, "a schema is an object or a boolean", at};
    auto entered = enter(schema, at, in);
    if (!entered) return entered.error();
    in = *entered;
  }
  if (!resources_of_.emplace(&schema, in).second || schema.if_bool() != nullptr) return {};
  for (const auto& entry : *schema.if_object()) {
    if (auto checked = check_member(schema, entry, at, in, depth); !checked) return checked;
  }
  return {};
}

/// The resource that the schema begins, or the one it stands in; its anchors are the resource's.
result<schema_index::resource*> schema_index::enter(const value& schema, const std::string& at, resource* in) {
  if (const auto* id = schema.find("$id"); id != nullptr && is_string(*id)) {
    const auto uri = resolve_uri(in->uri, id->as_string());
    if (!fragment_of(uri).empty()) return error{errc::bad_request, "an $id has no fragment", pointer_to(at, "$id")};
    const std::string plain(without_fragment(uri));
    if (in->root != &schema) in = &resources_.emplace_back(resource{plain, &schema, {}, {}});
    in->uri = plain;
    by_uri_.insert_or_assign(plain, in);
  }
  for (const auto* name : {"$anchor", "$dynamicAnchor"}) {
    const auto* anchor = schema.find(name);
    if (anchor == nullptr || !is_string(*anchor)) continue;
    in->anchors.emplace(anchor->as_string(), &schema);
    if (name[1] == 'd') in->dynamic_anchors.emplace(anchor->as_string(), &schema);
  }
  return in;
}

result<void> schema_index::check_member(const value& schema, const member& entry, const std::string& at, resource* in,
                                        unsigned depth) {
  const auto& [name, item] = entry;
  const auto place = pointer_to(at, name);
  const auto* const known = std::find_if(std::begin(keywords), std::end(keywords),
                                         [&name = name](const keyword& row) { return row.name == name; });
  if (known == std::end(keywords)) {
    if (name.starts_with("x-") || !options_.refuse_unknown_keywords) return {};
    return error{errc::bad_request, "the keyword '" + name + "' is not one of JSON Schema 2020-12", place};
  }
  if (auto checked = check_plain(known->form, item, place); !checked) return checked;
  has_unevaluated_ = has_unevaluated_ || name.starts_with("unevaluated");
  switch (known->form) {
    case shape::schema:
      return check(item, place, in, depth + 1);
    case schema_map:
    case pattern_map:
      return check_map(item, place, in, depth, known->form == pattern_map);
    case schema_list:
      return check_list(item, place, in, depth);
    case shape::pattern:
      return add_pattern(item.as_string(), item, place);
    case reference:
    case dynamic_reference:
      pending_.push_back({&schema, std::string(item.as_string()), place, in, known->form == dynamic_reference, depth});
      return {};
    default:
      return {};
  }
}

result<void> schema_index::check_map(const value& item, const std::string& at, resource* in, unsigned depth,
                                     bool by_pattern) {
  if (item.if_object() == nullptr) return error{errc::bad_request, "an object of schemas is needed", at};
  for (const auto& [name, schema] : *item.if_object()) {
    const auto place = pointer_to(at, name);
    if (by_pattern) {
      if (auto added = add_pattern(name, schema, place); !added) return added;
    }
    if (auto checked = check(schema, place, in, depth + 1); !checked) return checked;
  }
  return {};
}

result<void> schema_index::check_list(const value& item, const std::string& at, resource* in, unsigned depth) {
  if (item.if_array() == nullptr || item.if_array()->empty()) {
    return error{errc::bad_request, "a list of schemas is needed", at};
  }
  for (std::size_t i = 0; i < item.if_array()->size(); ++i) {
    if (auto checked = check((*item.if_array())[i], pointer_to(at, i), in, depth + 1); !checked) return checked;
  }
  return {};
}

result<void> schema_index::add_pattern(std::string_view expression, const value& holder, const std::string& at) {
  auto compiled = pattern::compile(expression);
  if (!compiled) return error{errc::bad_request, compiled.error().detail, at};
  patterns_.emplace(&holder, std::move(*compiled));
  return {};
}

const value* schema_index::find(const resource& from, std::string_view reference, resource** owner) {
  const auto uri = resolve_uri(from.uri, reference);
  const auto known = by_uri_.find(std::string(without_fragment(uri)));
  if (known == by_uri_.end()) return nullptr;
  *owner = known->second;
  const auto fragment = http::percent_decode(fragment_of(uri));
  if (fragment.empty()) return known->second->root;
  if (fragment.starts_with('/')) return known->second->root->at_pointer(fragment);
  const auto anchor = known->second->anchors.find(fragment);
  return anchor == known->second->anchors.end() ? nullptr : anchor->second;
}

result<void> schema_index::resolve(const pending& open) {
  resource* owner = nullptr;
  const auto* const found = find(*open.from, open.reference, &owner);
  if (found == nullptr) {
    return error{
        errc::bad_request,
        "\"" + resolve_uri(open.from->uri, open.reference) + "\" is not in this document, and nothing is fetched",
        open.at};
  }
  target made{found, {}};
  if (open.dynamic) {
    // Core §8.2.3.2: only a $dynamicAnchor begins a search; else it is a $ref.
    const auto* name = found->find("$dynamicAnchor");
    const auto fragment = http::percent_decode(fragment_of(open.reference));
    if (name != nullptr && name->as_string() == fragment && !fragment.empty()) made.dynamic_anchor = fragment;
  }
  (open.dynamic ? dynamic_refs_ : refs_).emplace(open.schema, std::move(made));
  if (resources_of_.contains(found)) return {};
  return check(*found, open.at, owner, open.depth + 1);
}

}  // namespace fanfare::domain
