#include "domain/schema/schema_walk.hpp"

#include <algorithm>
#include <unordered_set>

#include "domain/catalogue/json_pointer.hpp"
#include "domain/schema/format.hpp"
#include "domain/schema/simple_keywords.hpp"

namespace fanfare::domain {

namespace {

constexpr unsigned depth_max = 64;
// anyOf over recursive references could multiply work; one payload gets a fixed amount of it.
constexpr std::size_t steps_max = 100000;

error fault(const std::string& at, std::string detail) { return {errc::bad_request, std::move(detail), at}; }

}  // namespace

void schema_walk::evaluated::add(std::size_t place) {
  if (place >= places.size()) places.resize(place + 1);
  places[place] = true;
}

void schema_walk::evaluated::add(const evaluated& other) {
  for (std::size_t i = 0; i < other.places.size(); ++i) {
    if (other.places[i]) add(i);
  }
}

result<void> schema_walk::run(const value& schema, const value& item) {
  scope_.push_back(&index_.resource_of(schema));
  return check(schema, {item, "", 0, nullptr});
}

result<void> schema_walk::check(const value& schema, const spot& where) {
  if (where.depth > depth_max) return error{errc::too_deep, "the schema refers to itself too often", where.at};
  if (++steps_ > steps_max) return error{errc::over_limit, "the payload takes too long to check", where.at};
  if (const auto* verdict = schema.if_bool()) {
    if (*verdict) return {};
    return fault(where.at, "nothing is allowed here");
  }
  if (!index_.is_dynamic()) return check_all(schema, where);
  const auto* const in = &index_.resource_of(schema);
  const bool entered = scope_.back() != in;
  if (entered) scope_.push_back(in);
  auto checked = check_all(schema, where);
  if (entered) scope_.pop_back();
  return checked;
}

result<void> schema_walk::check_all(const value& schema, const spot& where) {
  // Each schema keeps a list of its own: what stands beside it in an allOf is no business of its unevaluated….
  evaluated own;
  const bool asks = schema.find("unevaluatedProperties") != nullptr || schema.find("unevaluatedItems") != nullptr;
  const bool tracks = index_.has_unevaluated() && (where.seen != nullptr || asks);
  const spot here{where.item, where.at, where.depth, tracks ? &own : nullptr};
  if (auto checked = check_value(schema, here.item, here.at); !checked) return checked;
  if (auto checked = check_string(schema, here); !checked) return checked;
  if (auto checked = check_references(schema, here); !checked) return checked;
  if (auto checked = check_array(schema, here); !checked) return checked;
  if (auto checked = check_object(schema, here); !checked) return checked;
  if (auto checked = check_combined(schema, here); !checked) return checked;
  if (auto checked = check_condition(schema, here); !checked) return checked;
  if (auto checked = check_unevaluated(schema, here); !checked) return checked;
  if (where.seen != nullptr) where.seen->add(own);
  return {};
}

const value& schema_walk::target_in_scope(const schema_index::target& dynamic) const {
  if (dynamic.dynamic_anchor.empty()) return *dynamic.schema;
  for (const auto* resource : scope_) {
    const auto found = resource->dynamic_anchors.find(dynamic.dynamic_anchor);
    if (found != resource->dynamic_anchors.end()) return *found->second;
  }
  return *dynamic.schema;
}

result<void> schema_walk::check_references(const value& schema, const spot& where) {
  const spot next{where.item, where.at, where.depth + 1, where.seen};
  if (schema.find("$ref") != nullptr) {
    if (auto checked = check(*index_.ref_of(schema).schema, next); !checked) return checked;
  }
  if (schema.find("$dynamicRef") == nullptr) return {};
  return check(target_in_scope(index_.dynamic_ref_of(schema)), next);
}

result<void> schema_walk::check_string(const value& schema, const spot& where) const {
  const auto* content = where.item.if_string();
  if (content == nullptr) return {};
  if (const auto* expression = schema.find("pattern");
      expression != nullptr && !index_.pattern_at(*expression).matches(*content)) {
    return fault(where.at, "must match " + std::string(expression->as_string()));
  }
  const auto* format = assert_formats_ ? schema.find("format") : nullptr;
  if (format != nullptr && !has_format(format->as_string(), *content)) {
    return fault(where.at, "must be of the format " + std::string(format->as_string()));
  }
  return {};
}

result<void> schema_walk::check_array(const value& schema, const spot& where) {
  const auto* list = where.item.if_array();
  if (list == nullptr) return {};
  const auto* unique = schema.find("uniqueItems");
  if (unique != nullptr && unique->as_bool()) {
    std::unordered_set<std::string> known;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!known.insert(canonical((*list)[i])).second) return fault(pointer_to(where.at, i), "is there twice");
    }
  }
  const auto* first = schema.find("prefixItems");
  const auto* rest = schema.find("items");
  const std::size_t fixed = first == nullptr ? 0 : first->if_array()->size();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto* rule = i < fixed ? &(*first->if_array())[i] : rest;
    if (rule == nullptr) break;
    if (auto checked = check(*rule, {(*list)[i], pointer_to(where.at, i), where.depth + 1, nullptr}); !checked)
      return checked;
    if (where.seen != nullptr) where.seen->add(i);
  }
  return check_contains(schema, *list, where);
}

result<void> schema_walk::check_contains(const value& schema, const array& list, const spot& where) {
  const auto* wanted = schema.find("contains");
  if (wanted == nullptr) return {};
  std::size_t found = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto fitting = fits(*wanted, {list[i], where.at, where.depth + 1, nullptr});
    if (!fitting) return fitting.error();
    if (!*fitting) continue;
    ++found;
    if (where.seen != nullptr) where.seen->add(i);
  }
  const auto least = count_of(schema, "minContains", 1), most = count_of(schema, "maxContains", list.size());
  const auto tell = [&](const char* bound, std::size_t count) {
    return fault(where.at, std::string("must have at ") + bound + " " + std::to_string(count) +
                               " of the items that \"contains\" describes, and has " + std::to_string(found));
  };
  if (found < least) return tell("least", least);
  if (found > most) return tell("most", most);
  return {};
}

result<void> schema_walk::check_object(const value& schema, const spot& where) {
  const auto* members = where.item.if_object();
  if (members == nullptr) return {};
  if (const auto* required = schema.find("required")) {
    for (const auto& name : *required->if_array()) {
      if (!members->contains(name.as_string())) return fault(pointer_to(where.at, name.as_string()), "is missing");
    }
  }
  if (const auto* names = schema.find("propertyNames")) {
    for (const auto& [name, content] : *members) {
      const auto place = pointer_to(where.at, name);
      if (auto checked = check(*names, {value(name), place, where.depth + 1, nullptr}); !checked) {
        return error{checked.error().code, "has a name that is not allowed", place};
      }
    }
  }
  if (auto checked = check_members(schema, *members, where); !checked) return checked;
  return check_dependent(schema, *members, where);
}

result<void> schema_walk::check_members(const value& schema, const object& members, const spot& where) {
  const auto* properties = schema.find("properties");
  const auto* patterns = schema.find("patternProperties");
  const auto* others = schema.find("additionalProperties");
  if (properties == nullptr && patterns == nullptr && others == nullptr) return {};
  std::size_t index = 0;
  for (const auto& [name, content] : members) {
    const auto place = index++;
    const auto at = pointer_to(where.at, name);
    bool ruled = false;
    const auto apply = [&](const value& rule) {
      ruled = true;
      return check(rule, {content, at, where.depth + 1, nullptr});
    };
    if (const auto* rule = properties == nullptr ? nullptr : properties->find(name)) {
      if (auto checked = apply(*rule); !checked) return checked;
    }
    if (patterns != nullptr) {
      for (const auto& [expression, rule] : *patterns->if_object()) {
        if (!index_.pattern_at(rule).matches(name)) continue;
        if (auto checked = apply(rule); !checked) return checked;
      }
    }
    if (!ruled && others != nullptr) {
      if (auto checked = apply(*others); !checked) return checked;
    }
    if (ruled && where.seen != nullptr) where.seen->add(place);
  }
  return {};
}

result<void> schema_walk::check_dependent(const value& schema, const object& members, const spot& where) {
  if (const auto* needs = schema.find("dependentRequired")) {
    for (const auto& [name, needed] : *needs->if_object()) {
      if (!members.contains(name)) continue;
      for (const auto& other : *needed.if_array()) {
        if (!members.contains(other.as_string())) {
          return fault(pointer_to(where.at, other.as_string()), "is missing beside " + name);
        }
      }
    }
  }
  if (const auto* needs = schema.find("dependentSchemas")) {
    for (const auto& [name, rule] : *needs->if_object()) {
      if (!members.contains(name)) continue;
      if (auto checked = check(rule, {where.item, where.at, where.depth + 1, where.seen}); !checked) return checked;
    }
  }
  return {};
}

result<bool> schema_walk::fits(const value& schema, const spot& where) {
  evaluated looked_at;
  const auto checked = check(schema, {where.item, where.at, where.depth, where.seen == nullptr ? nullptr : &looked_at});
  if (!checked && checked.error().code != errc::bad_request) return checked.error();
  if (checked && where.seen != nullptr) where.seen->add(looked_at);
  return checked.has_value();
}

result<void> schema_walk::check_combined(const value& schema, const spot& where) {
  const spot next{where.item, where.at, where.depth + 1, where.seen};
  if (const auto* all = schema.find("allOf")) {
    for (const auto& part : *all->if_array()) {
      if (auto checked = check(part, next); !checked) return checked;
    }
  }
  for (const auto* name : {"anyOf", "oneOf"}) {
    const auto* parts = schema.find(name);
    if (parts == nullptr) continue;
    std::size_t fitting = 0;
    for (const auto& part : *parts->if_array()) {
      const auto fit = fits(part, next);
      if (!fit) return fit.error();
      fitting += *fit ? 1 : 0;
    }
    if (fitting == 0) return fault(where.at, "fits none of the forms allowed");
    if (fitting > 1 && name[0] == 'o') return fault(where.at, "fits more than one of the forms allowed");
  }
  if (const auto* refused = schema.find("not")) {
    const auto fit = fits(*refused, {where.item, where.at, where.depth + 1, nullptr});
    if (!fit) return fit.error();
    if (*fit) return fault(where.at, "has a form that is not allowed");
  }
  return {};
}

result<void> schema_walk::check_condition(const value& schema, const spot& where) {
  const auto* condition = schema.find("if");
  if (condition == nullptr) return {};
  const spot next{where.item, where.at, where.depth + 1, where.seen};
  const auto fit = fits(*condition, next);
  if (!fit) return fit.error();
  const auto* branch = schema.find(*fit ? "then" : "else");
  return branch == nullptr ? result<void>() : check(*branch, next);
}

result<void> schema_walk::check_unevaluated(const value& schema, const spot& where) {
  const auto sweep = [&](const value& rule, const value& content, std::size_t place, std::string at) -> result<void> {
    if (where.seen->has(place)) return {};
    if (auto checked = check(rule, {content, at, where.depth + 1, nullptr}); !checked) return checked;
    where.seen->add(place);
    return {};
  };
  const auto* others = schema.find("unevaluatedProperties");
  if (const auto* members = where.item.if_object(); others != nullptr && members != nullptr) {
    std::size_t place = 0;
    for (const auto& [name, content] : *members) {
      if (auto checked = sweep(*others, content, place++, pointer_to(where.at, name)); !checked) return checked;
    }
  }
  const auto* rest = schema.find("unevaluatedItems");
  if (const auto* list = where.item.if_array(); rest != nullptr && list != nullptr) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (auto checked = sweep(*rest, (*list)[i], i, pointer_to(where.at, i)); !checked) return checked;
    }
  }
  return {};
}

}  // namespace fanfare::domain
