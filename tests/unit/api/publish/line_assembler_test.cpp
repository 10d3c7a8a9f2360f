#include "api/publish/line_assembler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fanfare::api {
namespace {

using testing::ElementsAre;

/// Lines as "number:text", "number!" for one that is too long; `part_bytes` at a time.
std::vector<std::string> lines_of(std::string_view text, std::size_t part_bytes, std::size_t line_bytes_max = 10) {
  line_assembler lines(line_bytes_max);
  std::vector<std::string> out;
  const auto add = [&out](const auto& line) {
    out.push_back(std::to_string(line.number) + (line.too_long ? "!" : ":") + std::string(line.text));
  };
  for (std::size_t at = 0; at < text.size(); at += part_bytes) {
    auto part = text.substr(at, part_bytes);
    while (const auto line = lines.next(part)) add(*line);
    EXPECT_TRUE(part.empty());
  }
  if (const auto line = lines.finish()) add(*line);
  EXPECT_FALSE(lines.finish());
  return out;
}

TEST(LineAssembler, FindsTheSameLinesHoweverTheyCome) {
  const std::string_view text = "\xEF\xBB\xBF{}\r\n\n \t\r\n  [1] \n0123456789\n0123456789a\nb\n\xEF\xBB\xBF{}\nlast";
  for (const std::size_t part_bytes : {1U, 2U, 3U, 7U, 100U}) {
    EXPECT_THAT(lines_of(text, part_bytes),
                ElementsAre("1:{}", "4:[1]", "5:0123456789", "6!", "7:b", "8:\xEF\xBB\xBF{}", "9:last"))
        << part_bytes;
  }
  EXPECT_THAT(lines_of("", 1), ElementsAre());
  EXPECT_THAT(lines_of("\n\n\r\n", 1), ElementsAre());
  EXPECT_THAT(lines_of("\xEF\xBB\xBF\n1", 1), ElementsAre("2:1"));
}

TEST(LineAssembler, ReadsOverALineWithoutEnd) {
  line_assembler lines(10);
  for (std::uint64_t n = 1; n <= 1000; ++n) {
    std::string_view part = "0123456789a";
    const auto found = lines.next(part);
    EXPECT_EQ(found.has_value(), n == 1) << "it is said once, as soon as it is known";
    EXPECT_EQ(lines.next(part), std::nullopt);
    EXPECT_EQ(lines.pending_bytes(), n * 11);
  }
  EXPECT_EQ(lines.finish(), std::nullopt) << "it has been said";
  std::string_view part = "x\ny\n";
  EXPECT_EQ(lines.number(), 1U);
  EXPECT_EQ(lines.next(part)->number, 2U);
}

}  // namespace
}  // namespace fanfare::api
