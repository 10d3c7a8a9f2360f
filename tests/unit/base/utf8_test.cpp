#include <fanfare/base/utf8.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fanfare {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view valid[] = {""sv,
                                      "\0"sv,
                                      "plain ASCII of more than eight bytes"sv,
                                      "\x7F"sv,
                                      "\xC2\x80"sv,
                                      "\xDF\xBF"sv,
                                      "\xE0\xA0\x80"sv,
                                      "\xED\x9F\xBF"sv,
                                      "\xEE\x80\x80"sv,
                                      "\xEF\xBF\xBF"sv,
                                      "\xF0\x90\x80\x80"sv,
                                      "\xF4\x8F\xBF\xBF"sv,
                                      "12345678\xE2\x82\xAC"
                                      "12345678"sv,
                                      "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5"sv};

/// The bytes, and how many of them a reader may see before it can tell.
constexpr std::pair<std::string_view, std::size_t> invalid[] = {{"\x80"sv, 1},
                                                                {"\xBF"sv, 1},
                                                                {"\xC0\x80"sv, 1},
                                                                {"\xC1\xBF"sv, 1},
                                                                {"\xF5\x80\x80\x80"sv, 1},
                                                                {"\xFE"sv, 1},
                                                                {"\xFF"sv, 1},
                                                                {"\xC2\x7F"sv, 2},
                                                                {"\xC2\xC0"sv, 2},
                                                                {"\xE0\x9F\xBF"sv, 2},
                                                                {"\xED\xA0\x80"sv, 2},
                                                                {"\xED\xBF\xBF"sv, 2},
                                                                {"\xE1\x80\xC0"sv, 3},
                                                                {"\xF0\x8F\xBF\xBF"sv, 2},
                                                                {"\xF4\x90\x80\x80"sv, 2},
                                                                {"\xF1\x80\x80\x7F"sv, 4},
                                                                {"12345678\xFF"sv, 9},
                                                                {"\xE1\x80\x80\x80"sv, 4}};

TEST(utf8, whole_texts) {
  for (const auto text : valid) EXPECT_TRUE(is_valid_utf8(text)) << text;
  for (const auto& [bytes, proof] : invalid) EXPECT_FALSE(is_valid_utf8(bytes));
  for (const auto cut : {"\xC2"sv, "\xE0\xA0"sv, "\xF0\x90\x80"sv, "a\xF0"sv}) EXPECT_FALSE(is_valid_utf8(cut));
  EXPECT_EQ(valid_utf8_prefix("ab\xC3\xA9\xFFz"), 4U);
  EXPECT_EQ(valid_utf8_prefix("ab\xE2\x82"), 2U);
}

TEST(utf8, pieces_cut_anywhere) {
  for (const auto text : valid) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      utf8_validator check;
      EXPECT_TRUE(check.feed(text.substr(0, cut)));
      EXPECT_TRUE(check.feed(text.substr(cut)));
      EXPECT_TRUE(check.complete());
    }
  }
}

TEST(utf8, fails_at_the_byte_that_proves_it) {
  for (const auto& [bytes, proof] : invalid) {
    utf8_validator check;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      EXPECT_EQ(check.feed(bytes.substr(i, 1)), i + 1 < proof) << "byte " << i;
    }
    EXPECT_FALSE(check.feed("a")) << "a failure is for good";
    EXPECT_FALSE(check.complete());
    utf8_validator whole;
    EXPECT_FALSE(whole.feed(bytes));
    whole.reset();
    EXPECT_TRUE(whole.feed("a"));
    EXPECT_TRUE(whole.complete());
  }
}

TEST(utf8, a_text_may_not_end_inside_a_sequence) {
  utf8_validator check;
  EXPECT_TRUE(check.feed("a\xE2\x82"));
  EXPECT_FALSE(check.complete());
  EXPECT_TRUE(check.feed("\xAC"));
  EXPECT_TRUE(check.complete());
}

TEST(utf8, agrees_with_itself_on_every_two_byte_and_code_point_sequence) {
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    const char bytes[] = {static_cast<char>(pair >> 8), static_cast<char>(pair)};
    const std::string_view text(bytes, 2);
    utf8_validator check;
    EXPECT_EQ(check.feed(text) && check.complete(), is_valid_utf8(text));
  }
  for (unsigned point = 0x800; point < 0x120000; point += 0x7F) {
    std::string text;
    if (point >= 0x10000) {
      text += static_cast<char>(0xF0 | point >> 18);
      text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | point >> 12);
    }
    text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
    EXPECT_EQ(is_valid_utf8(text), point < 0x110000 && (point < 0xD800 || point > 0xDFFF)) << point;
  }
}

}  // namespace
}  // namespace fanfare
