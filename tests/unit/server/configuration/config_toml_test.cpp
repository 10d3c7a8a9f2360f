#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "server/configuration/configuration.hpp"

namespace fanfare::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> faults_of(std::string_view text) {
  configuration settings;
  try {
    settings.load_toml(text, "f.toml");
  } catch (const config_error& failure) {
    return failure.problems();
  }
  return {};
}

TEST(ConfigToml, ReadsEveryKindAndSaysWhere) {
  configuration settings;
  settings.load_toml(R"(
[server]
listen = ["127.0.0.1:1", "[::1]:2"]
workers = 4
[auth]
query_token = true
secret = "s"
[cors]
origins = "https://one.example"
[github.projects]
"owner/repo" = "p1"
)",
                     "f.toml");
  EXPECT_THAT(settings.list("server.listen"), ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_EQ(settings.integer("server.workers"), 4);
  EXPECT_EQ(settings.source("server.workers"), "f.toml:4");
  EXPECT_TRUE(settings.boolean("auth.query_token"));
  EXPECT_EQ(settings.text("auth.secret"), "s");
  EXPECT_THAT(settings.list("cors.origins"), ElementsAre("https://one.example"));
  EXPECT_EQ(settings.table("github.projects").at("owner/repo"), "p1");
}

TEST(ConfigToml, TakesDottedKeysAndInlineTables) {
  configuration settings;
  settings.load_toml("log.level = \"warn\"\ngithub = { projects = { \"o/r\" = \"p\" } }\n", "f.toml");
  EXPECT_EQ(settings.text("log.level"), "warn");
  EXPECT_EQ(settings.table("github.projects").at("o/r"), "p");
}

TEST(ConfigToml, NamesFileLineKeyAndTheNearestOne) {
  EXPECT_THAT(faults_of("[auth]\nsecrt = \"x\"\n"),
              ElementsAre("f.toml:2: unknown key \"auth.secrt\"; did you mean \"auth.secret\"?"));
  EXPECT_THAT(faults_of("[ath]\nsecret = \"x\"\n"),
              ElementsAre("f.toml:1: unknown section [ath]; did you mean [auth]?"));
  EXPECT_THAT(faults_of("[serve]\nport = 1\n"),
              ElementsAre("f.toml:1: unknown section [serve]; did you mean [server]?"));
  EXPECT_THAT(faults_of("secret = 1\n"),
              ElementsAre("f.toml:1: unknown key \"secret\"; did you mean \"auth.secret\"?"));
  EXPECT_THAT(faults_of("[auth.deeper]\nx = 1\n"), ElementsAre(HasSubstr("unknown key \"auth.deeper\"")));
  EXPECT_THAT(faults_of("auth = 3\n"), ElementsAre(HasSubstr("unknown key \"auth\"")));
}

TEST(ConfigToml, NamesWrongTypesAndRangesAllAtOnce) {
  EXPECT_THAT(
      faults_of(R"([auth]
query_token = "true"
leeway_s = 61
[cors]
origins = [1, 2]
[github]
projects = { "o/r" = 3 }
[limits]
connections = 1.5
[log]
level = ["info"]
)"),
      testing::UnorderedElementsAre(
          "f.toml:2: auth.query_token must be true or false", "f.toml:3: auth.leeway_s must be 0 to 60",
          "f.toml:5: cors.origins must be a list of strings", "f.toml:7: github.projects must be a table of strings",
          "f.toml:9: limits.connections must be a whole number", "f.toml:11: log.level must be a string"));
  EXPECT_THAT(faults_of("[github]\nprojects = 1\n"),
              ElementsAre("f.toml:2: github.projects must be a table of strings"));
  EXPECT_THAT(faults_of("[cors]\norigins = 1\n"), ElementsAre("f.toml:2: cors.origins must be a list of strings"));
}

TEST(ConfigToml, NamesTheLineThatIsNoToml) {
  EXPECT_THAT(faults_of("[auth]\nsecret = \n"), ElementsAre(StartsWith("f.toml:2: ")));
  EXPECT_THAT(faults_of("[log]\nlevel = \"a\"\nlevel = \"b\"\n"), ElementsAre(StartsWith("f.toml:3: ")));
}

TEST(ConfigToml, ReadsFilesAndNamesTheMissing) {
  const auto path = testing::TempDir() + "fanfare_config_toml_test.toml";
  std::ofstream(path) << "[log]\nformat = \"text\"\n";
  configuration settings;
  settings.load_file(path);
  EXPECT_EQ(settings.text("log.format"), "text");
  EXPECT_EQ(settings.source("log.format"), path + ":2");
  std::remove(path.c_str());
  EXPECT_THROW(settings.load_file(path), config_error);
}

TEST(ConfigToml, PathsCountFromTheFileThatNamesThem) {
  const auto read = [](const std::string& file) {
    configuration settings;
    settings.load_toml(
        "[events]\nschemas = [\"schemas/a.json\", \"/abs/b.json\"]\n[server]\ntls_key = \"../key.pem\"\n", file);
    return settings;
  };
  EXPECT_THAT(read("/etc/fanfare/fanfare.toml").list("events.schemas"),
              ElementsAre("/etc/fanfare/schemas/a.json", "/abs/b.json"));
  EXPECT_EQ(read("/etc/fanfare/fanfare.toml").text("server.tls_key"), "/etc/key.pem");
  EXPECT_EQ(read("fanfare.toml").list("events.schemas").front(), "schemas/a.json");
  EXPECT_EQ(read("/etc/fanfare.toml").text("server.tls_cert"), "") << "empty is no path";
}

}  // namespace
}  // namespace fanfare::server
