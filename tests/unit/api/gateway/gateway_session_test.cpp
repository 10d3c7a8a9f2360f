#include "api/gateway/gateway_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

std::string code_of(const value& answer) {
  const auto* code = answer.at_pointer("/error/code");
  return code ? std::string(code->as_string()) : "none";
}

TEST(GatewaySession, LimitsTheRateOfCommands) {
  rig host;
  api::settings slow;
  slow.commands_per_second = 0.001;
  slow.commands_burst = 2;
  host.shared.live.replace(slow);
  guest peer(host, rig::token("u1"));
  peer.ask("ping", object{});
  peer.emit("no such command", object{});  // counts as well
  EXPECT_EQ(peer.event("connection.error").at_pointer("/data/code")->as_string(), "bad_request");
  const auto refused = peer.ask("ping", object{});
  EXPECT_EQ(code_of(refused), "rate_limited");
  EXPECT_GT(refused.at_pointer("/error/retry_after_ms")->as_double(), 0);
  peer.emit("ping", object{});
  const auto error = peer.event("connection.error");
  EXPECT_EQ(error.at_pointer("/data/code")->as_string(), "rate_limited");
  EXPECT_EQ(error.at_pointer("/data/command")->as_string(), "ping");
}

TEST(GatewaySession, WarnsBeforeTheTokenEndsAndClosesAfterTheGrace) {
  rig host;
  api::settings quick;
  quick.refresh_grace = std::chrono::seconds{0};
  host.shared.live.replace(quick);
  guest peer(host, rig::token("u1", {}, 2));
  const auto warning = peer.event("connection.error");
  EXPECT_EQ(warning.at_pointer("/data/code")->as_string(), "token_expiring");
  EXPECT_NE(warning.at_pointer("/data/expires_at"), nullptr);
  EXPECT_EQ(peer.event("connection.error").at_pointer("/data/code")->as_string(), "token_expired");
  EXPECT_TRUE(peer.ends());
}

TEST(GatewaySession, ARefreshedTokenKeepsTheConnection) {
  rig host;
  api::settings quick;
  quick.refresh_grace = std::chrono::seconds{0};
  host.shared.live.replace(quick);
  guest peer(host, rig::token("u1", {"p1", "p2"}, 3));
  peer.event("connection.error");
  ASSERT_TRUE(peer.ask("subscribe", object{{"room", array{"project:p1", "project:p2"}}}).find("ok")->as_bool());
  const auto answer = peer.ask("auth.refresh", object{{"token", rig::token("u1", {"p2"}, 3600)}});
  EXPECT_TRUE(answer.find("ok")->as_bool());
  EXPECT_NE(answer.find("expires_at")->as_string(), "");
  EXPECT_EQ(*answer.find("rooms"), value(array{"global", "project:p2", "user:u1"}));
  // The old end passes; the connection is still there, without the room it lost.
  host.around.ahead_s = 10;
  ASSERT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  ASSERT_EQ(host.publish(rig::project_updated("p2")).status, 202u);
  EXPECT_EQ(peer.event("project.updated").find("subject")->as_string(), "project:p2");
}

TEST(GatewaySession, RefusesToRefreshWithWhatIsNoGoodToken) {
  rig host;
  guest peer(host, rig::token("u1"));
  EXPECT_EQ(code_of(peer.ask("auth.refresh", object{{"token", rig::token("u2")}})), "forbidden");
  EXPECT_EQ(code_of(peer.ask("auth.refresh", object{{"token", rig::token("u1", {}, -60)}})), "token_expired");
  EXPECT_EQ(code_of(peer.ask("auth.refresh", object{{"token", "x"}})), "token_invalid");
  EXPECT_EQ(code_of(peer.ask("auth.refresh", object{{"token", 3}})), "bad_request");
  EXPECT_EQ(code_of(peer.ask("auth.refresh", "text")), "bad_request");
  EXPECT_TRUE(peer.ask("ping", object{}).find("time") != nullptr);
}

TEST(GatewaySession, DisconnectedWhenTheTokenIsRevoked) {
  rig host;
  guest peer(host, rig::token("u1", {}, 3600, {{"jti", "j1"}}));
  EXPECT_EQ(host.shared.connections.disconnect("", "j1"), 1u);
  EXPECT_TRUE(peer.ends());
}

TEST(GatewaySession, WarnsOfTheEndOfEachToken) {
  rig host;
  const auto code = [](const value& error) { return std::string(error.at_pointer("/data/code")->as_string()); };
  guest peer(host, rig::token("u1", {}, 30));  // within the warning's minute
  EXPECT_EQ(code(peer.event("connection.error")), "token_expiring");
  ASSERT_TRUE(peer.ask("auth.refresh", object{{"token", rig::token("u1", {}, 40)}}).find("ok")->as_bool());
  EXPECT_EQ(code(peer.event("connection.error")), "token_expiring") << "and of the next one's";
}

TEST(GatewaySession, AShorterTokenEndsTheConnectionSooner) {
  rig host;
  api::settings quick;
  quick.refresh_grace = std::chrono::seconds{0};
  host.shared.live.replace(quick);
  guest peer(host, rig::token("u1"));
  ASSERT_TRUE(peer.ask("auth.refresh", object{{"token", rig::token("u1", {}, 1)}}).find("ok")->as_bool());
  EXPECT_EQ(peer.event("connection.error").at_pointer("/data/code")->as_string(), "token_expiring");
  EXPECT_EQ(peer.event("connection.error").at_pointer("/data/code")->as_string(), "token_expired");
  EXPECT_TRUE(peer.ends());
}

/// A server whose clients come back, and one that has been away while project:p1 had an event.
struct away {
  away()
      : host([](api::floor& shared) {
          shared.door.recovery =
              std::make_unique<api::recovery>(shared.publish.log, api::recovery_bounds{}, shared.says.around.unix_ms());
        }) {
    client first(host.port());
    first.write("40" + json::write(object{{"token", token()}}));
    const auto reply = json::parse(first.read().substr(2)).value();
    sid = reply.find("sid")->as_string();
    pid = reply.find("pid")->as_string();
    offset = first.event().at(2).as_string();
    first.ask("subscribe", object{{"room", "project:p1"}});
    first.close();
    EXPECT_EQ(host.publish(rig::project_updated("p1", 1)).status, 202U);
    host.history.hold();
  }
  static std::string token() { return rig::token("u1", {"p1"}); }
  void come_back(client& peer) const {
    peer.write("40" + json::write(object{{"token", token()}, {"pid", pid}, {"offset", offset}}));
  }
  void settle(bool well) {
    while (host.history.waiting() == 0) std::this_thread::yield();
    host.history.settle(well);
  }
  static value reply_of(client& peer) { return json::parse(peer.read().substr(2)).value(); }
  rig host;
  std::string sid, pid, offset;
};

TEST(ComingBack, BringsTheSessionAndWhatItMissed) {
  away it;
  client peer(it.host.port());
  it.come_back(peer);
  it.settle(true);
  EXPECT_EQ(away::reply_of(peer).find("sid")->as_string(), it.sid);
  it.settle(true);
  EXPECT_EQ(peer.event().size(), 2U) << "the greeting has no offset: the client has not had what comes next";
  const auto missed = peer.event();
  EXPECT_EQ(missed.at(1).at_pointer("/data/changes/n")->as_double(), 1);
  EXPECT_EQ(missed.at(2).as_string(), missed.at(1).find("cursor")->as_string());
}

TEST(ComingBack, IsNotPromisedWhenTheLogCannotBeRead) {
  away it;
  client peer(it.host.port());
  it.come_back(peer);
  it.settle(false);
  const auto reply = away::reply_of(peer);
  EXPECT_NE(reply.find("sid")->as_string(), it.sid);
  EXPECT_NE(reply.find("pid")->as_string(), it.pid);
}

TEST(ComingBack, ThatFailsHalfWayEndsTheConnectionAndTheSession) {
  away it;
  {
    client peer(it.host.port());
    it.come_back(peer);
    it.settle(true);
    EXPECT_EQ(away::reply_of(peer).find("pid")->as_string(), it.pid);
    it.settle(false);
    while (!peer.ends()) {  // the greeting may come first
    }
  }
  it.host.history.hold(false);
  client again(it.host.port());
  it.come_back(again);
  EXPECT_NE(away::reply_of(again).find("pid")->as_string(), it.pid) << "a new session, which knows that it is one";
}

}  // namespace
}  // namespace fanfare::test
