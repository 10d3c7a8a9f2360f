#include "server/service/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "server/served.hpp"

namespace fanfare::test {
namespace {

using server::config_error;
using testing::HasSubstr;

TEST(Service, CarriesAnEventFromEndToEnd) {
  served host;
  client peer(host.port());
  ASSERT_EQ(peer.connect(host.token("u1")), '0');
  peer.event("connection.established");
  ASSERT_TRUE(peer.ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  ASSERT_EQ(host.publish("p1", 7).status, 202u);
  EXPECT_EQ(peer.event("project.updated").at_pointer("/data/changes/n")->as_double(), 7);
}

TEST(Service, ReloadsKeysLimitsAndOrigins) {
  served host;
  EXPECT_EQ(call(host.port(), "GET", "/healthz", {{"Origin", "https://a.example"}})
                .headers.get("Access-Control-Allow-Origin"),
            std::nullopt);
  const auto old_token = host.token("u1");
  auto next = test_settings({{"publish.keys", "another-key-altogether"},
                             {"auth.secret", "another secret of thirty-two bytes"},
                             {"cors.origins", "https://a.example"},
                             {"limits.publish_per_second", "1"},
                             {"limits.publish_burst", "1"}});
  host.running.reload(next);
  EXPECT_EQ(host.publish("p1", 1).status, 401u);
  client peer(host.port());
  EXPECT_EQ(peer.connect(old_token), '4');
  EXPECT_EQ(call(host.port(), "GET", "/healthz", {{"Origin", "https://a.example"}})
                .headers.get("Access-Control-Allow-Origin"),
            "https://a.example");
  // What cannot be used changes nothing.
  next.set_text("auth.secret", "short", "test");
  EXPECT_THROW(host.running.reload(next), config_error);
  EXPECT_EQ(call(host.port(), "GET", "/api/v1/rooms", {{"X-API-Key", "another-key-altogether"}}).status, 200u);
}

TEST(Service, TellsTheConfigurationInEffect) {
  served host({{"redis.prefix", "at-the-start"}});
  const auto told = [&host](std::string_view name) {
    const auto all = call(host.port(), "GET", "/api/v1/configuration", {{"X-API-Key", "key-of-the-served"}}).json();
    for (const auto& row : *all.find("keys")->if_array()) {
      if (row.find("key")->as_string() == name) return row;
    }
    return value{};
  };
  EXPECT_EQ(told("limits.publish_burst").find("source")->as_string(), "default");
  EXPECT_EQ(told("auth.secret").find("value")->as_string(), "********");
  auto next = test_settings({{"redis.prefix", "another"}});
  next.set_text("limits.publish_burst", "7", "fanfare.toml:3");
  host.running.reload(next);
  EXPECT_EQ(*told("limits.publish_burst").find("value"), value(7));
  EXPECT_EQ(told("limits.publish_burst").find("source")->as_string(), "fanfare.toml:3");
  EXPECT_EQ(told("redis.prefix").find("value")->as_string(), "at-the-start") << "only a restart takes that";
}

TEST(Service, TheDashboardCanBeSwitchedOff) {
  served host({{"dashboard.enabled", "false"}});
  for (const auto* path : {"/dashboard", "/dashboard/", "/dashboard/session.json"}) {
    EXPECT_EQ(call(host.port(), "GET", path).status, 404u) << path;
  }
}

TEST(Service, DrainsThenStops) {
  served host;
  client peer(host.port());
  ASSERT_EQ(peer.connect(host.token("u1")), '0');
  host.running.drain();
  EXPECT_EQ(call(host.port(), "GET", "/readyz").status, 503u);
  EXPECT_EQ(host.publish("p1", 1).status, 503u);
  client late(host.port());
  EXPECT_EQ(late.connect(host.token("u2")), '4');
  EXPECT_EQ(late.refusal.at_pointer("/data/code")->as_string(), "draining");
  peer.event("connection.established");
  auto stopped = std::async(std::launch::async, [&host] { host.running.stop(); });
  EXPECT_TRUE(peer.ends());
  stopped.get();
  host.running.stop();
}

TEST(Service, AsksTheHookOverHttp) {
  std::vector<std::string> bodies;
  http::server back_end({.listen = {"127.0.0.1:0"}, .workers = 1});
  back_end.route("POST", "/may", [&bodies](const http::exchange_ptr& exchange) {
    bodies.push_back(exchange->request().body);
    const bool open = exchange->request().body.find("project:open") != std::string::npos;
    exchange->respond(http::response::json(200, open ? R"({"allow":true})" : R"({"allow":false})"));
  });
  back_end.start();
  const auto url = "http://127.0.0.1:" + std::to_string(back_end.port()) + "/may";
  served host({{"auth.hook_url", url}});
  client peer(host.port());
  ASSERT_EQ(peer.connect(host.token("u1")), '0');
  peer.event("connection.established");
  EXPECT_TRUE(peer.ask("subscribe", object{{"room", "project:open"}}).find("ok")->as_bool());
  EXPECT_FALSE(peer.ask("subscribe", object{{"room", "project:shut"}}).find("ok")->as_bool());
  EXPECT_EQ(json::parse(bodies.at(0)).value(),
            value(object{{"user", "u1"}, {"roles", array{}}, {"room", "project:open"}, {"action", "join"}}));
  host.running.stop();
  back_end.stop();
}

TEST(Service, NeverLogsATokenOrAKey) {
  served host({{"auth.query_token", "true"}});
  const auto token = host.token("u1") + "spoilt";
  client peer(host.port(), {}, "/socket.io/", "&token=" + token);
  ASSERT_EQ(peer.connect(""), '4');
  call(host.port(), "GET", "/api/v1/rooms?token=" + token, {{"X-API-Key", "a-guessed-key"}});
  const std::lock_guard lock(host.mutex);
  EXPECT_FALSE(host.lines.empty());
  for (const auto& line : host.lines) {
    EXPECT_THAT(line, testing::Not(HasSubstr("spoilt")));
    EXPECT_THAT(line, testing::Not(HasSubstr("a-guessed-key")));
  }
}

TEST(Service, RefusesWhatItCannotServe) {
  EXPECT_THAT(
      fault_of([] {
        served host({{"history.backend", "redis"}, {"redis.url", "redis://127.0.0.1:1"}, {"redis.timeout_ms", "50"}});
      }),
      HasSubstr("test: redis.url: 127.0.0.1:1: "));
  EXPECT_THAT(fault_of([] { served host({{"auth.secret", "short"}}); }), HasSubstr("auth.secret"));
  EXPECT_ANY_THROW(served host({{"server.listen", "no address"}}));
  EXPECT_ANY_THROW(served host({{"server.tls_cert", "/no/such/file"}, {"server.tls_key", "/no/such/file"}}));
}

}  // namespace
}  // namespace fanfare::test
