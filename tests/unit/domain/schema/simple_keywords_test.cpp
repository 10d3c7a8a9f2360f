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
