#include "base/number_text.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include <fanfare/base/json.hpp>

namespace fanfare {
namespace {

std::string text_of(double number) {
  std::string text;
  number_text::append(text, number);
  return text;
}

/// Each right side is what `node -p 'String(x)'` prints.
TEST(number_text, doubles_read_as_in_ecma_262) {
  const std::pair<double, std::string_view> table[] = {{0.0, "0"},
                                                       {-0.0, "0"},
                                                       {1, "1"},
                                                       {-1, "-1"},
                                                       {100, "100"},
                                                       {1.5, "1.5"},
                                                       {-1.5, "-1.5"},
                                                       {0.1, "0.1"},
                                                       {0.1 + 0.2, "0.30000000000000004"},
                                                       {1.0 / 3, "0.3333333333333333"},
                                                       {123.456, "123.456"},
                                                       {1e20, "100000000000000000000"},
                                                       {123456789012345680000.0, "123456789012345680000"},
                                                       {1e21, "1e+21"},
                                                       {1.5e21, "1.5e+21"},
                                                       {-1e21, "-1e+21"},
                                                       {1e-6, "0.000001"},
                                                       {1.5e-6, "0.0000015"},
                                                       {1e-7, "1e-7"},
                                                       {1.5e-7, "1.5e-7"},
                                                       {-1e-7, "-1e-7"},
                                                       {1.2345678901234567e-7, "1.2345678901234566e-7"},
                                                       {9007199254740991.0, "9007199254740991"},
                                                       {9007199254740992.0, "9007199254740992"},
                                                       {9007199254740994.0, "9007199254740994"},
                                                       {1e23, "1e+23"},
                                                       {1e100, "1e+100"},
                                                       {9223372036854775808.0, "9223372036854776000"},
                                                       {18446744073709551616.0, "18446744073709552000"},
                                                       {123456.789e3, "123456789"},
                                                       {4.35, "4.35"},
                                                       {2.5e15, "2500000000000000"},
                                                       {1234567890.125, "1234567890.125"},
                                                       {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
                                                       {std::numeric_limits<double>::min(), "2.2250738585072014e-308"},
                                                       {std::numeric_limits<double>::denorm_min(), "5e-324"},
                                                       {-1.2345e-300, "-1.2345e-300"}};
  for (const auto& [number, text] : table) EXPECT_EQ(text_of(number), text);
}

TEST(number_text, lexemes_become_the_kind_that_gives_them_back) {
  using kind = value::kind;
  const std::pair<std::string_view, kind> table[] = {{"0", kind::integer},
                                                     {"-1", kind::integer},
                                                     {"9223372036854775807", kind::integer},
                                                     {"-9223372036854775808", kind::integer},
                                                     {"9007199254740993", kind::integer},
                                                     {"1.5", kind::real},
                                                     {"1e+21", kind::real},
                                                     {"1e-7", kind::real},
                                                     {"0.000001", kind::real},
                                                     {"5e-324", kind::real},
                                                     {"1.7976931348623157e+308", kind::real},
                                                     {"100000000000000000000", kind::real},
                                                     {"-0.0000012345678901234567", kind::real},
                                                     {"1.0", kind::decimal},
                                                     {"1.50", kind::decimal},
                                                     {"1e2", kind::decimal},
                                                     {"1E+21", kind::decimal},
                                                     {"1e21", kind::decimal},
                                                     {"0.0", kind::decimal},
                                                     {"-0.0", kind::decimal},
                                                     {"1e400", kind::decimal},
                                                     {"1e-400", kind::decimal},
                                                     {"9223372036854775808", kind::decimal},
                                                     {"12345678901234567890", kind::decimal},
                                                     {"0.1000000000000000055511151231257827", kind::decimal},
                                                     {"1e99999999999999999999", kind::decimal}};
  for (const auto& [lexeme, expected] : table) {
    const auto number = number_text::parsed(lexeme);
    EXPECT_EQ(number.type(), expected) << lexeme;
    EXPECT_EQ(json::write(number), lexeme);
  }
}

TEST(number_text, minus_zero_is_a_real_that_is_written_zero) {
  const auto zero = number_text::parsed("-0");
  ASSERT_NE(zero.if_real(), nullptr);
  EXPECT_TRUE(std::signbit(*zero.if_real()));
  EXPECT_EQ(json::write(zero), "0");
}

TEST(number_text, to_double_leaves_its_range_on_the_right_side) {
  EXPECT_EQ(number_text::to_double("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_text::to_double("-1e400"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_text::to_double("1e-400"), 0.0);
  EXPECT_EQ(number_text::to_double("0.0001e-99999999999999999999999"), 0.0);
  EXPECT_EQ(number_text::to_double("1" + std::string(400, '0')), std::numeric_limits<double>::infinity());
  EXPECT_EQ(number_text::to_double("1.50"), 1.5);
  EXPECT_EQ(number_text::to_double("x"), 0.0);
}

TEST(number_text, same_numbers_however_spelt) {
  for (const auto& [a, b] : {std::pair{"1", "1.0"},
                             {"100", "1e2"},
                             {"0.001", "1E-3"},
                             {"0", "-0.00e5"},
                             {"1e400", "10e399"},
                             {"12.50", "1.25e+1"},
                             {"-5", "-50e-1"}}) {
    EXPECT_TRUE(number_text::same_decimal(a, b)) << a << ' ' << b;
  }
  for (const auto& [a, b] : {std::pair{"1", "-1"},
                             {"1", "10"},
                             {"1e400", "1e401"},
                             {"null", "null"},
                             {"0", "null"},
                             {"9007199254740992", "9007199254740993"}}) {
    EXPECT_FALSE(number_text::same_decimal(a, b)) << a << ' ' << b;
  }
}

TEST(number_text, any_double_comes_back_from_its_text) {
  std::mt19937_64 random(20260102);
  for (int i = 0; i < 20000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const auto text = text_of(number);
    EXPECT_EQ(number_text::to_double(text), number);
    EXPECT_EQ(json::write(number_text::parsed(text)), text);
  }
}

TEST(number_text, of_every_kind) {
  EXPECT_EQ(number_text::of(5), "5");
  EXPECT_EQ(number_text::of(0.5), "0.5");
  EXPECT_EQ(number_text::of(decimal{"5.0"}), "5.0");
  EXPECT_EQ(number_text::of(std::numeric_limits<double>::infinity()), "null");
}

}  // namespace
}  // namespace fanfare
