#pragma once

// JSON Schema 2020-12, for a deployment's own event types. Pure.
//
// Every keyword of the dialect is kept; `format` is asserted; annotations (title, default, content…) say nothing.
// Others are refused when a schema is loaded, but for x-*: a rule that is not kept must not look as if it were. A
// reference must lead to somewhere in the same document: nothing is fetched.

#include <memory>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::domain {

class schema_index;

struct json_schema_options {
  bool refuse_unknown_keywords = true;
  bool assert_formats = true;  // false: they annotate (validation §7.2.1)
};

/// Thread: any.
class json_schema {
 public:
  /// Fails: bad_request with the pointer into the schema; too_deep; over_limit (more than 10,000 subschemas).
  [[nodiscard]] static result<std::shared_ptr<const json_schema>> load(value document,
                                                                       const json_schema_options& options = {});
  ~json_schema();
  json_schema(const json_schema&) = delete;
  json_schema& operator=(const json_schema&) = delete;

  /// Fails: bad_request with the pointer into `item`; too_deep when references recurse past 64 on one value;
  /// over_limit when one payload costs more than 100,000 steps.
  [[nodiscard]] result<void> validate(const value& item) const;
  [[nodiscard]] const value& document() const noexcept { return document_; }

 private:
  json_schema(value document, const json_schema_options& options);
  value document_;
  json_schema_options options_;
  std::unique_ptr<schema_index> index_;
};

}  // namespace fanfare::domain
