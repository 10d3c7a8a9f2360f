#include "history/cursor.hpp"

#include <gtest/gtest.h>

namespace fanfare::history {
namespace {

TEST(cursor, comes_back_as_it_went) {
  const auto parsed = parse_cursor(to_text("k3V9", 42));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (cursor{"k3V9", 42}));
  EXPECT_EQ(to_text("k3V9", 42), "k3V9-42");
  EXPECT_EQ(parse_cursor("a-0")->position, 0U);
  EXPECT_EQ(parse_cursor("a-18446744073709551615")->position, 18446744073709551615U);
  EXPECT_TRUE(parse_cursor(std::string(32, 'e') + "-1"));
}

TEST(cursor, is_read_strictly) {
  for (const auto* text : {"", "-", "a", "a-", "-1", "a-01", "a-+1", "a--1", "a-1 ", " a-1", "a-1x", "a.b-1", "a_b-1",
                           "a-18446744073709551616", "a-99999999999999999999999", "a-1-2", "\xc3\xa4-1", "a-0x1"}) {
    const auto parsed = parse_cursor(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, errc::bad_request);
  }
  EXPECT_FALSE(parse_cursor(std::string(33, 'e') + "-1"));
  EXPECT_FALSE(parse_cursor(std::string("a\0-1", 4)));
}

}  // namespace
}  // namespace fanfare::history
