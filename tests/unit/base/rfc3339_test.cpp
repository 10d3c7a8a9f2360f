#include <fanfare/base/rfc3339.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace fanfare {
namespace {

using namespace std::chrono_literals;

TEST(rfc3339, formats) {
  const auto time = std::chrono::sys_days{std::chrono::January / 2 / 2026} + 3h + 4min + 5s + 678ms;
  EXPECT_EQ(format_rfc3339(time), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(format_rfc3339(utc_time{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(utc_time{-1ms}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(std::chrono::system_clock::time_point{1999999ns}), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(format_rfc3339(std::chrono::sys_seconds{951782400s}), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(utc_time::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(utc_time::min()), "0000-01-01T00:00:00.000Z");
}

TEST(rfc3339, reads_what_the_rfc_allows) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"},
      {"1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"},
      {"1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"},
      {"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"},
      {"1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"},
      {"2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z"},
      {"2026-01-02 03:04:05Z", "2026-01-02T03:04:05.000Z"},
      {"2026-01-02T03:04:05.123456789012Z", "2026-01-02T03:04:05.123Z"},
      {"2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.100Z"},
      {"2024-02-29T00:00:00+23:59", "2024-02-28T00:01:00.000Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
      {"2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000Z"}};
  for (const auto& [text, expected] : table) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_rfc3339(*time), expected);
    EXPECT_TRUE(is_rfc3339(text));
  }
}

TEST(rfc3339, refuses_the_rest) {
  for (const auto* text : {"",
                           "2026",
                           "2026-01-02",
                           "2026-01-02T03:04Z",
                           "2026-01-02T03:04:05",
                           "2026-1-02T03:04:05Z",
                           "2026-01-02T24:00:00Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:61Z",
                           "2026-01-02T03:04:60Z",
                           "2026-01-30T23:59:60Z",
                           "2026-13-02T03:04:05Z",
                           "2026-00-02T03:04:05Z",
                           "2026-02-29T03:04:05Z",
                           "2026-04-31T03:04:05Z",
                           "2026-01-00T03:04:05Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05.1xZ",
                           "2026-01-02T03:04:05ZZ",
                           "2026-01-02T03:04:05+0100",
                           "2026-01-02T03:04:05+24:00",
                           "2026-01-02T03:04:05+01:60",
                           "2026-01-02T03:04:05+01",
                           "+2026-01-02T03:04:05Z",
                           " 2026-01-02T03:04:05Z",
                           "2026-01-02X03:04:05Z",
                           "2026/01/02T03:04:05Z",
                           "2026-01-02T03-04-05Z",
                           "2026-01-02T03:04:05,5Z",
                           "20 6-01-02T03:04:05Z"}) {
    EXPECT_FALSE(is_rfc3339(text)) << text;
    EXPECT_EQ(parse_rfc3339(text).error().code, errc::bad_request);
  }
}

}  // namespace
}  // namespace fanfare
