#include "domain/schema/simple_keywords.hpp"

#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

bool holds(const char* schema, const char* item) {
  return check_value(*json::parse(schema), *json::parse(item), "/x").has_value();
}

TEST(simple_keywords, multiples_of_decimal_fractions) {
  EXPECT_TRUE(holds(R"({"multipleOf":0.0001})", "0.0075"));
  EXPECT_FALSE(holds(R"({"multipleOf":0.0001})", "0.00751"));
  EXPECT_TRUE(holds(R"({"multipleOf":0.01})", "19.99"));
  EXPECT_FALSE(holds(R"({"multipleOf":2})", "1000000000001"));
  EXPECT_FALSE(holds(R"({"multipleOf":0.123456789})", "1e308"));
  EXPECT_TRUE(holds(R"({"multipleOf":0.5})", "1e308"));
}

TEST(simple_keywords, counts_may_be_written_as_decimals) {
  EXPECT_FALSE(holds(R"({"minLength":2.0})", "\"a\""));
  EXPECT_EQ(count_of(*json::parse(R"({"maxItems":3.0})"), "maxItems", 7), 3U);
  EXPECT_EQ(count_of(*json::parse("{}"), "maxItems", 7), 7U);
  EXPECT_GT(count_of(*json::parse(R"({"maxItems":1e300})"), "maxItems", 7), 1000000U);
}

TEST(simple_keywords, faults_name_their_place) {
  EXPECT_EQ(check_value(*json::parse(R"({"type":"string"})"), 1, "/x").error().pointer, "/x");
}

TEST(simple_keywords, faults_say_what_is_right) {
  const auto says = [](const char* schema, const char* item) {
    return check_value(*json::parse(schema), *json::parse(item), "").error().detail;
  };
  EXPECT_EQ(says(R"({"type":"string"})", "1"), "must be a string");
  EXPECT_EQ(says(R"({"type":["integer","null"]})", "true"), "must be an integer or null");
  EXPECT_EQ(says(R"({"enum":["a",1,null]})", "\"b\""), R"(must be one of "a", 1, null)");
  EXPECT_EQ(says(R"({"const":"a"})", "1"), R"(must be "a")");
  EXPECT_EQ(says(R"({"minimum":0.5})", "0"), "must be at least 0.5");
  EXPECT_EQ(says(R"({"exclusiveMinimum":1})", "1"), "must be more than 1");
  EXPECT_EQ(says(R"({"maximum":1})", "2"), "must be at most 1");
  EXPECT_EQ(says(R"({"exclusiveMaximum":1})", "1"), "must be less than 1");
  EXPECT_EQ(says(R"({"multipleOf":3})", "1"), "must be a multiple of 3");
  EXPECT_EQ(says(R"({"minLength":2})", "\"\""), "must have at least 2 characters");
  EXPECT_EQ(says(R"({"maxItems":1})", "[1,2]"), "must have at most 1 item");
  EXPECT_EQ(says(R"({"minProperties":2})", "{}"), "must have at least 2 properties");
}

TEST(simple_keywords, choices_are_told_within_a_bound) {
  array many;
  for (int n = 0; n < 1000; ++n) many.emplace_back("choice " + std::to_string(n));
  const auto text = one_of(many);
  EXPECT_LT(text.size(), 210U);
  EXPECT_TRUE(text.starts_with("one of \"choice 0\", \"choice 1\", "));
  EXPECT_TRUE(text.ends_with("…"));
}

TEST(simple_keywords, canonical_texts_are_equal_for_equal_values) {
  const auto text = [](const char* item) { return canonical(*json::parse(item)); };
  EXPECT_EQ(text(R"({"a":1,"b":[2.0]})"), text(R"({"b":[2],"a":1.0})"));
  EXPECT_NE(text("1"), text("true"));
  EXPECT_NE(text("[\"1,2\"]"), text("[\"1\",\"2\"]"));
  EXPECT_NE(text("0"), text("false"));
  EXPECT_NE(text("[[1],2]"), text("[[1,2]]"));
}

}  // namespace
}  // namespace fanfare::domain
