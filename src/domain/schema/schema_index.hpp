#pragma once

// A schema document, looked through once: every keyword's shape checked, identifiers and references resolved, patterns
// compiled. Pure. Inbound: json_schema. Outbound: schema_walk.

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

#include "domain/schema/json_schema.hpp"
#include "domain/schema/pattern.hpp"

namespace fanfare::domain {

/// Names places in the document it was made of, which must not move. Thread: any, once built.
class schema_index {
 public:
  /// A schema resource: the document, or what has an $id of its own (core §4.3.5).
  struct resource {
    std::string uri;
    const value* root;
    std::unordered_map<std::string, const value*> anchors, dynamic_anchors;
  };
  struct target {
    const value* schema = nullptr;
    std::string dynamic_anchor;  // of a $dynamicRef that looks through the dynamic scope; else ""
  };

  /// Fails: bad_request with the pointer into the schema; too_deep; over_limit (more than 10,000 subschemas).
  [[nodiscard]] result<void> build(const value& document, const json_schema_options& options);

  /// Of the schema object that holds the keyword.
  [[nodiscard]] const target& ref_of(const value& schema) const { return refs_.at(&schema); }
  [[nodiscard]] const target& dynamic_ref_of(const value& schema) const { return dynamic_refs_.at(&schema); }
  /// Of a `pattern`, or of the schema behind a name of patternProperties.
  [[nodiscard]] const pattern& pattern_at(const value& holder) const { return patterns_.at(&holder); }
  [[nodiscard]] const resource& resource_of(const value& schema) const { return *resources_of_.at(&schema); }
  /// Whether any keyword asks which members or items have been looked at, or for the dynamic scope.
  [[nodiscard]] bool has_unevaluated() const noexcept { return has_unevaluated_; }
  [[nodiscard]] bool is_dynamic() const noexcept { return !dynamic_refs_.empty(); }

 private:
  struct pending {
    const value* schema;
    std::string reference, at;
    const resource* from;
    bool dynamic;
    unsigned depth;
  };
  [[nodiscard]] result<void> check(const value& schema, const std::string& at, resource* in, unsigned depth);
  [[nodiscard]] result<void> check_member(const value& schema, const member& entry, const std::string& at, resource* in,
                                          unsigned depth);
  [[nodiscard]] result<void> check_map(const value& item, const std::string& at, resource* in, unsigned depth,
                                       bool by_pattern);
  [[nodiscard]] result<void> check_list(const value& item, const std::string& at, resource* in, unsigned depth);
  [[nodiscard]] result<void> add_pattern(std::string_view expression, const value& holder, const std::string& at);
  [[nodiscard]] result<resource*> enter(const value& schema, const std::string& at, resource* in);
  [[nodiscard]] result<void> resolve(const pending& open);
  [[nodiscard]] const value* find(const resource& from, std::string_view reference, resource** owner);

  json_schema_options options_;
  std::size_t seen_ = 0;
  bool has_unevaluated_ = false;
  std::deque<resource> resources_;
  std::unordered_map<std::string, resource*> by_uri_;
  std::unordered_map<const value*, resource*> resources_of_;
  std::unordered_map<const value*, target> refs_, dynamic_refs_;
  std::unordered_map<const value*, pattern> patterns_;
  std::deque<pending> pending_;
};

}  // namespace fanfare::domain
