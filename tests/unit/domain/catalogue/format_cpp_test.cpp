// What the generated header does is tested beside it: sdk/cpp/tests compiles it. Here: words that do their worst.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/catalogue/catalogue_formats.hpp"

namespace fanfare::domain {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FormatCpp, HasAStructAndAMethodForEachDomainEvent) {
  const catalogue all;
  const auto text = cpp(all);
  for (const auto& type : all.types()) {
    const auto name = snake_case(type.name);
    const bool sent = type.category == event_category::domain;
    const auto held = [sent](const std::string& part) {
      return sent ? testing::Matcher<std::string>(HasSubstr(part))
                  : testing::Matcher<std::string>(Not(HasSubstr(part)));
    };
    EXPECT_THAT(text, held("\nstruct " + name + " {\n"));
    EXPECT_THAT(text, held(" broadcast_" + name + "(const " + name + "& event,"));
  }
  EXPECT_THAT(text, HasSubstr("enum class agent_status : std::uint8_t { idle, busy, offline, error };"));
  EXPECT_THAT(text, HasSubstr("  required<agent_status> status;  //"));
  EXPECT_THAT(text, HasSubstr("  maybe<agent_status> previous_status = {};"));
  EXPECT_EQ(text, cpp(all));
}

TEST(FormatCpp, EscapesWhatADeploymentNamesItsOwn) {
  catalogue all;
  const auto added = all.add_schema(R"({"title":"odd.type-1","description":"Ends here.\nint x; \\",
      "type":"object","properties":{"class":{"type":"string","description":"a \\\n b"},"1st-thing":{"type":"integer"},
      "_hidden":{"type":"boolean"},"extra":{"type":"object"},"odd.type-1":{"type":"array"},"when":{"type":"string","format":"date-time"},
      "kind":{"type":"string","enum":["a\"b","new"]}},"required":["class"],"x-fanfare-rooms":["global"]})");
  ASSERT_TRUE(added) << added.error().detail;
  const auto text = cpp(all);
  EXPECT_THAT(text, HasSubstr("\n/// Ends here. int x;  \nstruct odd_type_1 {\n"));
  EXPECT_THAT(text, HasSubstr("  required<std::string> class_;  // a    b\n"));
  EXPECT_THAT(text, HasSubstr("  maybe<std::int64_t> n1st_thing = {};\n"));
  EXPECT_THAT(text, HasSubstr("  maybe<bool> hidden = {};\n"));
  EXPECT_THAT(text, HasSubstr("  maybe<object> extra_ = {};\n"));
  EXPECT_THAT(text, HasSubstr("  maybe<std::string> when = {};\n"));
  EXPECT_THAT(text, HasSubstr("enum class odd_kind : std::uint8_t { a_b, new_ };"));
  EXPECT_THAT(text, HasSubstr("{\"a\\\"b\", \"new\"}"));
  EXPECT_THAT(text, HasSubstr("set_field(out, \"class\", class_);"));
}

}  // namespace
}  // namespace fanfare::domain
