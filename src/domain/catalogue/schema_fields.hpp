#pragma once

// A deployment's JSON Schema -> the fields that pages and SDKs show. Pure. The schema itself is what validates.
// Inbound: catalogue. Outbound: catalogue_formats.

#include <vector>

#include <fanfare/base/value.hpp>

#include "domain/catalogue/event_type.hpp"

namespace fanfare::domain {

/// Of the document's `properties`, as pydantic, zod and TypeBox write them: references within the document,
/// enumerations with or without a type, constants, lists of types, anyOf and oneOf with and without null. What is none
/// of these is of kind `any`.
[[nodiscard]] std::vector<field> fields_of(const value& document);

}  // namespace fanfare::domain
