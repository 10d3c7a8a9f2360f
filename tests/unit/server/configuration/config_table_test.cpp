#include "server/configuration/config_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fanfare::server {
namespace {

TEST(ConfigTable, NamesAreUniqueDottedAndExplained) {
  std::set<std::string_view> names;
  for (const auto& key : config_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_EQ(key.name.find('.'), key.name.rfind('.')) << key.name;
    EXPECT_NE(key.name.find('.'), std::string_view::npos) << key.name;
    EXPECT_TRUE(key.explanation.ends_with('.')) << key.name;
    EXPECT_LE(key.min, key.max) << key.name;
  }
}

TEST(ConfigTable, HoldsTheContractsKeysWithItsDefaults) {
  const std::pair<std::string_view, std::string_view> promised[] = {{"server.listen", "127.0.0.1:8000"},
                                                                    {"server.workers", "0"},
                                                                    {"server.tls_cert", ""},
                                                                    {"server.tls_key", ""},
                                                                    {"engine.ping_interval_ms", "25000"},
                                                                    {"engine.ping_timeout_ms", "60000"},
                                                                    {"engine.max_payload_bytes", "1000000"},
                                                                    {"cors.origins", ""},
                                                                    {"cors.credentials", "false"},
                                                                    {"auth.algorithms", "HS256"},
                                                                    {"auth.secret", ""},
                                                                    {"auth.public_key_file", ""},
                                                                    {"auth.jwks_url", ""},
                                                                    {"auth.issuer", ""},
                                                                    {"auth.audience", ""},
                                                                    {"auth.leeway_s", "5"},
                                                                    {"auth.query_token", "false"},
                                                                    {"auth.refresh_grace_s", "25"},
                                                                    {"auth.hook_url", ""},
                                                                    {"publish.keys", ""},
                                                                    {"limits.connections", "10000"},
                                                                    {"history.backend", "memory"},
                                                                    {"history.path", ""},
                                                                    {"redis.url", ""},
                                                                    {"github.secret", ""},
                                                                    {"github.projects", ""},
                                                                    {"log.level", "info"},
                                                                    {"log.format", "json"}};
  for (const auto& [name, preset] : promised) {
    const auto* key = find_key(name);
    ASSERT_NE(key, nullptr) << name;
    EXPECT_EQ(key->preset, preset) << name;
  }
}

TEST(ConfigTable, EverySecretIsMarked) {
  for (const auto* name : {"auth.secret", "publish.keys", "redis.url", "github.secret", "github.previous_secret"}) {
    EXPECT_TRUE(find_key(name)->secret) << name;
  }
}

TEST(ConfigTable, FindsTheNearestKey) {
  EXPECT_EQ(nearest_key("auth.secrt").name, "auth.secret");
  EXPECT_EQ(nearest_key("sever.listen").name, "server.listen");
  EXPECT_EQ(nearest_key("auth.serect").name, "auth.secret");
  EXPECT_EQ(nearest_key("engine.ping_timout_ms").name, "engine.ping_timeout_ms");
  EXPECT_EQ(nearest_key("secret").name, "auth.secret");
  EXPECT_FALSE(nearest_key("").name.empty());
  EXPECT_FALSE(nearest_key(std::string(100000, 'x')).name.empty());
}

TEST(ConfigTable, UnknownNamesAreNotFound) {
  EXPECT_EQ(find_key("auth"), nullptr);
  EXPECT_EQ(find_key(""), nullptr);
  EXPECT_EQ(find_key("auth.secret "), nullptr);
}

}  // namespace
}  // namespace fanfare::server
