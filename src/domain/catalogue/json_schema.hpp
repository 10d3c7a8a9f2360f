#pragma once

// A bounded subset of JSON Schema 2020-12 for a deployment's own event types. Pure.
//
// Honoured: type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, minimum,
// maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, minLength, maxLength, minProperties,
// maxProperties, anyOf, oneOf, allOf, not, $ref ("#", "#/$defs/…"), $defs, format (date-time; others annotate).
// Ignored as annotations: $schema, $id, $comment, title, description, default, examples, deprecated, readOnly,
// writeOnly, x-*. Every other keyword is refused at load: a rule that is not kept must not look as if it were.

#include <memory>
#include <string_view>

#include <fanfare/base/error.hpp>
#include <fanfare/base/value.hpp>

namespace fanfare::domain {

class json_schema {
 public:
  /// Fails: bad_request with the pointer into the schema; too_deep; over_limit (more than 10,000 subschemas).
  [[nodiscard]] static result<std::shared_ptr<const json_schema>> load(value document);

  /// Fails: bad_request with the pointer into `item`; too_deep when references recurse past 64 on one value.
  [[nodiscard]] result<void> validate(const value& item) const;
  [[nodiscard]] const value& document() const noexcept { return document_; }

 private:
  explicit json_schema(value document) : document_(std::move(document)) {}
  value document_;
};

}  // namespace fanfare::domain
