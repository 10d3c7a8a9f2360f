#include "api/gateway/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

std::string refusal_code(rig& host, const std::string& token, const header_list& headers = {},
                         const std::string& query = "") {
  client peer(host.port(), headers, "/socket.io/", query);
  if (peer.connect(token) == '0') return "connected";
  EXPECT_NE(peer.refusal.find("message"), nullptr);
  return std::string(peer.refusal.at_pointer("/data/code")->as_string());
}

TEST(Gateway, GreetsWithConnectionEstablished) {
  rig host;
  const guest peer(host, rig::token("u1"));
  const auto& envelope = peer.established;
  EXPECT_EQ(envelope.find("specversion")->as_string(), "1.0");
  EXPECT_EQ(envelope.find("type")->as_string(), "connection.established");
  EXPECT_EQ(envelope.find("cursor")->as_string(), host.events.head_cursor());
  const auto* data = envelope.find("data");
  EXPECT_EQ(data->find("user_id")->as_string(), "u1");
  EXPECT_EQ(*data->find("rooms"), value(array{"user:u1", "global"}));
  EXPECT_EQ(data->find("connection_id")->as_string().size(), 20u);
  EXPECT_EQ(data->find("heartbeat_interval_ms")->as_double(), 25000);
  EXPECT_EQ(data->find("server_version")->as_string(), "0.0.1");
  EXPECT_TRUE(domain::validate(*host.types.find("connection.established"), *data));
}

TEST(Gateway, RefusesByCodeAlone) {
  rig host;
  EXPECT_EQ(refusal_code(host, ""), "token_missing");
  EXPECT_EQ(refusal_code(host, "no.token.this"), "token_invalid");
  EXPECT_EQ(refusal_code(host, rig::token("u1", {}, -60)), "token_expired");
  EXPECT_EQ(refusal_code(host, rig::token("not fit for a room")), "token_invalid");
  EXPECT_EQ(refusal_code(host, rig::token("u1") + "x"), "token_invalid");
  EXPECT_EQ(refusal_code(host, rig::token("u1")), "connected");
}

TEST(Gateway, TakesTheTokenFromThreePlaces) {
  rig host;
  const auto token = rig::token("u1");
  EXPECT_EQ(refusal_code(host, "", {{"Authorization", "Bearer " + token}}), "connected");
  EXPECT_EQ(refusal_code(host, "", {}, "&token=" + token), "token_missing");
  api::settings open;
  open.query_token = true;
  host.shared.live.replace(open);
  EXPECT_EQ(refusal_code(host, "", {}, "&token=" + token), "connected");
  // The payload goes before the header, also when it is the worse one.
  EXPECT_EQ(refusal_code(host, "bad", {{"Authorization", "Bearer " + token}}), "token_invalid");
}

TEST(Gateway, RefusesWhileDraining) {
  rig host;
  host.shared.live.draining = true;
  EXPECT_EQ(refusal_code(host, rig::token("u1")), "draining");
}

TEST(Gateway, HoldsTheConnectionLimits) {
  rig host;
  api::settings narrow;
  narrow.connections = {2, 1, 0};
  host.shared.live.replace(narrow);
  const guest first(host, rig::token("u1"));
  EXPECT_EQ(refusal_code(host, rig::token("u1")), "over_limit");
  const guest second(host, rig::token("u2"));
  EXPECT_EQ(refusal_code(host, rig::token("u3")), "over_limit");
}

TEST(Gateway, LimitsAnAddressAndSaysWhenToTryAgain) {
  rig host;
  api::settings narrow;
  narrow.connections = {0, 0, 1};
  host.shared.live.replace(narrow);
  const guest first(host, rig::token("u1"));
  client second(host.port());
  ASSERT_EQ(second.connect(rig::token("u2")), '4');
  EXPECT_EQ(second.refusal.find("data")->find("code")->as_string(), "over_limit");
  EXPECT_GT(second.refusal.find("data")->find("retry_after_ms")->as_double(), 0);

  host.shared.live.replace({});
  host.shared.door.connect_rate.set_limit({0.001, 1});
  const guest third(host, rig::token("u3"));
  client fourth(host.port());
  ASSERT_EQ(fourth.connect(rig::token("u4")), '4');
  EXPECT_GT(fourth.refusal.find("data")->find("retry_after_ms")->as_double(), 100000);
}

TEST(Gateway, TellsOfPresenceInOneNotice) {
  rig host([](api::floor& shared) {
    shared.door.presence_window = milliseconds{20};
    api::announce_presence(shared.door);
  });
  guest watcher(host, rig::token("u1", {"p"}));
  ASSERT_TRUE(watcher.ask("subscribe", object{{"room", "project:p"}}).find("ok")->as_bool());
  const auto own = watcher.event("presence.changed");
  EXPECT_EQ(json::write(*own.find("data")), R"({"room":"project:p","joined":["u1"],"left":[]})");
  EXPECT_TRUE(domain::validate(*host.types.find("presence.changed"), *own.find("data")));
  {
    guest other(host, rig::token("u2", {"p"}), "/ws");
    ASSERT_TRUE(other.ask("subscribe", object{{"room", "project:p"}}).find("ok")->as_bool());
    const auto came = watcher.event("presence.changed");
    EXPECT_EQ(json::write(*came.find("data")), R"({"room":"project:p","joined":["u2"],"left":[]})");
  }
  const auto gone = watcher.event("presence.changed");
  EXPECT_EQ(json::write(*gone.find("data")), R"({"room":"project:p","joined":[],"left":["u2"]})");
}

TEST(Gateway, RefusesRevokedTokens) {
  rig host;
  const auto token = rig::token("u1", {}, 3600, {{"jti", "j1"}});
  ASSERT_TRUE(host.tokens.revoked().revoke_token("j1", host.tokens.now(), host.tokens.now() + std::chrono::hours{1}));
  EXPECT_EQ(refusal_code(host, token), "token_invalid");
}

TEST(Gateway, BothPathsAndBothNamespacesCarryTheSameEvents) {
  rig host;
  guest root(host, rig::token("u1", {"p1"}));
  guest ws(host, rig::token("u2", {"p1"}), "/ws");
  client other_path(host.port(), {}, "/ws/socket.io/");
  ASSERT_EQ(other_path.connect(rig::token("u3", {"p1"})), '0');
  other_path.event("connection.established");
  for (client* peer : std::initializer_list<client*>{&root, &ws, &other_path}) {
    ASSERT_TRUE(peer->ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  }
  ASSERT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  const auto first = root.event("project.updated");
  EXPECT_EQ(ws.event("project.updated"), first);
  EXPECT_EQ(other_path.event("project.updated"), first);
  EXPECT_EQ(first.find("subject")->as_string(), "project:p1");
  EXPECT_EQ(first.find("cursor")->as_string(), host.events.head_cursor());
}

TEST(Gateway, LeavesNothingBehind) {
  rig host;
  {
    guest peer(host, rig::token("u1", {"p1"}));
    ASSERT_TRUE(
        peer.ask("subscribe", object{{"room", "project:p1"}, {"filter", object{{"exact", object{{"type", "x"}}}}}})
            .find("ok")
            ->as_bool());
    EXPECT_EQ(host.shared.connections.size(), 1u);
    EXPECT_EQ(host.events.active_filters(), 1u);
    peer.close();
  }
  for (int i = 0; i < 1000 && host.shared.connections.size() != 0; ++i) {
    // A connection of one's own is one more turn of the workers; the end of the other is handled in one of them.
    ASSERT_EQ(host.get("/healthz").status, 200u);
  }
  EXPECT_EQ(host.shared.connections.size(), 0u);
  EXPECT_EQ(host.events.active_filters(), 0u);
  EXPECT_TRUE(host.shared.connections.rooms().empty());
}

TEST(Gateway, ClaimsComeBackAsTheyWere) {
  domain::principal who;
  who.sub = "u1";
  who.projects.all = true;
  who.agents.ids = {"a", "b"};
  who.roles = {"r"};
  who.scopes = {"admin", "events:publish"};
  who.jti = "j";
  who.expires_at = domain::system_time(std::chrono::seconds{2000000000});
  who.issued_at = domain::system_time(std::chrono::seconds{1000000000});
  const auto back = domain::principal_of(api::to_claims(who));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->sub, who.sub);
  EXPECT_TRUE(back->projects.all);
  EXPECT_FALSE(back->agents.all);
  EXPECT_EQ(back->agents.ids, who.agents.ids);
  EXPECT_EQ(back->roles, who.roles);
  EXPECT_EQ(back->scopes, who.scopes);
  EXPECT_EQ(back->jti, who.jti);
  EXPECT_EQ(back->expires_at, who.expires_at);
  EXPECT_EQ(back->issued_at, who.issued_at);
}

TEST(Gateway, TakesATokenWithTheSchemeBeforeIt) {
  rig host;
  guest peer(host, "Bearer " + rig::token("u1", {"p1"}));
  const auto answer = peer.ask("auth.refresh", object{{"token", "bearer " + rig::token("u1", {"p2"})}});
  EXPECT_TRUE(answer.find("ok")->as_bool());
  EXPECT_EQ(refusal_code(host, "Basic " + rig::token("u1")), "token_invalid");
}

TEST(Gateway, UnkeptEventsStayWhereTheyWerePublished) {
  rig host;
  ASSERT_TRUE(host.types.add_schema(R"({"title":"note.added","type":"object","properties":{"p":{"type":"string"}},
      "x-fanfare-kept":false,"x-fanfare-rooms":["project:{p}"]})"));
  guest peer(host, rig::token("u1", {"p1"}));
  ASSERT_TRUE(peer.ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  const value note = object{{"type", "note.added"}, {"data", object{{"p", "p1"}}}};
  // Each request comes by a connection of its own, so that the subscriber's worker publishes some of them.
  for (int i = 0; i < 20; ++i) {
    const auto answer = host.publish(array{rig::project_updated("p1"), note, rig::project_updated("p1")});
    ASSERT_EQ(answer.status, 202u) << answer.body;
    const auto before = peer.event("project.updated");
    EXPECT_EQ(peer.event("note.added").find("cursor")->as_string(), before.find("cursor")->as_string());
    peer.event("project.updated");
  }
}

// What comes next on the connection: who was told of anything else in between would get that first.
bool hears_nothing(guest& peer) {
  peer.emit("ping", object{});
  return peer.event()[0].as_string() == "pong";
}

TEST(Gateway, NoticesOfPresenceEndWithTheSubscriptionAndWithTheRight) {
  rig host([](api::floor& shared) {
    shared.door.presence_window = milliseconds{1};
    shared.may.policy =
        domain::access_policy::make({{"project", {domain::room_action::presence}, {"role:lead"}}}).value();
    api::announce_presence(shared.door);
  });
  const auto lead = [](const std::string& user) { return rig::token(user, {"p"}, 3600, {{"roles", array{"lead"}}}); };
  const auto join = [](guest& peer) {
    ASSERT_TRUE(peer.ask("subscribe", object{{"room", "project:p"}}).find("ok")->as_bool());
  };
  guest gone(host, lead("u1")), demoted(host, lead("u2"));
  for (auto* each : {&gone, &demoted}) {
    join(*each);
    each->event("presence.changed");
  }
  gone.event("presence.changed");  // of the second
  ASSERT_TRUE(gone.ask("unsubscribe", object{{"room", "project:p"}}).find("ok")->as_bool());
  demoted.event("presence.changed");
  ASSERT_TRUE(demoted.ask("auth.refresh", object{{"token", rig::token("u2", {"p"})}}).find("ok")->as_bool());
  guest watcher(host, lead("u3"));
  join(watcher);
  watcher.event("presence.changed");  // of itself, and so told to all there are
  EXPECT_TRUE(hears_nothing(gone));
  EXPECT_TRUE(hears_nothing(demoted)) << "it is in the room still, without the right to its presence";
}

}  // namespace
}  // namespace fanfare::test
