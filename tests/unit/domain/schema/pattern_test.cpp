#include "domain/schema/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::domain {
namespace {

bool matches(std::string_view expression, std::string_view text) {
  const auto made = pattern::compile(expression);
  EXPECT_TRUE(made) << expression << ": " << (made ? "" : made.error().detail);
  return made && made->matches(text);
}

std::string refusal(std::string_view expression) {
  const auto made = pattern::compile(expression);
  return made ? "compiled" : made.error().detail;
}

TEST(pattern, matches_anywhere_as_in_ecmascript) {
  EXPECT_TRUE(matches("b+", "abbc"));
  EXPECT_FALSE(matches("^b+$", "abbc"));
  EXPECT_FALSE(matches("^a$", "a\n")) << "$ is the end of the text";
  EXPECT_TRUE(matches("^.$", "\xf0\x9f\x98\x80")) << "a code point is one character";
  EXPECT_TRUE(matches(R"(^\u00e9$)", "\xc3\xa9"));
  EXPECT_TRUE(matches(R"(^\ud83d\ude00$)", "\xf0\x9f\x98\x80"));
  EXPECT_TRUE(matches(R"(^\u{1F600}$)", "\xf0\x9f\x98\x80"));
  EXPECT_TRUE(matches(R"(^\cA$)", "\x01"));
  EXPECT_TRUE(matches(R"(^(?<year>\d{4})-\d\d$)", "2026-01"));
  EXPECT_TRUE(matches(R"(^\s$)", "\xc2\xa0")) << "white space beyond ASCII";
  EXPECT_FALSE(matches(R"(^\S$)", "\xe2\x80\xa8"));
  EXPECT_TRUE(matches(R"(^[\s,]+$)", ", \xe2\x80\x83"));
  EXPECT_TRUE(matches(R"(^\p{Letter}+$)", "\xc3\xa4z"));
  EXPECT_TRUE(matches(R"(^\p{Script=Greek}$)", "\xce\xb1"));
  EXPECT_FALSE(matches(R"(^\d$)", "\xe0\xa7\xaa")) << "digits are ASCII's";
  EXPECT_TRUE(matches("^[^]$", "\n"));
  EXPECT_FALSE(matches("[]", "a"));
  EXPECT_TRUE(matches(R"(^[(?=a)]+$)", "(?=a)")) << "in a class they are letters";
}

TEST(pattern, refuses_what_no_linear_time_allows) {
  for (const auto* around : {"(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b"}) {
    EXPECT_NE(refusal(around).find("look-around is not supported"), std::string::npos) << around;
  }
  EXPECT_NE(refusal(R"((a)\1)").find("back-references"), std::string::npos);
  for (const auto* wrong : {"(", "[a", "a**", R"(\)", R"(\u12)", R"(\u{110000000})", R"(\p{L)", R"(\p{NoSuch})"}) {
    EXPECT_NE(refusal(wrong), "compiled") << wrong;
  }
  EXPECT_NE(refusal("((a{0,1000}){0,1000}){0,1000}"), "compiled") << "its program is bounded";
}

TEST(pattern, takes_time_linear_in_the_text) {
  // A backtracking engine would need 2^30 steps.
  EXPECT_FALSE(matches("^(a+)+$", std::string(100000, 'a') + "b"));
}

}  // namespace
}  // namespace fanfare::domain
