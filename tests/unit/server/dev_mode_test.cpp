#include "server/dev_mode.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(DevMode, FillsInOnlyWhatNobodySet) {
  server::configuration settings;
  settings.set_text("cors.origins", "https://a.example", "test");
  settings.set_text("auth.secret", std::string(32, 's'), "test");
  settings.set_text("publish.keys", "a-key-of-the-configuration", "test");
  settings.set_text("auth.algorithms", "RS256", "test");
  settings.set_text("auth.jwks_url", "https://id.example/keys", "test");
  server::apply_dev_presets(settings);
  EXPECT_THAT(settings.inconsistencies(), testing::IsEmpty());
  EXPECT_EQ(settings.text("auth.secret").size(), 64u);
  EXPECT_EQ(settings.source("auth.secret"), "--dev") << "a configured secret is never used";
  EXPECT_EQ(settings.source("publish.keys"), "--dev");
  EXPECT_THAT(server::dev_token(settings), testing::StartsWith("eyJ"));
  EXPECT_THAT(settings.list("cors.origins"), testing::ElementsAre("https://a.example"));
  server::configuration other;
  server::apply_dev_presets(other);
  EXPECT_NE(other.text("auth.secret"), settings.text("auth.secret"));
  EXPECT_NE(other.list("publish.keys"), settings.list("publish.keys"));
}

TEST(DevMode, TheTokenOpensEverything) {
  served host;
  client peer(host.port());
  ASSERT_EQ(peer.connect(server::dev_token(host.settings)), '0');
  peer.event("connection.established");
  EXPECT_TRUE(peer.ask("subscribe", object{{"room", array{"project:any", "agent:any"}}}).find("ok")->as_bool());
  EXPECT_EQ(call(host.port(), "GET", "/api/v1/rooms", {{"Authorization", "Bearer " + server::dev_token(host.settings)}})
                .status,
            200u);
}

TEST(DevMode, TheDashboardIsGivenWhatItSignsInWith) {
  const auto gift = server::dashboard_gift(test_settings(), "TOKEN", "build/bin/fanfare");
  EXPECT_EQ(gift.find("token")->as_string(), "TOKEN");
  EXPECT_EQ(gift.find("key")->as_string(), "key-of-the-served");
  EXPECT_EQ(gift.find("hints")->if_array()->size(), 4u);
  EXPECT_THAT(std::string(gift.at_pointer("/hints/2/line")->as_string()), testing::StartsWith("curl {url}/api/v1"));
  served host;
  EXPECT_EQ(call(host.port(), "GET", "/").status, 404u) << "without --dev there is nothing at /";
  EXPECT_EQ(call(host.port(), "GET", "/dashboard/session.json").json().find("dev"), nullptr);
}

TEST(DevMode, TheBannerIsReadyToPaste) {
  const auto banner = server::dev_banner("http://127.0.0.1:4321", test_settings(), "TOKEN", "build/bin/fanfare");
  EXPECT_THAT(banner,
              HasSubstr("curl http://127.0.0.1:4321/api/v1/events -H 'Authorization: Bearer key-of-the-served'"));
  EXPECT_THAT(banner,
              HasSubstr("require(\"socket.io-client\")(\"http://127.0.0.1:4321\", {auth: {token: \"TOKEN\"}})"));
  EXPECT_THAT(banner, HasSubstr("s.connect(\"http://127.0.0.1:4321\", auth={\"token\": \"TOKEN\"})"));
  EXPECT_THAT(banner, HasSubstr("FANFARE_AUTH__SECRET='" + std::string(32, 's') + "' build/bin/fanfare token"));
  EXPECT_THAT(banner, Not(HasSubstr("!!")));
}

TEST(DevMode, SaysWhomItGivesTheTokenTo) {
  auto settings = test_settings();
  settings.set_text("server.listen", "127.0.0.2:0, localhost:0, [::1]:0", "test");
  EXPECT_THAT(server::open_addresses(settings), testing::IsEmpty());
  settings.set_text("server.listen", "127.0.0.1:0, 0.0.0.0:8000, [::]:8000", "test");
  EXPECT_THAT(server::open_addresses(settings), testing::ElementsAre("0.0.0.0:8000", "[::]:8000"));
  EXPECT_THAT(server::dev_banner("u", settings, "t", "fanfare"), HasSubstr("!! [::]:8000 is not this machine alone"));
}

}  // namespace
}  // namespace fanfare::test
