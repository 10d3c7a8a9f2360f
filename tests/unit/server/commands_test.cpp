#include "server/commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "server/served.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;

struct printed {
  std::ostringstream out, err;
  server::streams io{out, err};
};

server::publish_request event_for(served& host) {
  return {.type = "project.updated",
          .data = R"({"project_id":"p1","changes":{}})",
          .rooms = {},
          .id = {},
          .url = "http://127.0.0.1:" + std::to_string(host.port()) + "/",
          .key = "key-of-the-served"};
}

TEST(Commands, PublishPrintsIdAndCursor) {
  served host;
  printed text;
  EXPECT_EQ(server::run_publish(event_for(host), text.io), 0) << text.err.str();
  const auto answer = json::parse(text.out.str());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->find("id")->as_string().size(), 26u);

  auto named = event_for(host);
  named.id = "mine";
  named.rooms = {"global"};
  printed again;
  EXPECT_EQ(server::run_publish(named, again.io), 0);
  EXPECT_THAT(again.out.str(), HasSubstr("\"id\":\"mine\""));
  const auto page = call(host.port(), "GET", "/api/v1/rooms/global/history", {{"X-API-Key", "key-of-the-served"}});
  EXPECT_EQ(page.json().at_pointer("/events/0/id")->as_string(), "mine");
}

TEST(Commands, PublishReadsDataFromAFile) {
  served host;
  const auto path = testing::TempDir() + "fanfare_commands_test.json";
  std::ofstream(path) << R"({"project_id":"p1","changes":{}})";
  auto asked = event_for(host);
  asked.data = "@" + path;
  printed text;
  EXPECT_EQ(server::run_publish(asked, text.io), 0) << text.err.str();
  std::remove(path.c_str());
  EXPECT_THROW(server::run_publish(asked, text.io), std::runtime_error);
}

TEST(Commands, PublishSaysWhatIsWrong) {
  served host;
  const auto fault = [&host](auto adjust) {
    auto asked = event_for(host);
    adjust(asked);
    printed text;
    EXPECT_EQ(server::run_publish(asked, text.io), 1);
    return text.err.str();
  };
  EXPECT_THAT(fault([](auto& asked) { asked.data = "{"; }), HasSubstr("--data is no JSON"));
  EXPECT_THAT(fault([](auto& asked) { asked.key = ""; }), HasSubstr("FANFARE_KEY"));
  EXPECT_THAT(fault([](auto& asked) { asked.key = "wrong"; }), HasSubstr("fanfare: 401"));
  EXPECT_EQ(fault([](auto& asked) { asked.data = "{}"; }),
            "fanfare: 400: The request is malformed: /data/project_id: is missing\n");
  EXPECT_THAT(fault([](auto& asked) { asked.url = "nonsense"; }), HasSubstr("http://"));
  host.running.drain();
  EXPECT_THAT(fault([](auto&) {}), HasSubstr("fanfare: 503"));
}

TEST(Commands, ListenNeedsATokenAndSaysWhyItEnds) {
  served host;
  printed text;
  EXPECT_EQ(server::run_listen({}, text.io), 1);
  EXPECT_THAT(text.err.str(), HasSubstr("FANFARE_TOKEN"));
  EXPECT_EQ(server::run_listen(
                {.rooms = {}, .since = {}, .url = "http://127.0.0.1:" + std::to_string(host.port()), .token = "bad"},
                text.io),
            1);
  EXPECT_THAT(text.err.str(), HasSubstr("refused: token_invalid"));
}

TEST(Commands, EventsPrintsEveryFormat) {
  const std::pair<const char*, const char*> expected[] = {{"table", "project.updated"},
                                                          {"json-schema", "\"$schema\""},
                                                          {"asyncapi", "\"asyncapi\""},
                                                          {"typescript", "interface"},
                                                          {"python", "def broadcast_project_updated"},
                                                          {"markdown", "|"}};
  for (const auto& [format, part] : expected) {
    printed text;
    EXPECT_EQ(server::run_events({}, format, text.io), 0);
    EXPECT_THAT(text.out.str(), HasSubstr(part)) << format;
    EXPECT_TRUE(text.out.str().ends_with('\n')) << format;
  }
}

TEST(Commands, ChecksAFile) {
  const auto path = testing::TempDir() + "fanfare_check_test.toml";
  const auto check = [&path](const std::string& content) -> std::string {
    std::ofstream(path) << content;
    printed text;
    try {
      EXPECT_EQ(server::run_config_check({path, nullptr}, false, text.io), 0);
    } catch (const server::config_error& failure) {
      return failure.what();
    }
    return text.out.str();
  };
  EXPECT_EQ(check("[auth]\nsecret = \"" + std::string(32, 's') + "\"\n"), path + ": good\n");
  EXPECT_THAT(check("[auth]\nsecret = \"short\"\n"), HasSubstr(path + ":2: auth.secret has 5 bytes"));
  EXPECT_THAT(check("[ath]\n"), HasSubstr(path + ":1: unknown section [ath]"));
  const auto many = check(
      "[auth]\nsecret = \"short\"\nhook_url = \"localhost:9000/auth\"\n[nonsense]\nx = 1\n"
      "[history]\nbackend = \"sqlite\"\npath = \"x.db\"\n[redis]\nurl = \"http://a\"\n");
  for (const auto* each : {":2: auth.secret has 5", ":3: auth.hook_url", "unknown section", "redis.url "}) {
    EXPECT_THAT(many, HasSubstr(each)) << "all at once";
  }
  EXPECT_THAT(check("[server]\nlisten = \"8000\"\n"), HasSubstr("an address is HOST:PORT: 127.0.0.1:8000"));
  std::ofstream(path) << "[server]\nworkers = 1\n";
  const auto entry = "FANFARE_AUTH__SECRET=" + std::string(32, 's');
  const char* environment[] = {entry.c_str(), nullptr};
  printed text;
  EXPECT_EQ(server::run_config_check({path, environment}, false, text.io), 0) << "the environment counts";
  EXPECT_THAT(check("[server]\nworkers = 1\n"), HasSubstr("FANFARE_AUTH__SECRET")) << "the cure";
  std::remove(path.c_str());
  try {
    static_cast<void>(server::run_config_check({testing::TempDir(), nullptr}, false, text.io));
    ADD_FAILURE() << "a directory";
  } catch (const server::config_error& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("it is a directory"));
  }
}

TEST(Commands, ChecksAFileForProduction) {
  const auto path = testing::TempDir() + "fanfare_production_test.toml";
  const std::string drawn = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  const auto entry = "FANFARE_AUTH__SECRET=" + drawn;
  const char* environment[] = {entry.c_str(), nullptr};
  std::ofstream(path) << "[history]\npath = \"x.db\"\n[log]\nformat = \"text\"\n";
  printed fine;
  EXPECT_EQ(server::run_config_check({path, environment}, true, fine.io), 0) << "hints do not count";
  EXPECT_THAT(fine.out.str(), testing::MatchesRegex(path + ": good for production, [0-9]+ hints\n"));
  EXPECT_THAT(fine.err.str(), HasSubstr("fanfare: " + path + ":4: hint: log.format is text"));
  std::ofstream(path) << "[cors]\norigins = [\"*\"]\n";
  printed open;
  EXPECT_EQ(server::run_config_check({path, environment}, true, open.io), 1);
  EXPECT_EQ(open.out.str(), "");
  EXPECT_THAT(open.err.str(), HasSubstr("fanfare: " + path + ":2: warning: cors.origins holds \"*\""));
  EXPECT_THAT(open.err.str(), HasSubstr(path + ": not ready for production: 2 warnings, "));
  printed lenient;
  EXPECT_EQ(server::run_config_check({path, environment}, false, lenient.io), 0);
  EXPECT_EQ(lenient.out.str(), path + ": good\n");
  EXPECT_THROW(static_cast<void>(server::run_config_check({path, nullptr}, true, open.io)), server::config_error)
      << "faults come first";
  std::remove(path.c_str());
}

TEST(Commands, TokenAndShowReadTheEnvironment) {
  const auto entry = "FANFARE_AUTH__SECRET=" + std::string(32, 's');
  const char* environment[] = {entry.c_str(), nullptr};
  printed text;
  EXPECT_EQ(server::run_token({"", environment}, {.sub = "u1"}, text.io), 0);
  EXPECT_EQ(std::ranges::count(text.out.str(), '.'), 2);
  printed shown;
  EXPECT_EQ(server::run_config_show({"", environment}, shown.io), 0);
  EXPECT_THAT(shown.out.str(), HasSubstr("auth.secret = \"********\"  # FANFARE_AUTH__SECRET"));
}

}  // namespace
}  // namespace fanfare::test
