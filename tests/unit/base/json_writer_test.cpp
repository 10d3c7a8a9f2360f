#include <gtest/gtest.h>

#include <limits>
#include <string>

#include <fanfare/base/json.hpp>

namespace fanfare {
namespace {

TEST(json_writer, writes_every_kind) {
  const value item = object{{"null", nullptr},
                            {"yes", true},
                            {"no", false},
                            {"integer", -42},
                            {"real", 0.1},
                            {"decimal", decimal{"1.00"}},
                            {"text", "a"},
                            {"list", array{1, array{}, object{}}},
                            {"bytes", shared_bytes::copy("x")}};
  EXPECT_EQ(json::write(item), R"({"null":null,"yes":true,"no":false,"integer":-42,"real":0.1,"decimal":1.00,)"
                               R"("text":"a","list":[1,[],{}],"bytes":null})");
}

TEST(json_writer, numbers_that_json_lacks_are_null) {
  EXPECT_EQ(json::write(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(json::write(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(json::write(-std::numeric_limits<double>::infinity()), "null");
}

TEST(json_writer, escapes_what_json_stringify_escapes) {
  EXPECT_EQ(json::write(std::string_view("\0\x01\x1f\x7f\"\\/\b\f\n\r\t\v", 13)),
            "\"\\u0000\\u0001\\u001f\x7f\\\"\\\\/\\b\\f\\n\\r\\t\\u000b\"");
  EXPECT_EQ(json::write("\u2028\u2029é€😀"), "\"\u2028\u2029é€😀\"");
}

TEST(json_writer, what_is_not_utf8_becomes_the_replacement_character) {
  EXPECT_EQ(json::write("a\xFF\xC3"), "\"a\uFFFD\uFFFD\"");
  EXPECT_EQ(json::write("\xC3\"é"), "\"\uFFFD\\\"é\"");
  EXPECT_EQ(json::write("\xED\xA0"), "\"\uFFFD\uFFFD\"") << "half a surrogate is none";
  EXPECT_EQ(json::write("\xED\xA0\xBD\xED\xB8\x80"), R"("\ud83d\ude00")");
}

TEST(json_writer, appends_to_what_is_there) {
  std::string out = "x";
  json::append(out, array{1});
  json::append_string(out, "y");
  EXPECT_EQ(out, "x[1]\"y\"");
}

TEST(json_writer, pretty) {
  const value item = object{{"a", array{1, array{}, object{{"b", object{}}}}}, {"c", "d"}};
  EXPECT_EQ(json::write_pretty(item), R"({
  "a": [
    1,
    [],
    {
      "b": {}
    }
  ],
  "c": "d"
})");
  EXPECT_EQ(json::write_pretty(1), "1");
  EXPECT_EQ(json::write_pretty(array{}), "[]");
}

}  // namespace
}  // namespace fanfare
