#include "domain/schema/json_schema.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

value parsed(const std::string& text) { return *json::parse(text, {.depth_max = 200}); }

bool accepts(const char* schema, const char* item) {
  const auto loaded = json_schema::load(parsed(schema));
  EXPECT_TRUE(loaded) << schema << ": " << (loaded ? "" : loaded.error().detail);
  return loaded && (*loaded)->validate(parsed(item)).has_value();
}

std::string fault_at(const char* schema, const char* item) {
  const auto checked = (*json_schema::load(parsed(schema)))->validate(parsed(item));
  return checked ? "accepted" : checked.error().pointer;
}

TEST(json_schema, types) {
  EXPECT_TRUE(accepts(R"({"type":"integer"})", "1.0")) << "2020-12 §6.1.1: a number without fraction";
  EXPECT_FALSE(accepts(R"({"type":"integer"})", "1.5"));
  EXPECT_FALSE(accepts(R"({"type":"integer"})", "true"));
  EXPECT_TRUE(accepts(R"({"type":"number"})", "1"));
  EXPECT_TRUE(accepts(R"({"type":["string","null"]})", "null"));
  EXPECT_FALSE(accepts(R"({"type":["string","null"]})", "1"));
  EXPECT_TRUE(accepts(R"({"type":"boolean"})", "false"));
  EXPECT_TRUE(accepts(R"({"type":"array"})", "[]"));
  EXPECT_TRUE(accepts(R"({"type":"object"})", "{}"));
  EXPECT_FALSE(accepts(R"({"type":"object"})", "[]"));
  EXPECT_FALSE((*json_schema::load(parsed(R"({"type":"string"})")))->validate(shared_bytes(std::string("x"))));
}

TEST(json_schema, values) {
  EXPECT_TRUE(accepts(R"({"enum":[1,"a",null]})", "1.0"));
  EXPECT_FALSE(accepts(R"({"enum":[1,"a"]})", "2"));
  EXPECT_TRUE(accepts(R"({"const":{"a":[1]}})", R"({"a":[1]})"));
  EXPECT_FALSE(accepts(R"({"const":{"a":[1]}})", R"({"a":[2]})"));
}

TEST(json_schema, numbers) {
  EXPECT_TRUE(accepts(R"({"minimum":1,"maximum":2})", "1"));
  EXPECT_FALSE(accepts(R"({"minimum":1})", "0.9"));
  EXPECT_FALSE(accepts(R"({"maximum":2})", "2.1"));
  EXPECT_FALSE(accepts(R"({"exclusiveMinimum":1})", "1"));
  EXPECT_FALSE(accepts(R"({"exclusiveMaximum":1})", "1"));
  EXPECT_TRUE(accepts(R"({"exclusiveMinimum":1,"exclusiveMaximum":3})", "2"));
  EXPECT_TRUE(accepts(R"({"multipleOf":3})", "9"));
  EXPECT_FALSE(accepts(R"({"multipleOf":3})", "10"));
  EXPECT_TRUE(accepts(R"({"minimum":5})", "\"text\"")) << "rules for numbers say nothing of others";
}

TEST(json_schema, strings_count_characters) {
  EXPECT_TRUE(accepts(R"({"maxLength":2})", "\"\xc3\xa4\xc3\xb6\""));
  EXPECT_FALSE(accepts(R"({"minLength":3})", "\"\xc3\xa4\xc3\xb6\""));
  EXPECT_FALSE(accepts(R"({"maxLength":1})", "\"ab\""));
  EXPECT_TRUE(accepts(R"({"format":"date-time"})", "\"2026-01-02T03:04:05Z\""));
  EXPECT_FALSE(accepts(R"({"format":"date-time"})", "\"2026-01-02\""));
  EXPECT_FALSE(accepts(R"({"format":"email"})", "\"x\""));
  EXPECT_TRUE(accepts(R"({"format":"of-ones-own"})", "\"x\"")) << "formats of no specification annotate";
}

TEST(json_schema, arrays_and_objects) {
  EXPECT_EQ(fault_at(R"({"items":{"type":"integer"}})", "[1,\"2\"]"), "/1");
  EXPECT_EQ(fault_at(R"({"minItems":2})", "[1]"), "");
  EXPECT_EQ(fault_at(R"({"maxItems":0})", "[1]"), "");
  EXPECT_EQ(fault_at(R"({"required":["a/b"]})", "{}"), "/a~1b");
  EXPECT_EQ(fault_at(R"({"properties":{"a":{"properties":{"b~":{"type":"null"}}}}})", R"({"a":{"b~":1}})"), "/a/b~0");
  EXPECT_EQ(fault_at(R"({"properties":{"a":true},"additionalProperties":false})", R"({"a":1,"b":1})"), "/b");
  EXPECT_EQ(fault_at(R"({"additionalProperties":{"type":"string"}})", R"({"b":1})"), "/b");
  EXPECT_EQ(fault_at(R"({"minProperties":1})", "{}"), "");
  EXPECT_EQ(fault_at(R"({"maxProperties":1})", R"({"a":1,"b":2})"), "");
}

TEST(json_schema, combinations) {
  EXPECT_TRUE(accepts(R"({"anyOf":[{"type":"string"},{"minimum":5}]})", "7"));
  EXPECT_FALSE(accepts(R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "7"));
  EXPECT_TRUE(accepts(R"({"oneOf":[{"type":"string"},{"type":"null"}]})", "null"));
  EXPECT_FALSE(accepts(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "1"));
  EXPECT_FALSE(accepts(R"({"oneOf":[{"type":"string"},{"type":"null"}]})", "1"));
  EXPECT_FALSE(accepts(R"({"allOf":[{"minimum":1},{"maximum":2}]})", "3"));
  EXPECT_FALSE(accepts(R"({"not":{"type":"string"}})", "\"x\""));
  EXPECT_TRUE(accepts(R"({"not":{"type":"string"}})", "1"));
}

TEST(json_schema, references) {
  constexpr auto tree = R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","required":["name"],
      "properties":{"children":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}})";
  EXPECT_EQ(fault_at(tree, R"({"name":"a","children":[{"name":"b"},{"name":"c","children":[{}]}]})"),
            "/children/1/children/0/name");
  EXPECT_TRUE(accepts(R"({"properties":{"next":{"$ref":"#"}},"type":"object"})", R"({"next":{"next":{}}})"));
  EXPECT_FALSE(accepts(R"({"properties":{"next":{"$ref":"#"}},"type":"object"})", R"({"next":{"next":1}})"));
}

TEST(json_schema, endless_work_ends) {
  const auto loop = *json_schema::load(parsed(R"({"$ref":"#"})"));
  EXPECT_EQ(loop->validate(1).error().code, errc::too_deep);
  const auto negated = *json_schema::load(parsed(R"({"not":{"$ref":"#"}})"));
  EXPECT_EQ(negated->validate(1).error().code, errc::too_deep) << "not does not turn it into a yes";
  const auto wide = *json_schema::load(parsed(
      R"({"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}})"));
  EXPECT_FALSE(wide->validate(1));
  const auto items = *json_schema::load(parsed(R"({"items":{"type":"integer"}})"));
  EXPECT_EQ(items->validate(array(200000, 1)).error().code, errc::over_limit);
}

TEST(json_schema, a_schema_it_cannot_honour_is_refused) {
  const auto at = [](const std::string& text) {
    const auto loaded = json_schema::load(parsed(text));
    EXPECT_FALSE(loaded) << text;
    return loaded ? std::string("loaded") : loaded.error().pointer;
  };
  for (const auto* keyword : {"tpye", "dependencies", "definitions", "additionalItems"}) {
    EXPECT_EQ(at(std::string("{\"") + keyword + "\":{}}"), std::string("/") + keyword);
  }
  for (const auto* malformed : {"pattern", "uniqueItems", "prefixItems", "$dynamicRef", "$anchor", "minContains"}) {
    EXPECT_EQ(at(std::string("{\"") + malformed + "\":{}}"), std::string("/") + malformed);
  }
  EXPECT_EQ(at(R"s({"properties":{"a":{"pattern":"("}}})s"), "/properties/a/pattern");
  EXPECT_EQ(at(R"s({"patternProperties":{"(?=a)":true}})s"), "/patternProperties/(?=a)");
  EXPECT_EQ(at(R"({"dependentRequired":{"a":"b"}})"), "/dependentRequired");
  EXPECT_EQ(at(R"({"anyOf":[true,{"wrong":1}]})"), "/anyOf/1/wrong");
  EXPECT_EQ(at(R"({"$defs":{"unused":{"wrong":1}}})"), "/$defs/unused/wrong");
  EXPECT_EQ(at(R"({"type":"text"})"), "/type");
  EXPECT_EQ(at(R"({"type":[]})"), "/type");
  EXPECT_EQ(at(R"({"required":"a"})"), "/required");
  EXPECT_EQ(at(R"({"enum":1})"), "/enum");
  EXPECT_EQ(at(R"({"minimum":"1"})"), "/minimum");
  EXPECT_EQ(at(R"({"multipleOf":0})"), "/multipleOf");
  EXPECT_EQ(at(R"({"minLength":-1})"), "/minLength");
  EXPECT_EQ(at(R"({"format":1})"), "/format");
  EXPECT_EQ(at(R"({"properties":[]})"), "/properties");
  EXPECT_EQ(at(R"({"items":[]})"), "/items");
  EXPECT_EQ(at(R"({"anyOf":[]})"), "/anyOf");
  EXPECT_EQ(at(R"({"$ref":"#/$defs/none"})"), "/$ref");
  EXPECT_EQ(at(R"({"$ref":"https://example.com/schema"})"), "/$ref");
  EXPECT_EQ(at("7"), "");
}

TEST(json_schema, annotations_are_kept_and_ignored) {
  EXPECT_TRUE(accepts(R"({"$schema":"x","$id":"y","$comment":"z","title":"t","description":"d","default":1,
      "examples":[],"deprecated":true,"readOnly":true,"writeOnly":false,"x-anything":{"pattern":1}})",
                      "1"));
}

TEST(json_schema, bounds_of_the_schema_itself) {
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += R"({"not":)";
  deep += "true" + std::string(70, '}');
  EXPECT_EQ(json_schema::load(parsed(deep)).error().code, errc::too_deep);
  EXPECT_EQ(json_schema::load(object{{"anyOf", array(10001, true)}}).error().code, errc::over_limit);
}

}  // namespace
}  // namespace fanfare::domain
