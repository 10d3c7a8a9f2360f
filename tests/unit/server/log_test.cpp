#include "server/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct captured {
  std::vector<std::string> lines;
  log to;
  explicit captured(log_format format, std::string_view level = "trace")
      : to(format, level, [this](std::string_view line) { lines.emplace_back(line); }) {}
};

TEST(Log, WritesOneJsonObjectALine) {
  captured log(log_format::json);
  log.to.info("connected", {{"connection", "abc"}, {"count", 3}});
  ASSERT_EQ(log.lines.size(), 1u);
  const auto line = json::parse(log.lines[0]);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find("level")->as_string(), "info");
  EXPECT_EQ(line->find("msg")->as_string(), "connected");
  EXPECT_EQ(line->find("connection")->as_string(), "abc");
  EXPECT_EQ(*line->find("count"), value(3));
  EXPECT_EQ(line->find("time")->as_string().size(), 24u);
}

TEST(Log, NoFieldCanForgeALine) {
  captured json_log(log_format::json);
  json_log.to.warn("x\n{\"level\":\"error\"}", {{"user", "a\r\nb\",\"admin\":true"}});
  EXPECT_THAT(json_log.lines[0], Not(HasSubstr("\n")));
  const auto line = json::parse(json_log.lines[0]);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find("admin"), nullptr);
  EXPECT_EQ(line->find("level")->as_string(), "warn");

  captured text_log(log_format::text);
  text_log.to.warn("x\ny\x1b[2J", {{"user", "a b\nc"},
                                   {"esc",
                                    "\x1b[31m\xc2\x9b"
                                    "31m\x7f"},
                                   {"n", 1}});
  EXPECT_THAT(text_log.lines[0], HasSubstr("x\\x0ay\\x1b[2J"));
  EXPECT_THAT(text_log.lines[0], HasSubstr(" user=\"a b\\nc\""));
  EXPECT_THAT(text_log.lines[0], HasSubstr("\\u009b"));
  EXPECT_THAT(text_log.lines[0], HasSubstr("\\x7f"));
  for (const char letter : text_log.lines[0]) EXPECT_GE(static_cast<unsigned char>(letter), 0x20);
}

TEST(Log, DropsWhatIsBelowTheLevel) {
  captured log(log_format::text, "warn");
  log.to.info("no");
  log.to.sink()(api::severity::error, "yes", {});
  log.to.set_level("off");
  log.to.error("no");
  log.to.set_level("debug");
  log.to.trace("no");
  log.to.write(api::severity::debug, "again");
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_THAT(log.lines[0], HasSubstr("error yes"));
  EXPECT_THAT(log.lines[1], HasSubstr("debug again"));
}

TEST(Log, TextFieldsArePlainWhenTheyCanBe) {
  captured log(log_format::text);
  log.to.info("m", {{"a", "plain"}, {"b", "with space"}, {"c", ""}, {"d", true}});
  EXPECT_THAT(log.lines[0], HasSubstr(" a=plain b=\"with space\" c=\"\" d=true"));
}

TEST(Log, RedactsTokensInUrls) {
  EXPECT_EQ(redacted("/socket.io/?EIO=4&token=abc&x=1"), "/socket.io/?EIO=4&token=***&x=1");
  EXPECT_EQ(redacted("/?%74oken=abc"), "/?%74oken=***");
  EXPECT_EQ(redacted("/?access_token=a&key=b&api_key"), "/?access_token=***&key=***&api_key=***");
  EXPECT_EQ(redacted("/plain"), "/plain");
  EXPECT_EQ(redacted("/?tokens=1"), "/?tokens=1");
}

}  // namespace
}  // namespace fanfare::server
