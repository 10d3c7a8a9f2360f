#include "domain/schema/schema_index.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

value parsed(const char* text) { return *json::parse(text); }

std::string fault(const char* text) {
  const auto document = parsed(text);
  schema_index index;
  const auto built = index.build(document, {});
  return built ? "built" : built.error().pointer + ": " + built.error().detail;
}

TEST(schema_index, finds_what_references_lead_to) {
  const auto document = parsed(R"({"$id":"https://a.example/root","$ref":"inner#x","$defs":{
      "b":{"$id":"inner","$defs":{"c":{"$anchor":"x"}}},"d":{"$ref":"#/$defs/b/$defs/c"},"e":{"$ref":"#/$defs/f~1g%25"},
      "f/g%":true}})");
  schema_index index;
  ASSERT_TRUE(index.build(document, {}));
  const auto* anchored = document.at_pointer("/$defs/b/$defs/c");
  EXPECT_EQ(index.ref_of(document).schema, anchored);
  EXPECT_EQ(index.ref_of(*document.at_pointer("/$defs/d")).schema, anchored);
  EXPECT_EQ(index.ref_of(*document.at_pointer("/$defs/e")).schema, document.at_pointer("/$defs/f~1g%"));
  EXPECT_EQ(index.resource_of(*anchored).uri, "https://a.example/inner");
  EXPECT_FALSE(index.has_unevaluated());
  EXPECT_FALSE(index.is_dynamic());
}

TEST(schema_index, looks_through_places_that_only_a_reference_makes_schemas) {
  EXPECT_EQ(fault(R"({"$ref":"#/examples/0","examples":[{"type":"nonsense"}]})"),
            "/$ref/type: a type or a list of types is needed");
}

TEST(schema_index, dynamic_references_begin_at_dynamic_anchors) {
  const auto document =
      parsed(R"({"$dynamicAnchor":"n","properties":{"a":{"$dynamicRef":"#n"},"b":{"$dynamicRef":"#/$defs/c"}},
      "$defs":{"c":{"unevaluatedItems":false}}})");
  schema_index index;
  ASSERT_TRUE(index.build(document, {}));
  EXPECT_EQ(index.dynamic_ref_of(*document.at_pointer("/properties/a")).dynamic_anchor, "n");
  EXPECT_EQ(index.dynamic_ref_of(*document.at_pointer("/properties/b")).dynamic_anchor, "");
  EXPECT_TRUE(index.is_dynamic());
  EXPECT_TRUE(index.has_unevaluated());
}

TEST(schema_index, says_what_is_wrong_and_where) {
  EXPECT_EQ(fault(R"({"$ref":"other.json"})"), "/$ref: \"other.json\" is not in this document, and nothing is fetched");
  EXPECT_EQ(fault(R"({"properties":{"a":{"$ref":"#nowhere"}}})"),
            "/properties/a/$ref: \"#nowhere\" is not in this document, and nothing is fetched");
  EXPECT_EQ(fault(R"({"$id":"a#b"})"), "/$id: an $id has no fragment");
  EXPECT_EQ(fault(R"({"x-own":1,"title":"t"})"), "built");
}

}  // namespace
}  // namespace fanfare::domain
