#include <gmock/gmock.h>

#include <string>

#include <fanfare/base/json.hpp>

namespace fanfare {
namespace {

using testing::HasSubstr;

std::string again(std::string_view text) {
  const auto parsed = json::parse(text);
  return parsed ? json::write(*parsed) : "failed: " + parsed.error().detail;
}

errc failure(std::string_view text, const json::parse_options& options = {}) {
  const auto parsed = json::parse(text, options);
  EXPECT_FALSE(parsed) << text;
  return parsed ? errc::internal : parsed.error().code;
}

TEST(json_parser, reads_every_kind) {
  const auto parsed = json::parse(R"( {"a": [true, false, null, 1, 2.5, 1.0], "b": {}, "c": "x"} )");
  ASSERT_TRUE(parsed);
  const auto& list = *parsed->find("a")->if_array();
  EXPECT_EQ(list[0].type(), value::kind::boolean);
  EXPECT_TRUE(list[0].as_bool());
  EXPECT_FALSE(list[1].as_bool(true));
  EXPECT_TRUE(list[2].is_null());
  EXPECT_EQ(*list[3].if_integer(), 1);
  EXPECT_EQ(*list[4].if_real(), 2.5);
  EXPECT_EQ(list[5].if_decimal()->text, "1.0");
  EXPECT_TRUE(parsed->find("b")->if_object()->empty());
  EXPECT_EQ(parsed->find("c")->as_string(), "x");
}

TEST(json_parser, keeps_the_order_of_members_and_the_last_of_repeated_names) {
  EXPECT_EQ(again(R"({"b":1,"a":2,"b":3,"c":4,"a":5})"), R"({"b":3,"a":5,"c":4})");
  EXPECT_EQ(again(R"({"":1,"":2})"), R"({"":2})");
}

TEST(json_parser, drops_repeated_names_of_large_objects) {
  std::string text = "{", expected = "{";
  for (int i = 0; i < 100; ++i) text += "\"k" + std::to_string(99 - i) + "\":0,";
  for (int i = 0; i < 50; ++i) text += "\"k" + std::to_string(i) + "\":1,\"k" + std::to_string(i) + "\":2,";
  text.back() = '}';
  for (int i = 99; i >= 0; --i) expected += "\"k" + std::to_string(i) + "\":" + (i < 50 ? "2," : "0,");
  expected.back() = '}';
  EXPECT_EQ(again(text), expected);
}

TEST(json_parser, keeps_large_objects_without_repeats) {
  std::string text = "{";
  for (int i = 0; i < 40; ++i) text += "\"k" + std::to_string(i * 7 % 40) + "\":" + std::to_string(i) + ",";
  text.back() = '}';
  EXPECT_EQ(again(text), text);
}

TEST(json_parser, refuses_what_rfc_8259_does_not_allow) {
  for (const auto* text : {"",
                           " ",
                           "{",
                           "}",
                           "[",
                           "]",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "{,}",
                           "tru",
                           "TRUE",
                           "nul",
                           "falsey",
                           "nan",
                           "01",
                           "-",
                           "-01",
                           "+1",
                           "1.",
                           ".5",
                           "1.e1",
                           "1e",
                           "1e+",
                           "0x10",
                           "1 1",
                           "\"",
                           "\"a",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"\\uD83D\\u12\"",
                           "\"\\uD83D\\x\"",
                           "'a'",
                           "[1]x",
                           "\xEF\xBB\xBF{}",
                           "// c\n1",
                           "\"a\nb\"",
                           "\"tab\there\"",
                           "\xC3\xA9"}) {
    EXPECT_EQ(failure(text), errc::bad_request) << text;
  }
  EXPECT_EQ(failure(std::string_view("\"a\0b\"", 5)), errc::bad_request);
  EXPECT_EQ(failure(std::string_view("1\0", 2)), errc::bad_request);
}

TEST(json_parser, says_where_the_fault_is) {
  EXPECT_THAT(json::parse("[1,2,x]").error().detail, HasSubstr("at byte 5"));
  EXPECT_THAT(json::parse("\"ab\xFF\"").error().detail, HasSubstr("at byte 3"));
}

TEST(json_parser, refuses_invalid_utf8_in_strings_and_names) {
  for (const auto* bytes : {"\xFF", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
                            "\xC3", "\x80", "12345678\xC3", "\xF0\x9F\x98"}) {
    EXPECT_EQ(failure("\"" + std::string(bytes) + "\""), errc::invalid_utf8);
    EXPECT_EQ(failure("{\"" + std::string(bytes) + "\":1}"), errc::invalid_utf8);
  }
}

TEST(json_parser, reads_escapes) {
  EXPECT_EQ(json::parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC")")->as_string(), "\"\\/\b\f\n\r\tA\u00e9\u20ac");
  EXPECT_EQ(json::parse(R"("\ud83d\ude00")")->as_string(), "\U0001F600");
  EXPECT_EQ(json::parse(R"("\uDBFF\uDFFF")")->as_string(), "\U0010FFFF");
  EXPECT_EQ(json::parse(R"("\u0000")")->as_string(), std::string_view("\0", 1));
}

TEST(json_parser, keeps_lone_surrogates_as_they_came) {
  for (const auto* text : {R"("\ud83d")", R"("\ude00")", R"("\ude00\ud83d")", R"("a\ud83db")", R"("\ud83d\n")",
                           R"("\ud83d😀")", R"({"\udfff":"é\ud800"})"}) {
    EXPECT_EQ(again(text), text);
  }
  EXPECT_EQ(json::parse(R"("\ud83d")")->as_string(), "\xED\xA0\xBD");
  EXPECT_EQ(again(R"("\uD83D\uD83D\uDE00")"), R"("\ud83d😀")");
  EXPECT_EQ(again(R"("\uD83D\u0041")"), R"("\ud83dA")");
}

TEST(json_parser, depth_is_bounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(json::parse(nested(64)));
  EXPECT_EQ(failure(nested(65)), errc::too_deep);
  EXPECT_TRUE(json::parse(nested(3), {.depth_max = 3}));
  EXPECT_EQ(failure(nested(4), {.depth_max = 3}), errc::too_deep);
  EXPECT_EQ(failure(R"({"a":{"a":{"a":{}}}})", {.depth_max = 3}), errc::too_deep);
  EXPECT_EQ(failure("[]", {.depth_max = 0}), errc::too_deep);
  EXPECT_TRUE(json::parse("[[],[],[{}]]", {.depth_max = 3})) << "siblings do not add up";
  EXPECT_EQ(failure(nested(100000), {.depth_max = 4000000000U}), errc::too_deep) << "a stack is not endless";
  EXPECT_EQ(again(nested(1000)), "failed: nested too deep at byte 64");
  const auto deepest = json::parse(nested(1000), {.depth_max = 1000});
  ASSERT_TRUE(deepest);
  EXPECT_EQ(json::write(*deepest), nested(1000));
}

TEST(json_parser, number_of_values_is_bounded) {
  EXPECT_TRUE(json::parse("[1,2,3]", {.values_max = 4}));
  EXPECT_EQ(failure("[1,2,3,4]", {.values_max = 4}), errc::over_limit);
  EXPECT_TRUE(json::parse(R"({"a":1,"b":2})", {.values_max = 5}));
  EXPECT_EQ(failure(R"({"a":1,"a":2})", {.values_max = 4}), errc::over_limit);
  EXPECT_EQ(failure(R"({"a":1,"a":2})", {.values_max = 3}), errc::over_limit);
  EXPECT_EQ(failure("1", {.values_max = 0}), errc::over_limit);
}

TEST(json_parser, long_strings_survive_at_every_alignment) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (const auto* mark : {"", "\\n", "\\\"", "é", "\\ud800"}) {
      const auto text = "\"" + std::string(length, 'x') + mark + std::string(length, 'y') + "\"";
      EXPECT_EQ(again(text), text);
    }
  }
}

}  // namespace
}  // namespace fanfare
