#include "api/route_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/answers.hpp"
#include "api/rig.hpp"

namespace fanfare::test {
namespace {

TEST(RouteTable, EveryEndpointThatNeedsACredentialRefusesStrangers) {
  rig host;
  for (const auto& row : api::endpoints()) {
    std::string target(row.path);
    for (const auto* name : {"{room}", "{id}", "{type}"}) {
      if (const auto place = target.find(name); place != std::string::npos) {
        target.replace(place, std::string_view(name).size(), "global");
      }
    }
    const auto stranger = call(host.port(), std::string(row.method), target);
    const auto wrong = call(host.port(), std::string(row.method), target, {{"X-API-Key", "guess"}});
    const auto powerless =
        call(host.port(), std::string(row.method), target, {{"Authorization", "Bearer " + rig::token("u1")}});
    if (row.access == api::needs::nothing) {
      EXPECT_NE(stranger.status, 401u) << row.path;
      continue;
    }
    EXPECT_EQ(stranger.status, 401u) << row.path;
    EXPECT_EQ(wrong.status, 401u) << row.path;
    EXPECT_EQ(powerless.status, row.access == api::needs::token ? 200u : 403u) << row.path;
  }
}

TEST(RouteTable, AProblemSaysNoMoreThanItsCode) {
  rig host;
  const auto expired = host.get("/api/v1/rooms", {{"Authorization", "Bearer " + rig::token("u1", {}, -60)}});
  EXPECT_EQ(expired.status, 401u);
  EXPECT_EQ(expired.json().find("code")->as_string(), "token_expired");
  EXPECT_EQ(expired.json().find("detail"), nullptr);
  const auto answer = api::problem({errc::bad_request, "why", "/a"});
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(json::parse(answer.body.view())->find("pointer")->as_string(), "/a");
}

TEST(RouteTable, LogsRefusalsWithoutTheCredential) {
  std::vector<std::string> lines;
  std::mutex mutex;
  rig host([&](api::floor& shared) {
    shared.says.log_to = [&](api::severity, std::string_view message, const api::log_fields& fields) {
      const std::lock_guard lock(mutex);
      std::string line(message);
      for (const auto& [name, item] : fields) line += " " + std::string(name) + "=" + json::write(item);
      lines.push_back(line);
    };
  });
  host.get("/api/v1/rooms", {{"X-API-Key", "guessed-key"}});
  const std::lock_guard lock(mutex);
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("request refused path=\"/api/v1/rooms\"")));
  EXPECT_THAT(lines, testing::Not(testing::Contains(testing::HasSubstr("guessed-key"))));
}

}  // namespace
}  // namespace fanfare::test
