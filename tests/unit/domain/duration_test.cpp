#include "domain/duration.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

TEST(duration, is_a_number_and_a_unit) {
  EXPECT_EQ(parse_duration("90").value().count(), 90);
  EXPECT_EQ(parse_duration("45s").value().count(), 45);
  EXPECT_EQ(parse_duration("30m").value().count(), 1800);
  EXPECT_EQ(parse_duration("1h").value().count(), 3600);
  EXPECT_EQ(parse_duration("7d").value().count(), 604800);
  for (const auto* bad : {"", "h", "0", "-1h", "1w", "1h30m", "4000d", "99999999999999999999", " 1h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace fanfare::domain
