#include <fanfare/base/world.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "support/fake_world.hpp"

namespace fanfare {
namespace {

TEST(real_world, ids_are_twenty_characters_that_fit_an_url_and_do_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = real_world().random_id();
    EXPECT_EQ(id.size(), 20U);
    EXPECT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; }));
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(real_world().random_id(9).size(), 12U);
  EXPECT_EQ(real_world().random_id(0), "");
}

TEST(real_world, fills_every_byte) {
  std::array<bool, 64> touched{};
  for (int round = 0; round < 100; ++round) {
    std::array<unsigned char, 64> bytes{};
    real_world().random_bytes(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) touched[i] = touched[i] || bytes[i] != 0;
  }
  EXPECT_TRUE(std::ranges::all_of(touched, [](bool each) { return each; }));
  std::vector<unsigned char> large((1 << 20) + 64);
  real_world().random_bytes(large);
  EXPECT_TRUE(std::any_of(large.end() - 64, large.end(), [](unsigned char byte) { return byte != 0; }));
}

TEST(real_world, has_the_time) {
  const auto before = std::chrono::system_clock::now();
  const auto steady = std::chrono::steady_clock::now();
  EXPECT_GE(real_world().now(), before);
  EXPECT_GE(real_world().steady_now(), steady);
  EXPECT_GE(real_world().unix_ms(), 1700000000000);
}

TEST(fake_world, is_made_of_its_seed) {
  test::fake_world one(7), same(7), other(8);
  const auto id = one.random_id();
  EXPECT_EQ(id, same.random_id());
  EXPECT_NE(id, other.random_id());
  const auto before = one.steady_now();
  one.pass(std::chrono::milliseconds(5));
  EXPECT_EQ(one.steady_now() - before, std::chrono::milliseconds(5));
  EXPECT_EQ(one.unix_ms(), 1700000000005);
}

}  // namespace
}  // namespace fanfare
