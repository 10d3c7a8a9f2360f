// Schemas of any shape load or are refused with a place; validating ends, whatever refers to what. An input is a
// schema, a line break, a value.
#include <fanfare/base/json.hpp>

#include "domain/schema/json_schema.hpp"
#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  using fuzz::require;
  auto text = fuzz::as_text(data, size);
  auto document = json::parse(fuzz::take_until(text, '\n'));
  if (!document) return 0;
  const auto schema = domain::json_schema::load(*document);
  if (!schema) {
    require(schema.error().pointer.empty() || schema.error().pointer.front() == '/', "a place is a JSON Pointer");
    return 0;
  }
  require((*schema)->document() == *document, "the document is kept");
  const auto item = json::parse(text);
  if (!item) return 0;
  const auto verdict = (*schema)->validate(*item);
  require((*schema)->validate(*item).has_value() == verdict.has_value(), "the same verdict twice");
  if (!verdict) {
    const auto& pointer = verdict.error().pointer;
    require(pointer.empty() || pointer.front() == '/', "a place is a JSON Pointer");
  }
  return 0;
}
