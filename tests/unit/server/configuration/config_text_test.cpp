#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ConfigText, TheDefaultFileIsReadBackAsTheDefaults) {
  configuration settings;
  settings.load_toml(default_toml(), "default.toml");
  const configuration presets;
  for (const auto& key : config_keys()) {
    EXPECT_EQ(settings.get(key.name), presets.get(key.name)) << key.name;
    EXPECT_THAT(settings.source(key.name), HasSubstr("default.toml:")) << key.name;
    EXPECT_THAT(default_toml(), HasSubstr(std::string(key.explanation))) << key.name;
  }
}

TEST(ConfigText, ReportsKeysAsJsonWithoutSecrets) {
  configuration settings;
  settings.set_text("auth.secret", "very-secret-indeed", "FANFARE_AUTH__SECRET");
  settings.set_text("publish.keys", "key-number-one,key-number-two", "test");
  settings.set_text("redis.url", "redis://u:password@h", "test");
  settings.set_text("auth.hook_url", "https://me:pass@word@hook.example/a@b", "test");
  settings.set_text("limits.connections", "5", "f.toml:3");
  const auto all = report(settings);
  EXPECT_EQ(all.if_array()->size(), config_keys().size());
  const auto row = [&all](std::string_view name) {
    for (const auto& each : *all.if_array()) {
      if (each.find("key")->as_string() == name) return each;
    }
    return value{};
  };
  EXPECT_EQ(row("auth.secret").find("value")->as_string(), "********");
  EXPECT_EQ(row("auth.secret").find("source")->as_string(), "FANFARE_AUTH__SECRET");
  EXPECT_TRUE(row("auth.secret").find("masked")->as_bool());
  EXPECT_EQ(row("publish.keys").find("value")->as_string(), "2 hidden");
  EXPECT_EQ(row("auth.hook_url").find("value")->as_string(), "https://********@hook.example/a@b");
  EXPECT_EQ(*row("limits.connections").find("value"), value(5));
  EXPECT_FALSE(row("github.secret").find("masked")->as_bool()) << "an empty one hides nothing";
  const auto text = json::write(all);
  for (const auto* secret : {"very-secret", "key-number", "u:password", "pass@"}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

TEST(ConfigText, ShowsValuesAndSourcesButNoSecret) {
  configuration settings;
  settings.set_text("auth.secret", "very-secret-indeed", "FANFARE_AUTH__SECRET");
  settings.set_text("publish.keys", "key-number-one,key-number-two", "test");
  settings.set_text("redis.url", "redis://u:password@h", "test");
  settings.set_text("github.projects", "o/r=p1", "test");
  settings.set_text("limits.connections", "5", "f.toml:3");
  const auto shown = show(settings);
  EXPECT_THAT(shown, HasSubstr("auth.secret = \"********\"  # FANFARE_AUTH__SECRET\n"));
  EXPECT_THAT(shown, HasSubstr("publish.keys = [2 hidden]  # test\n"));
  EXPECT_THAT(shown, HasSubstr("limits.connections = 5  # f.toml:3\n"));
  EXPECT_THAT(shown, HasSubstr("log.level = \"info\"  # default\n"));
  EXPECT_THAT(shown, HasSubstr("github.projects = { \"o/r\" = \"p1\" }"));
  EXPECT_THAT(shown, HasSubstr("github.secret = \"\"  # default\n"));
  EXPECT_THAT(shown, Not(HasSubstr("very-secret")));
  EXPECT_THAT(shown, Not(HasSubstr("key-number")));
  EXPECT_THAT(shown, Not(HasSubstr("password")));
}

TEST(ConfigText, TheReferenceHasARowForEachKey) {
  const auto page = reference_markdown();
  for (const auto& key : config_keys()) EXPECT_THAT(page, HasSubstr("| `" + std::string(key.name) + "` |"));
  EXPECT_THAT(page, HasSubstr("`FANFARE_AUTH__SECRET`"));
}

}  // namespace
}  // namespace fanfare::server
