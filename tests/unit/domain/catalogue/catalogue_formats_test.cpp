#include "domain/catalogue/catalogue_formats.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fanfare/base/json.hpp>

#include "domain/catalogue/client_commands.hpp"
#include "domain/schema/json_schema.hpp"

namespace fanfare::domain {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The built-in types and one whose words do their worst.
catalogue hostile() {
  catalogue all;
  const auto added = all.add_schema(R"({"title":"odd.type-1","description":"Ends */ the | comment \"\"\" \\ here.\n# x",
      "type":"object","properties":{"class":{"type":"string","description":"*/ \"\"\" |"},
      "1st-thing":{"type":"integer"},"time":{"type":"string","format":"date-time"},
      "kind":{"type":"string","enum":["a\"b","c"]}},"required":["class"],"x-fanfare-rooms":["global"],
      "x-fanfare-kept":false,"x-fanfare-conflate":["class"]})");
  EXPECT_TRUE(added) << (added ? "" : added.error().detail);
  return all;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

/// Every "$ref" must lead somewhere in the document.
void check_references(const value& item, const value& document) {
  if (const auto* members = item.if_object()) {
    for (const auto& [name, content] : *members) {
      if (name == "$ref" && content.if_string() != nullptr) {
        ASSERT_TRUE(content.as_string().starts_with("#/")) << content.as_string();
        EXPECT_NE(document.at_pointer(content.as_string().substr(1)), nullptr) << content.as_string();
      }
      check_references(content, document);
    }
  }
  if (const auto* items = item.if_array()) {
    for (const auto& each : *items) check_references(each, document);
  }
}

TEST(catalogue_formats, names) {
  EXPECT_EQ(pascal_case("project.updated"), "ProjectUpdated");
  EXPECT_EQ(pascal_case("ai.analysis_complete"), "AiAnalysisComplete");
  EXPECT_EQ(snake_case("project.updated"), "project_updated");
  EXPECT_EQ(snake_case("odd.type-1"), "odd_type_1");
}

TEST(catalogue_formats, a_schema_says_what_validation_does) {
  for (const auto& type : built_in_event_types()) {
    SCOPED_TRACE(type.name);
    auto document = json_schema_of(type);
    EXPECT_EQ(document.find("$id")->as_string(), "/api/v1/schemas/" + type.name);
    const auto schema = json_schema::load(document);
    ASSERT_TRUE(schema) << schema.error().detail;
    EXPECT_TRUE((*schema)->validate(type.example));
    for (const auto& field : type.fields) {
      auto data = type.example;
      data.if_object()->erase(field.name);
      EXPECT_EQ((*schema)->validate(data).has_value(), validate(type, data).has_value()) << field.name;
      for (const auto& other : std::vector<value>{nullptr, true, -1, 0, 1, 0.5, 101, "", "x", "idle",
                                                  "2026-01-02T03:04:05Z", array{}, object{}, std::string(129, 'x')}) {
        data.if_object()->set(field.name, other);
        EXPECT_EQ((*schema)->validate(data).has_value(), validate(type, data).has_value())
            << field.name << " = " << json::write(other);
      }
    }
  }
}

TEST(catalogue_formats, a_deployments_schema_is_given_as_it_is) {
  const auto all = hostile();
  const auto document = json_schema_of(*all.find("odd.type-1"));
  EXPECT_EQ(document.find("$schema")->as_string(), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_NE(document.find("x-fanfare-rooms"), nullptr);
  EXPECT_TRUE(json_schema::load(document));
}

TEST(catalogue_formats, the_bundle_holds_every_type) {
  const auto all = hostile();
  const auto bundle = json_schema_bundle(all);
  EXPECT_EQ(bundle.find("$defs")->if_object()->size(), 24U);
  EXPECT_EQ(bundle.find("oneOf")->if_array()->size(), 24U);
  check_references(bundle, bundle);
}

TEST(catalogue_formats, asyncapi_names_every_event_and_command) {
  const auto all = hostile();
  const auto document = asyncapi_document(all, "1.2.3");
  EXPECT_EQ(document.find("asyncapi")->as_string(), "3.0.0");
  EXPECT_EQ(document.at_pointer("/info/version")->as_string(), "1.2.3");
  check_references(document, document);
  const auto* messages = document.at_pointer("/components/messages");
  for (const auto& type : all.types()) EXPECT_NE(messages->find(type.name), nullptr) << type.name;
  for (const auto& command : client_commands) EXPECT_NE(messages->find(command.name), nullptr) << command.name;
  EXPECT_EQ(document.at_pointer("/operations/sendEvents/messages")->if_array()->size(), 24U);
  EXPECT_EQ(document.at_pointer("/operations/receiveSubscribe/reply/messages/0/$ref")->as_string(),
            "#/channels/socket/messages/subscribed");
  EXPECT_EQ(document.at_pointer("/operations/receivePresence/reply"), nullptr);
}

TEST(catalogue_formats, typescript_types_every_event_and_command) {
  const auto text = typescript(hostile());
  EXPECT_EQ(occurrences(text, "\nexport interface ProjectUpdated {"), 1U);
  EXPECT_THAT(text, HasSubstr("  project_id: string;\n"));
  EXPECT_THAT(text, HasSubstr("  name?: string;\n"));
  EXPECT_THAT(text, HasSubstr("  status: \"idle\" | \"busy\" | \"offline\" | \"error\";\n"));
  EXPECT_THAT(text, HasSubstr("  \"1st-thing\"?: number;\n"));
  EXPECT_THAT(text, HasSubstr("  kind?: \"a\\\"b\" | \"c\";\n"));
  EXPECT_THAT(text, HasSubstr("  \"odd.type-1\": OddType1;\n"));
  EXPECT_THAT(text, HasSubstr("export type ServerToClientEvents"));
  EXPECT_THAT(text, HasSubstr("  \"auth.refresh\": (request: RefreshRequest, ack?: "));
  EXPECT_EQ(occurrences(text, "/**"), occurrences(text, "*/")) << "no text ends a comment early";
  EXPECT_EQ(text.back(), '\n');
}

TEST(catalogue_formats, python_has_a_method_a_domain_event) {
  const auto text = python(hostile());
  EXPECT_EQ(occurrences(text, "    async def broadcast_"), 18U);
  EXPECT_THAT(text, HasSubstr("    async def broadcast_ai_analysis_complete(\n        self,\n        *,\n"
                              "        project_id: str,\n        analysis_id: str,\n        summary: str,\n"));
  EXPECT_THAT(text, HasSubstr("confidence: float | None = None,"));
  EXPECT_THAT(text, HasSubstr("        _class: str,\n"));
  EXPECT_THAT(text, HasSubstr("        _1st_thing: int | None = None,\n"));
  EXPECT_THAT(text, HasSubstr("        _time: str | datetime | None = None,\n"));
  EXPECT_THAT(text, HasSubstr("            data[\"1st-thing\"] = _1st_thing\n"));
  EXPECT_THAT(text, Not(HasSubstr("broadcast_pong")));
  EXPECT_EQ(occurrences(text, "\"\"\"") % 2, 0U);
}

TEST(catalogue_formats, pages_for_people) {
  const auto page = markdown(hostile());
  for (const auto& type : built_in_event_types()) EXPECT_THAT(page, HasSubstr("\n## " + type.name + "\n"));
  EXPECT_THAT(page, HasSubstr("| `progress` | number, 0 to 100 | yes |"));
  EXPECT_THAT(page, HasSubstr("| `number` | integer, at least 1 | yes |"));
  EXPECT_THAT(page, HasSubstr("Rooms: `user:{user_id}` or else `project:{project_id}`."));
  EXPECT_THAT(page, HasSubstr("Not kept in the history."));
  EXPECT_THAT(page, HasSubstr("*/ \"\"\" \\| |"));
  const auto lines = table(hostile());
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 25);
  EXPECT_THAT(lines, HasSubstr("odd.type-1"));
}

TEST(catalogue_formats, are_the_same_every_time) {
  EXPECT_EQ(typescript(catalogue()), typescript(catalogue()));
  EXPECT_EQ(python(catalogue()), python(catalogue()));
  EXPECT_EQ(json::write(json_schema_bundle(catalogue())), json::write(json_schema_bundle(catalogue())));
}

}  // namespace
}  // namespace fanfare::domain
