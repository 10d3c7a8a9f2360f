#include "domain/schema/schema_walk.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

/// Where the fault is; "fits" when there is none.
std::string verdict(const char* schema_text, const char* item_text) {
  const auto schema = *json::parse(schema_text);
  schema_index index;
  if (const auto built = index.build(schema, {}); !built) return "no schema: " + built.error().detail;
  const auto checked = schema_walk(index, true).run(schema, *json::parse(item_text));
  return checked ? "fits" : checked.error().pointer + ": " + checked.error().detail;
}

TEST(schema_walk, conditions) {
  const auto* schema = R"({"if":{"properties":{"kind":{"const":"a"}},"required":["kind"]},"then":{"required":["x"]},
      "else":{"required":["y"]}})";
  EXPECT_EQ(verdict(schema, R"({"kind":"a"})"), "/x: is missing");
  EXPECT_EQ(verdict(schema, R"({"kind":"b"})"), "/y: is missing");
  EXPECT_EQ(verdict(schema, R"({"y":1})"), "fits");
}

TEST(schema_walk, dependent_members) {
  EXPECT_EQ(verdict(R"({"dependentRequired":{"a":["b"]}})", R"({"a":1})"), "/b: is missing beside a");
  EXPECT_EQ(verdict(R"({"dependentSchemas":{"a":{"maxProperties":1}}})", R"({"a":1,"b":2})"),
            ": must have at most 1 property");
}

TEST(schema_walk, members_by_pattern_and_name) {
  const auto* schema = R"({"patternProperties":{"^n_":{"type":"integer"}},"additionalProperties":false})";
  EXPECT_EQ(verdict(schema, R"({"n_a":1})"), "fits");
  EXPECT_EQ(verdict(schema, R"({"n_a":"1"})"), "/n_a: must be an integer");
  EXPECT_EQ(verdict(schema, R"({"m":1})"), "/m: nothing is allowed here");
  EXPECT_EQ(verdict(R"({"propertyNames":{"maxLength":2}})", R"({"abc":1})"), "/abc: has a name that is not allowed");
}

TEST(schema_walk, arrays) {
  EXPECT_EQ(verdict(R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2.0,"a":1}])"), "/1: is there twice");
  EXPECT_EQ(verdict(R"({"prefixItems":[{"type":"string"}],"items":{"type":"integer"}})", R"(["a",1,"b"])"),
            "/2: must be an integer");
  EXPECT_EQ(verdict(R"({"contains":{"const":1},"minContains":2})", "[1,2]"),
            ": must have at least 2 of the items that \"contains\" describes, and has 1");
  EXPECT_EQ(verdict(R"({"contains":{"const":1},"maxContains":1})", "[1,1]"),
            ": must have at most 1 of the items that \"contains\" describes, and has 2");
}

TEST(schema_walk, what_nobody_has_looked_at) {
  const auto* schema =
      R"({"allOf":[{"properties":{"a":true}}],"anyOf":[{"required":["b"],"properties":{"b":true}},true],
      "unevaluatedProperties":false})";
  EXPECT_EQ(verdict(schema, R"({"a":1,"b":2})"), "fits");
  EXPECT_EQ(verdict(schema, R"({"a":1,"c":2})"), "/c: nothing is allowed here");
  EXPECT_EQ(verdict(R"({"allOf":[{"properties":{"a":true}},{"unevaluatedProperties":false}]})", R"({"a":1})"),
            "/a: nothing is allowed here")
      << "what stands beside is not looked into";
  EXPECT_EQ(verdict(R"({"prefixItems":[true],"contains":{"const":7},"unevaluatedItems":false})", "[1,7]"), "fits");
  EXPECT_EQ(verdict(R"({"prefixItems":[true],"unevaluatedItems":false})", "[1,7]"), "/1: nothing is allowed here");
}

TEST(schema_walk, strings_by_pattern_and_format) {
  EXPECT_EQ(verdict(R"({"pattern":"^a+$"})", "\"b\""), ": must match ^a+$");
  EXPECT_EQ(verdict(R"({"format":"uuid"})", "\"b\""), ": must be of the format uuid");
  EXPECT_EQ(verdict(R"({"format":"uuid"})", "7"), "fits");
}

TEST(schema_walk, dynamic_references_see_who_refers) {
  const auto* schema =
      R"({"$id":"https://a.example/strict","$ref":"tree","$dynamicAnchor":"node","unevaluatedProperties":false,
      "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","properties":{"kids":{"items":{"$dynamicRef":"#node"}}}}}})";
  EXPECT_EQ(verdict(schema, R"({"kids":[{"kids":[]}]})"), "fits");
  EXPECT_EQ(verdict(schema, R"({"kids":[{"kisd":[]}]})"), "/kids/0/kisd: nothing is allowed here");
}

}  // namespace
}  // namespace fanfare::domain
