#include "domain/catalogue/schema_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fanfare/base/json.hpp>

#include "domain/catalogue/catalogue.hpp"
#include "domain/catalogue/catalogue_formats.hpp"

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

value parsed(const std::string& text) { return *json::parse(text); }

/// As the tool wrote it: pydantic 2.14, zod 4.6 and TypeBox 0.34, from the same declaration.
std::string schema_of(const std::string& tool) {
  std::ifstream file(std::string(FANFARE_TEST_SCHEMAS) + "/" + tool + ".json", std::ios::binary);
  EXPECT_TRUE(file) << tool;
  return {std::istreambuf_iterator<char>(file), {}};
}

field named(const std::vector<field>& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [name](const field& each) { return each.name == name; });
  EXPECT_NE(found, fields.end()) << name;
  return found == fields.end() ? field{} : *found;
}

class tools : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(schema_fields, tools, testing::Values("pydantic", "zod", "typebox"),
                         [](const auto& tool) { return std::string(tool.param); });

TEST_P(tools, are_read_alike) {
  const auto fields = fields_of(parsed(schema_of(GetParam())));
  ASSERT_EQ(fields.size(), 10U);
  EXPECT_EQ(named(fields, "task_id").kind, field_kind::string);
  EXPECT_THAT(named(fields, "priority").values, ElementsAre("low", "high"));
  EXPECT_THAT(named(fields, "state").values, ElementsAre("open"));
  const auto assignee = named(fields, "assignee");
  EXPECT_EQ(assignee.kind, field_kind::string);
  EXPECT_TRUE(assignee.nullable);
  EXPECT_FALSE(assignee.required);
  EXPECT_EQ(named(fields, "tags").items.at(0).kind, field_kind::string);
  const auto note = named(fields, "notes").items.at(0);
  EXPECT_TRUE(named(note.members, "text").required);
  EXPECT_EQ(named(note.members, "pinned").kind, field_kind::boolean);
  EXPECT_EQ(named(fields, "estimate").alternatives.size(), 2U);
  EXPECT_THAT(named(fields, "level").choices, ElementsAre(value(1), value(2)));
  EXPECT_EQ(named(fields, "due").kind, field_kind::time);
  EXPECT_EQ(named(fields, "meta").kind, field_kind::object);
}

TEST_P(tools, become_types_of_each_language) {
  catalogue all;
  const auto added = all.add_schema(schema_of(GetParam()));
  ASSERT_TRUE(added) << added.error().detail << " at " << added.error().pointer;
  const auto scripts = typescript(all);
  for (const auto* line :
       {"priority: \"low\" | \"high\";", "state: \"open\";", "assignee?: string | null;", "tags: string[];",
        "notes: ({ text: string; pinned?: boolean; [extra: string]: unknown })[];", "estimate: number | string;",
        "level: 1 | 2;"}) {
    EXPECT_THAT(scripts, HasSubstr(line));
  }
  const auto methods = python(all);
  for (const auto* line :
       {"priority: Literal[\"low\", \"high\"],", "assignee: str | None = None,", "tags: Sequence[str],",
        "notes: Sequence[Mapping[str, Any]],", "estimate: int | str,", "level: Literal[1, 2],"}) {
    EXPECT_THAT(methods, HasSubstr(line));
  }
  const auto headers = cpp(all);
  for (const auto* line :
       {"required<task_priority> priority;", "maybe<std::string> assignee = {};", "required<value> estimate;"}) {
    EXPECT_THAT(headers, HasSubstr(line));
  }
}

TEST(schema_fields, what_has_no_simple_shape_is_any) {
  const auto fields = fields_of(parsed(R"({"properties":{"free":{},"yes":true,"wrong":{"$ref":"#/$defs/none"},
      "loop":{"$ref":"#/properties/loop"},"null":{"type":"null"},"enum":{"enum":["a",1,null]},"both":{"type":["string","integer","null"]},
      "described":{"allOf":[{"$ref":"#/$defs/kind"}],"description":"Which."}},"$defs":{"kind":{"enum":["x"],"description":"A kind."}}})"));
  for (const auto* name : {"free", "yes", "wrong", "loop", "null"})
    EXPECT_EQ(named(fields, name).kind, field_kind::any) << name;
  EXPECT_TRUE(named(fields, "enum").nullable);
  EXPECT_THAT(named(fields, "enum").choices, ElementsAre(value("a"), value(1)));
  EXPECT_TRUE(named(fields, "enum").values.empty());
  EXPECT_EQ(named(fields, "both").alternatives.size(), 2U);
  EXPECT_TRUE(named(fields, "both").nullable);
  EXPECT_THAT(named(fields, "described").values, ElementsAre("x"));
  EXPECT_EQ(named(fields, "described").description, "Which.");
}

TEST(schema_fields, required_and_null_is_a_value_in_cpp) {
  catalogue all;
  ASSERT_TRUE(all.add_schema(
      R"({"title":"a.b","type":"object","properties":{"x":{"type":["string","null"]}},"required":["x"]})"));
  EXPECT_THAT(cpp(all), HasSubstr("required<value> x;"));
  EXPECT_THAT(typescript(all), HasSubstr("x: string | null;"));
  EXPECT_THAT(python(all), HasSubstr("x: str | None,"));
}

}  // namespace
}  // namespace fanfare::domain
