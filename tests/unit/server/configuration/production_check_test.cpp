#include "server/configuration/production_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <utility>

namespace fanfare::server {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto* drawn = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

using keys = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Every box ticked.
configuration ready(keys changes = {}) {
  configuration settings;
  const auto set = [&settings](std::string_view key, std::string_view text) { settings.set_text(key, text, "test"); };
  set("auth.secret", drawn);
  set("publish.keys", "5feceb66ffc86f38d952786c6d696c79");
  set("history.path", "fanfare.db");
  set("limits.members_per_room", "5000");
  set("limits.user_commands_per_second", "500");
  for (const auto& [key, text] : changes) set(key, text);
  return settings;
}

std::vector<std::string> lines(const configuration& settings, const surroundings& around = {}) {
  std::vector<std::string> out;
  for (const auto& each : production_warnings(settings, around)) out.push_back(each.line());
  return out;
}

/// As `ready`, with these changes and open to others over TLS with every limit.
configuration open_to_all(keys changes = {}) {
  auto settings = ready({{"server.listen", "0.0.0.0:443"},
                         {"server.tls_cert", "cert.pem"},
                         {"server.tls_key", "key.pem"},
                         {"limits.connects_per_second", "20"},
                         {"limits.connections_per_address", "100"},
                         {"dashboard.enabled", "false"}});
  for (const auto& [key, text] : changes) settings.set_text(key, text, "test");
  return settings;
}

auto warns(std::string_view key) { return Contains(StartsWith("test: warning: " + std::string(key) + " ")); }
auto hints(std::string_view key) { return Contains(StartsWith("test: hint: " + std::string(key) + " ")); }

TEST(ProductionCheck, FindsNothingWhereEveryBoxIsTicked) { EXPECT_THAT(lines(ready()), IsEmpty()); }

TEST(ProductionCheck, SaysPlaceUrgencyKeyCureAndBox) {
  EXPECT_THAT(
      lines(ready({{"auth.query_token", "true"}})),
      ElementsAre("test: warning: auth.query_token is on: URLs, with the tokens in them, end up in other people's "
                  "logs; set it to false; clients send `auth: {token}` [Tokens]"));
}

TEST(ProductionCheck, WantsTlsWhereOthersReachTheServer) {
  EXPECT_THAT(
      lines(ready({{"server.listen", "0.0.0.0:8000"}})),
      Contains(AllOf(StartsWith("test: warning: server.listen has 0.0.0.0:8000, where tokens"), EndsWith("[TLS]"))));
  EXPECT_THAT(lines(open_to_all()), Not(Contains(HasSubstr("[TLS]"))));
  EXPECT_THAT(lines(ready({{"server.listen", "127.0.0.1:8000, [::1]:8000, localhost:8001"}})), IsEmpty());
}

TEST(ProductionCheck, WantsLongAndRandomSecrets) {
  for (const auto* weak : {"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss",
                           "d41d8cd98f00b204e9800998ecf8427e", "changeme changeme changeme change-me, the secret"}) {
    const auto found = lines(ready({{"auth.secret", weak}}));
    EXPECT_THAT(found, ElementsAre(AllOf(StartsWith("test: warning: auth.secret "), HasSubstr("openssl rand -hex 32"),
                                         Not(HasSubstr(weak)))));
  }
  EXPECT_THAT(lines(ready({{"auth.algorithms", "HS512"}})), ElementsAre(HasSubstr("stands for 64 bytes has 128")));
  EXPECT_THAT(lines(ready({{"auth.algorithms", "RS256"}, {"auth.secret", "unused"}})), IsEmpty());
}

TEST(ProductionCheck, WantsServiceKeysThatNobodyGuesses) {
  EXPECT_THAT(lines(ready({{"publish.keys", "0123456789abcdef0123456789abcdef"}})), warns("publish.keys"));
  EXPECT_THAT(lines(ready({{"publish.keys", "5feceb66ffc86f38d952"}})),
              ElementsAre(HasSubstr("publish.keys holds a key of 20 characters; random text")));
  EXPECT_THAT(lines(ready({{"publish.keys", "5feceb66ffc86f38d952786c6d696c79, one-key-for-each-back-end"}})),
              ElementsAre(AllOf(HasSubstr("holds a key that has words"), Not(HasSubstr("5feceb")))));
  EXPECT_THAT(lines(ready({{"publish.keys", ""}})), IsEmpty()) << "tokens may publish";
  EXPECT_THAT(lines(ready({{"github.secret", "webhook"}})), warns("github.secret"));
  EXPECT_THAT(lines(ready({{"github.secret", drawn}})), IsEmpty());
}

TEST(ProductionCheck, TellsOfSecretsInFiles) {
  configuration settings = ready();
  settings.set_text("auth.secret", drawn, "f.toml:3");
  EXPECT_THAT(lines(settings, {.config_file = "f.toml"}),
              ElementsAre(AllOf(StartsWith("f.toml:3: hint: auth.secret "), HasSubstr("FANFARE_AUTH__SECRET"))));
  surroundings loose{.config_file = "f.toml", .others_may_read = [](const auto&) { return true; }};
  EXPECT_THAT(lines(settings, loose),
              ElementsAre(AllOf(StartsWith("f.toml:3: warning: auth.secret "), HasSubstr("chmod 600 f.toml"))));
  settings.set_text("auth.secret", drawn, "FANFARE_AUTH__SECRET");
  EXPECT_THAT(lines(settings, loose), IsEmpty());
  settings.set_text("publish.keys", "", "f.toml:9");
  EXPECT_THAT(lines(settings, loose), IsEmpty()) << "nothing in it";
  EXPECT_THAT(lines(ready({{"auth.private_key_file", "private.pem"}}), loose), warns("auth.private_key_file"));
  EXPECT_THAT(lines(ready({{"auth.private_key_file", "private.pem"}})), IsEmpty());
}

TEST(ProductionCheck, LooksAtTheModeOfFiles) {
  const auto path = testing::TempDir() + "fanfare_mode_test.toml";
  std::ofstream(path) << "x";
  const auto around = surroundings_of(path);
  EXPECT_EQ(around.config_file, path);
  EXPECT_GT(around.file_descriptors, 0U);
  chmod(path.c_str(), 0600);
  EXPECT_FALSE(around.others_may_read(path));
  chmod(path.c_str(), 0644);
  EXPECT_TRUE(around.others_may_read(path));
  std::remove(path.c_str());
  EXPECT_FALSE(around.others_may_read(path));
}

TEST(ProductionCheck, KeepsTokensFromOthers) {
  EXPECT_THAT(lines(ready({{"auth.jwks_url", "http://id.example/keys"}, {"auth.audience", "fanfare"}})),
              ElementsAre(StartsWith("test: warning: auth.jwks_url ")));
  EXPECT_THAT(lines(ready({{"auth.jwks_url", "https://id.example/keys"}})),
              ElementsAre(StartsWith("default: hint: auth.audience ")));
  EXPECT_THAT(lines(ready({{"auth.jwks_url", "http://127.0.0.1:9/keys"}, {"auth.audience", "fanfare"}})), IsEmpty());
  EXPECT_THAT(lines(ready({{"auth.hook_url", "http://app.example/may"}})), hints("auth.hook_url"));
  EXPECT_THAT(lines(ready({{"auth.hook_url", "https://app.example/may"}})), IsEmpty());
}

TEST(ProductionCheck, WantsOriginsByName) {
  EXPECT_THAT(lines(ready({{"cors.origins", "*"}})), ElementsAre(HasSubstr("warning: cors.origins holds \"*\"")));
  EXPECT_THAT(lines(ready({{"cors.origins", "null"}})), warns("cors.origins"));
  EXPECT_THAT(lines(ready({{"cors.enforce", "false"}})), warns("cors.enforce"));
  EXPECT_THAT(lines(ready({{"cors.origins", "http://app.example"}})), hints("cors.origins"));
  EXPECT_THAT(lines(ready({{"cors.origins", "https://app.example"}})), IsEmpty());
}

TEST(ProductionCheck, WantsLimits) {
  for (const auto& [key, most] : keys{{"limits.connections", "10000000"},
                                      {"limits.connections_per_user", "10000000"},
                                      {"limits.commands_per_second", "1000000"},
                                      {"limits.publish_per_second", "100000000"},
                                      {"limits.rooms_per_connection", "1000000"}}) {
    EXPECT_THAT(lines(ready({{key, most}})), warns(key));
    EXPECT_THAT(lines(ready({{key, "1000"}})), IsEmpty()) << key;
  }
  for (const auto* key : {"limits.members_per_room", "limits.user_commands_per_second"}) {
    EXPECT_THAT(lines(ready({{key, "0"}})), hints(key));
  }
  EXPECT_THAT(lines(open_to_all({{"limits.connects_per_second", "0"}})), warns("limits.connects_per_second"));
  EXPECT_THAT(lines(open_to_all({{"limits.connections_per_address", "0"}})), hints("limits.connections_per_address"));
  EXPECT_THAT(lines(open_to_all()), Not(Contains(HasSubstr("[Limits]"))));
}

TEST(ProductionCheck, WantsFileDescriptorsForAllConnections) {
  const auto settings = ready({{"limits.connections", "500"}});
  EXPECT_THAT(lines(settings, {.file_descriptors = 2499}),
              ElementsAre(AllOf(StartsWith("test: hint: limits.connections needs 2500 file descriptors"),
                                HasSubstr("2499"), HasSubstr("LimitNOFILE=2500"))));
  EXPECT_THAT(lines(settings, {.file_descriptors = 2500}), IsEmpty());
}

TEST(ProductionCheck, WantsHistoryThatOutlivesTheServer) {
  EXPECT_THAT(lines(ready({{"history.path", ""}})),
              ElementsAre(StartsWith("default: warning: history.backend is memory")));
  EXPECT_THAT(lines(ready({{"history.backend", "memory"}})), warns("history.backend")) << "whatever the path";
  EXPECT_THAT(lines(ready({{"history.sync", "off"}})),
              ElementsAre(HasSubstr("hint: history.sync is off: a loss of power may")));
  EXPECT_THAT(lines(ready({{"history.sync", "normal"}})), hints("history.sync"));
  EXPECT_THAT(lines(ready({{"history.sync", "full"}})), IsEmpty());
}

TEST(ProductionCheck, LooksAtRedis) {
  const keys bare{{"history.backend", "redis"}, {"history.path", ""}, {"redis.url", "redis://store.example:6379"}};
  const auto found = lines(ready(bare));
  EXPECT_THAT(found, AllOf(Contains(StartsWith("default: hint: redis.min_replicas")),
                           Contains(StartsWith("default: hint: fleet.secret")), Contains(HasSubstr("has no TLS")),
                           Contains(HasSubstr("has no password"))));
  EXPECT_EQ(found.size(), 4U);
  auto settings = ready(bare);
  settings.set_text("redis.url", "rediss+cluster://:" + std::string(drawn) + "@a.example:1,b.example:1", "test");
  settings.set_text("redis.min_replicas", "1", "test");
  settings.set_text("fleet.secret", drawn, "test");
  EXPECT_THAT(lines(settings), IsEmpty());
  settings.set_text("redis.url", "redis://127.0.0.1:6379", "test");
  EXPECT_THAT(lines(settings), IsEmpty()) << "on this machine";
  settings.set_text("fleet.secret", std::string(64, 'f'), "test");
  EXPECT_THAT(lines(settings), warns("fleet.secret"));
}

TEST(ProductionCheck, TellsOfWhatIsOpenToAnybody) {
  EXPECT_THAT(lines(open_to_all()),
              ElementsAre(AllOf(StartsWith("test: hint: server.listen "), HasSubstr("/metrics"))));
  EXPECT_THAT(lines(open_to_all({{"dashboard.enabled", "true"}})), hints("dashboard.enabled"));
}

TEST(ProductionCheck, WantsLogsAndTimeToDrain) {
  EXPECT_THAT(lines(ready({{"log.format", "text"}})), hints("log.format"));
  EXPECT_THAT(lines(ready({{"log.level", "off"}})), warns("log.level"));
  EXPECT_THAT(lines(ready({{"server.drain_ms", "0"}})), hints("server.drain_ms"));
  EXPECT_THAT(lines(ready({{"log.format", "json"}, {"log.level", "warn"}, {"server.drain_ms", "5000"}})), IsEmpty());
}

}  // namespace
}  // namespace fanfare::server
