#include "server/configuration/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> faults_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const config_error& failure) {
    return failure.problems();
  }
  return {};
}

configuration good() {
  configuration settings;
  settings.set_text("auth.secret", std::string(32, 's'), "test");
  return settings;
}

TEST(Configuration, StartsAtTheDefaults) {
  const configuration settings;
  EXPECT_THAT(settings.list("server.listen"), ElementsAre("127.0.0.1:8000"));
  EXPECT_EQ(settings.integer("engine.ping_interval_ms"), 25000);
  EXPECT_FALSE(settings.boolean("auth.query_token"));
  EXPECT_EQ(settings.text("history.backend"), "memory");
  EXPECT_TRUE(settings.table("github.projects").empty());
  EXPECT_EQ(settings.source("log.level"), "default");
}

TEST(Configuration, ReadsTheEnvironment) {
  configuration settings;
  const char* environment[] = {"FANFARE_AUTH__SECRET=abc=def",
                               "FANFARE_LIMITS__CONNECTIONS=7",
                               "FANFARE_CORS__ORIGINS=https://a.example, https://b.example,",
                               "FANFARE_GITHUB__PROJECTS=o/r=p1, o/s=p2",
                               "FANFARE_AUTH__QUERY_TOKEN=1",
                               "FANFARE_TOKEN=not.a.key",
                               "PATH=/bin",
                               "FANFARE_",
                               nullptr};
  settings.load_environment(environment);
  EXPECT_EQ(settings.text("auth.secret"), "abc=def");
  EXPECT_EQ(settings.source("auth.secret"), "FANFARE_AUTH__SECRET");
  EXPECT_EQ(settings.integer("limits.connections"), 7);
  EXPECT_THAT(settings.list("cors.origins"), ElementsAre("https://a.example", "https://b.example"));
  EXPECT_EQ(settings.table("github.projects").at("o/s"), "p2");
  EXPECT_TRUE(settings.boolean("auth.query_token"));
}

TEST(Configuration, NamesEveryFaultOfTheEnvironment) {
  const char* environment[] = {"FANFARE_AUTH__SECRT=x",
                               "FANFARE_LIMITS__CONNECTIONS=many",
                               "FANFARE_LOG__LEVEL=loud",
                               "FANFARE_GITHUB__PROJECTS=nothing",
                               "FANFARE_CORS__CREDENTIALS=yes",
                               "FANFARE_SERVER__WORKERS=-1",
                               nullptr};
  configuration settings;
  EXPECT_THAT(faults_of([&] { settings.load_environment(environment); }),
              ElementsAre("FANFARE_AUTH__SECRT: unknown key \"auth.secrt\"; did you mean \"auth.secret\"?",
                          "FANFARE_LIMITS__CONNECTIONS: limits.connections must be a whole number",
                          "FANFARE_LOG__LEVEL: log.level must be one of: trace debug info warn error off",
                          "FANFARE_GITHUB__PROJECTS: github.projects must be pairs: name=value,name=value",
                          "FANFARE_CORS__CREDENTIALS: cors.credentials must be true or false",
                          "FANFARE_SERVER__WORKERS: server.workers must be 0 to 1024"));
}

TEST(Configuration, ReadsVariablesAsTheirAuthorsMeanThem) {
  const auto fault = [](const char* entry) {
    const char* environment[] = {entry, nullptr};
    configuration settings;
    return faults_of([&] { settings.load_environment(environment); });
  };
  EXPECT_THAT(
      fault("FANFARE_AUTH_SECRET=x"),
      ElementsAre("FANFARE_AUTH_SECRET: is read by nobody; write FANFARE_AUTH__SECRET, with two underscores for "
                  "the dot of auth.secret"));
  EXPECT_THAT(fault("FANFARE_TOKEN=x"), ElementsAre());
  EXPECT_THAT(fault("FANFARE_CORS__ORIGINS=[1]"),
              ElementsAre("FANFARE_CORS__ORIGINS: cors.origins must be a list: a,b or [\"a\",\"b\"]"));
  const char* environment[] = {"FANFARE_CORS__ORIGINS=[\"https://a.example\", \"https://b.example\"]", nullptr};
  configuration settings;
  settings.load_environment(environment);
  EXPECT_THAT(settings.list("cors.origins"), ElementsAre("https://a.example", "https://b.example"));
}

TEST(Configuration, FlagsAreNamedInTheirFaults) {
  configuration settings;
  settings.set_text("server.workers", "3", "--workers");
  EXPECT_EQ(settings.integer("server.workers"), 3);
  EXPECT_EQ(settings.source("server.workers"), "--workers");
  EXPECT_THAT(faults_of([&] { settings.set_text("server.workers", "99999", "--workers"); }),
              ElementsAre("--workers: server.workers must be 0 to 1024"));
  EXPECT_EQ(settings.integer("server.workers"), 3);
  EXPECT_THAT(faults_of([&] { settings.set_text("no.such", "", "--x"); }), Contains(HasSubstr("unknown key")));
}

TEST(Configuration, AnUnknownNameInTheCodeIsABug) {
  const configuration settings;
  EXPECT_THROW(static_cast<void>(settings.text("no.such")), std::logic_error);
  EXPECT_ANY_THROW(static_cast<void>(settings.integer("log.level")));
}

TEST(Configuration, KnowsWhatWaitsForARestart) {
  auto next = good();
  EXPECT_THAT(good().waiting_for_restart(next), ElementsAre());
  next.set_text("log.level", "debug", "test");
  next.set_text("server.workers", "3", "test");
  next.set_text("history.path", "x.db", "test");
  EXPECT_THAT(good().waiting_for_restart(next), ElementsAre("server.workers", "history.path"));
}

TEST(Configuration, NamesValuesThatCannotWork) {
  const auto faults = [](std::string_view name, std::string_view text) {
    auto settings = good();
    settings.set_text(name, text, "f.toml:1");
    const auto found = settings.inconsistencies();
    return found.empty() ? "none" : found.front();
  };
  const std::tuple<const char*, const char*, const char*> table[] = {
      {"server.listen", "8000", "an address is HOST:PORT: 127.0.0.1:8000"},
      {"server.listen", "localhost", "an address is HOST:PORT: 127.0.0.1:8000"},
      {"server.listen", "127.0.0.1:99999", "a port is 0 to 65535"},
      {"server.listen", "::1:80", "an IPv6 address stands in brackets: [::1]:80"},
      {"cors.origins", "http://localhost:3000/", "an origin has no path: http://localhost:3000"},
      {"cors.origins", "localhost:3000", "an origin has a scheme: http://localhost:3000"},
      {"cors.origins", "https://App.Example", "browsers write small letters: https://app.example"},
      {"cors.origins", "https://app.example:443", "browsers leave the scheme's own port out: https://app.example"},
      {"cors.origins", "https://", "names no host"},
      {"auth.jwks_url", "ftp://keys.example/", "must start with http:// or https://"},
      {"auth.jwks_url", "ws://keys.example/", "must start with http:// or https://"},
      {"auth.hook_url", "http://h:99999/", "the URL's port is past 65535"},
      {"auth.hook_url", "localhost:9000/auth", "must start with http:// or https://"},
      {"auth.public_key_file", "/no/such.pem", "cannot be read: /no/such.pem: No such file"},
      {"policy.rules", "team join claim+hook", "asks the hook, but auth.hook_url is empty"},
  };
  for (const auto& [name, text, cure] : table) {
    EXPECT_THAT(faults(name, text),
                testing::AllOf(testing::StartsWith(std::string("f.toml:1: ") + name), HasSubstr(cure)));
  }
  for (const auto* fine : {"127.0.0.1:0", "[::1]:8000", "localhost:8000"})
    EXPECT_EQ(faults("server.listen", fine), "none");
  for (const auto* fine : {"*", "null", "https://app.example:8443", "http://[::1]:3000"}) {
    EXPECT_EQ(faults("cors.origins", fine), "none");
  }
  EXPECT_EQ(faults("policy.rules", "team join role:hook"), "none");
}

TEST(Configuration, AGoodOneHasNoInconsistencies) { EXPECT_THAT(good().inconsistencies(), ElementsAre()); }

TEST(Configuration, NamesWhatKeysDemandOfEachOther) {
  const auto faults = [](std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
    auto settings = good();
    for (const auto& [name, text] : keys) settings.set_text(name, text, "test");
    return settings.inconsistencies();
  };
  EXPECT_THAT(faults({{"server.tls_cert", "c.pem"}}), Contains(HasSubstr("go together")));
  EXPECT_THAT(faults({{"server.tls_key", "k.pem"}}), Contains(HasSubstr("go together")));
  EXPECT_THAT(faults({{"server.listen", ""}}), Contains(HasSubstr("names no address")));
  EXPECT_THAT(faults({{"history.backend", "sqlite"}}), Contains(HasSubstr("needs history.path")));
  EXPECT_THAT(faults({{"history.backend", "redis"}}), Contains(HasSubstr("needs redis.url")));
  EXPECT_THAT(faults({{"auth.algorithms", ""}}), Contains(HasSubstr("names no algorithm")));
  EXPECT_THAT(faults({{"auth.algorithms", "none"}}), Contains(HasSubstr("\"none\", which is not one of")));
  EXPECT_THAT(faults({{"auth.algorithms", "hs256"}}), Contains(HasSubstr("which is not one of")));
  EXPECT_THAT(faults({{"auth.algorithms", "RS256"}}), Contains(HasSubstr("needs auth.public_key_file")));
  EXPECT_THAT(faults({{"auth.algorithms", "HS512"}}), Contains("test: auth.secret has 32 bytes; HS512 needs 64"));
  EXPECT_THAT(faults({{"auth.secret", ""}}), Contains(HasSubstr("is empty, but auth.algorithms has HS256")));
  EXPECT_THAT(faults({{"auth.secret", "short"}}), Contains("test: auth.secret has 5 bytes; HS256 needs 32"));
  EXPECT_THAT(faults({{"publish.keys", "tiny"}}), Contains(HasSubstr("fewer than 16")));
  EXPECT_THAT(faults({{"auth.algorithms", "RS256"}, {"auth.jwks_url", "https://id.example/keys"}}), ElementsAre());
}

}  // namespace
}  // namespace fanfare::server
