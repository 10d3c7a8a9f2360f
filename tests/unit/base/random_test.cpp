#include <fanfare/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

namespace fanfare {
namespace {

TEST(random, ids_are_twenty_characters_that_fit_an_url_and_do_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = random_id();
    EXPECT_EQ(id.size(), 20U);
    EXPECT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; }));
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(random_id(9).size(), 12U);
  EXPECT_EQ(random_id(0), "");
}

TEST(random, fills_every_byte) {
  std::array<bool, 64> touched{};
  for (int round = 0; round < 100; ++round) {
    std::array<unsigned char, 64> bytes{};
    random_bytes(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) touched[i] = touched[i] || bytes[i] != 0;
  }
  EXPECT_TRUE(std::ranges::all_of(touched, [](bool each) { return each; }));
  std::vector<unsigned char> large((1 << 20) + 64);
  random_bytes(large);
  EXPECT_TRUE(std::any_of(large.end() - 64, large.end(), [](unsigned char byte) { return byte != 0; }));
}

}  // namespace
}  // namespace fanfare
