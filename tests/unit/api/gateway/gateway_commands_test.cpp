#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

std::string code_of(const value& answer) {
  const auto* code = answer.at_pointer("/error/code");
  return code ? std::string(code->as_string()) : "none";
}
std::string pointer_of(const value& answer) {
  const auto* pointer = answer.at_pointer("/error/pointer");
  return pointer ? std::string(pointer->as_string()) : "";
}
double number_of(const value& event) { return event.at_pointer("/data/changes/n")->as_double(-1); }

TEST(Command, ThatThereIsNoneOfIsAnsweredWithTheNearest) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  const auto answer = peer.ask("subscibe", object{{"room", "project:p1"}});
  EXPECT_EQ(code_of(answer), "bad_request");
  EXPECT_EQ(answer.at_pointer("/error/message")->as_string(), "there is no such command; did you mean \"subscribe\"?");
  EXPECT_EQ(code_of(peer.ask(std::string(200, 'x'), object{})), "bad_request");
  peer.emit("auth_refresh", object{});
  const auto error = peer.event("connection.error");
  EXPECT_EQ(error.at_pointer("/data/command")->as_string(), "auth_refresh");
  EXPECT_THAT(std::string(error.at_pointer("/data/message")->as_string()), testing::HasSubstr("\"auth.refresh\""));
  EXPECT_EQ(
      host.web.metrics()
          .counter("fanfare_commands_refused_total", "Client commands refused, by cause.", {{"cause", "bad_request"}})
          .get(),
      3);
}

TEST(Subscribe, AnswersThroughTheAckOrByEvent) {
  rig host;
  guest peer(host, rig::token("u1", {"p1", "p2"}));
  const auto answer = peer.ask("subscribe", object{{"room", "project:p1"}});
  EXPECT_EQ(
      answer,
      value(object{{"ok", true}, {"room", "project:p1"}, {"cursor", host.events.head_cursor()}, {"recovered", false}}));
  peer.emit("subscribe", object{{"room", "project:p2"}});
  const auto event = peer.event("subscribed");
  EXPECT_EQ(event.at_pointer("/data/room")->as_string(), "project:p2");
  EXPECT_TRUE(domain::validate(*host.types.find("subscribed"), *event.find("data")));
}

TEST(Subscribe, RefusesWhatTheClaimsDoNotAllow) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:p2"}})), "forbidden");
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "user:u2"}})), "forbidden");
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "planet:x"}})), "unknown_room");
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:"}})), "unknown_room");
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:p 1"}})), "unknown_room");
  // All of a list or none of it.
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", array{"project:p1", "project:p2"}}})), "forbidden");
  EXPECT_EQ(host.shared.connections.members("project:p1").size(), 0u);
  peer.emit("subscribe", object{{"room", "project:p2"}});
  const auto error = peer.event("connection.error");
  EXPECT_EQ(error.at_pointer("/data/code")->as_string(), "forbidden");
  EXPECT_EQ(error.at_pointer("/data/command")->as_string(), "subscribe");
}

TEST(Subscribe, RefusesMalformedArguments) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  for (const auto& bad : {value(object{}), value(object{{"room", 3}}), value(object{{"room", array{}}}),
                          value(object{{"room", array{1}}}), value("project:p1"), value(array{})}) {
    EXPECT_EQ(code_of(peer.ask("subscribe", bad)), "bad_request");
  }
  array many;
  for (int i = 0; i < 101; ++i) many.emplace_back("project:p" + std::to_string(i));
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", many}})), "over_limit");
  const auto bad_since = peer.ask("subscribe", object{{"room", "project:p1"}, {"since", "no cursor"}});
  EXPECT_EQ(code_of(bad_since), "bad_request");
  EXPECT_EQ(pointer_of(bad_since), "/since");
  EXPECT_EQ(pointer_of(peer.ask("subscribe", object{{"room", "project:p1"}, {"since", 7}})), "/since");
  const auto bad_filter =
      peer.ask("subscribe", object{{"room", "project:p1"}, {"filter", object{{"exact", object{{"type", array{}}}}}}});
  EXPECT_EQ(code_of(bad_filter), "bad_request");
  EXPECT_THAT(pointer_of(bad_filter), testing::StartsWith("/filter"));
}

TEST(Subscribe, ReplaysExactlyWhatWasMissedBeforeAnythingLive) {
  rig host;
  guest peer(host, rig::token("u1", {"p1", "p2"}));
  const auto joined = peer.ask("subscribe", object{{"room", "project:p1"}});
  const std::string mark(joined.find("cursor")->as_string());
  for (int i = 1; i <= 3; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  ASSERT_EQ(host.publish(rig::project_updated("p2", 99)).status, 202u);

  guest late(host, rig::token("u2", {"p1"}));
  const auto answer = late.ask("subscribe", object{{"room", "project:p1"}, {"since", mark}});
  EXPECT_TRUE(answer.find("recovered")->as_bool());
  ASSERT_EQ(host.publish(rig::project_updated("p1", 4)).status, 202u);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(number_of(late.event("project.updated")), i);
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(number_of(peer.event("project.updated")), i);
}

TEST(Subscribe, BringsTheNewestEventsFirst) {
  rig host([](api::floor& shared) { shared.door.last_events_max = 5; });
  for (int i = 1; i <= 4; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  guest peer(host, rig::token("u1", {"p1"}));
  const auto asked = [&peer](object more) {
    more.set("room", "project:p1");
    return peer.ask("subscribe", std::move(more));
  };
  EXPECT_TRUE(asked({{"last", 2}}).find("recovered")->as_bool());
  ASSERT_EQ(host.publish(rig::project_updated("p1", 5)).status, 202u);
  for (const int n : {3, 4, 5}) EXPECT_EQ(number_of(peer.event("project.updated")), n);
  const value even = object{{"in", object{{"/data/changes/n", array{2, 4}}}}};
  ASSERT_TRUE(asked({{"last", 2}, {"filter", even}}).find("ok")->as_bool());
  for (const int n : {2, 4}) EXPECT_EQ(number_of(peer.event("project.updated")), n) << "the newest that match";
  for (const auto& bad : {value(0), value(6), value("2"), value(1.5), value(true)}) {
    EXPECT_EQ(pointer_of(asked({{"last", bad}})), "/last");
  }
  EXPECT_EQ(pointer_of(asked({{"last", 1}, {"since", host.events.head_cursor()}})), "/last");
}

TEST(Subscribe, ThatFailedLeavesNoTrace) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:p1"}, {"since", "no cursor"}})), "bad_request");
  EXPECT_TRUE(host.shared.connections.members("project:p1").empty());
  const value only = object{{"exact", object{{"/data/changes/n", 1}}}};
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:p1"}, {"since", "no cursor"}, {"filter", only}})),
            "bad_request");
  EXPECT_EQ(host.events.active_filters(), 0u);
}

TEST(Subscribe, AChangedFilterReplacesTheOldOneWhole) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"})), other(host, rig::token("u2", {"p1"}));
  const auto only = [](guest& who, int n) {
    const value filter = object{{"exact", object{{"/data/changes/n", n}}}};
    ASSERT_TRUE(who.ask("subscribe", object{{"room", "project:p1"}, {"filter", filter}}).find("ok")->as_bool());
  };
  only(other, 1);  // keeps the old filter in use
  only(peer, 1);
  only(peer, 2);
  EXPECT_EQ(host.events.active_filters(), 2u);
  for (int n = 1; n <= 2; ++n) ASSERT_EQ(host.publish(rig::project_updated("p1", n)).status, 202u);
  EXPECT_EQ(number_of(peer.event("project.updated")), 2) << "the old filter let the first through";
  ASSERT_TRUE(peer.ask("unsubscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  EXPECT_EQ(host.events.active_filters(), 1u) << "its filter is given back";
}

TEST(Subscribe, TheAnswerFollowsTheReplay) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  const auto start = host.events.head_cursor();
  for (int n = 1; n <= 2; ++n) ASSERT_EQ(host.publish(rig::project_updated("p1", n)).status, 202u);
  peer.emit("subscribe", object{{"room", "project:p1"}, {"since", start}});
  for (int n = 1; n <= 2; ++n) EXPECT_EQ(number_of(peer.event("project.updated")), n);
  EXPECT_TRUE(peer.event("subscribed").at_pointer("/data/recovered")->as_bool());
}

TEST(Subscribe, SaysWhenThePastIsGone) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  const auto answer = peer.ask("subscribe", object{{"room", "project:p1"}, {"since", "otherepoch-1"}});
  EXPECT_TRUE(answer.find("ok")->as_bool());
  EXPECT_FALSE(answer.find("recovered")->as_bool());
}

TEST(Subscribe, ReplaysNoMoreThanItsBound) {
  rig host([](api::floor& shared) { shared.door.replays = {.page_entries = 1, .bytes_max = 300}; });
  guest peer(host, rig::token("u1", {"p1"}));
  const std::string start = host.events.head_cursor();
  for (int i = 1; i <= 3; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  const auto answer = peer.ask("subscribe", object{{"room", "project:p1"}, {"since", start}});
  EXPECT_FALSE(answer.find("recovered")->as_bool());
  EXPECT_EQ(answer.find("cursor")->as_string(), host.events.head_cursor());
  ASSERT_EQ(host.publish(rig::project_updated("p1", 4)).status, 202u);
  for (const int n : {1, 2, 4}) EXPECT_EQ(number_of(peer.event("project.updated")), n);
}

TEST(Subscribe, AFilterLetsOnlyMatchesThrough) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  const value only = object{{"exact", object{{"/data/changes/n", 2}}}};
  ASSERT_TRUE(peer.ask("subscribe", object{{"room", "project:p1"}, {"filter", only}}).find("ok")->as_bool());
  EXPECT_EQ(host.events.active_filters(), 1u);
  for (int i = 1; i <= 2; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  EXPECT_EQ(number_of(peer.event("project.updated")), 2);
  // The same again, another, then none: each gives its hold on the one before back.
  peer.ask("subscribe", object{{"room", "project:p1"}, {"filter", only}});
  EXPECT_EQ(host.events.active_filters(), 1u);
  peer.ask("subscribe", object{{"room", "project:p1"}, {"filter", object{{"exact", object{{"type", "x"}}}}}});
  EXPECT_EQ(host.events.active_filters(), 1u);
  peer.ask("subscribe", object{{"room", "project:p1"}});
  EXPECT_EQ(host.events.active_filters(), 0u);
  ASSERT_EQ(host.publish(rig::project_updated("p1", 3)).status, 202u);
  EXPECT_EQ(number_of(peer.event("project.updated")), 3);
}

TEST(Subscribe, AnEventInSeveralOfItsRoomsComesOnce) {
  rig host;
  guest peer(host, rig::token("u1", {"p1", "p2"}));
  ASSERT_TRUE(peer.ask("subscribe", object{{"room", array{"project:p1", "project:p2"}}}).find("ok")->as_bool());
  auto both = rig::project_updated("p1", 1);
  both.if_object()->set("rooms", array{"project:p1", "project:p2", "global"});
  ASSERT_EQ(host.publish(both).status, 202u);
  ASSERT_EQ(host.publish(rig::project_updated("p1", 2)).status, 202u);
  EXPECT_EQ(number_of(peer.event("project.updated")), 1);
  EXPECT_EQ(number_of(peer.event("project.updated")), 2);
}

TEST(Subscribe, HoldsTheRoomsLimitAndTakesBackWhatItHadJoined) {
  rig host;  // 8 rooms a socket, user:u1 and global among them
  guest peer(host, rig::token("u1", {"*"}));
  array rooms;
  for (int i = 0; i < 7; ++i) rooms.emplace_back("project:p" + std::to_string(i));
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", rooms}})), "over_limit");
  rooms.pop_back();
  EXPECT_TRUE(peer.ask("subscribe", object{{"room", rooms}}).find("ok")->as_bool());
}

TEST(Subscribe, AsksTheHookAboutRoomsTheClaimsDoNotName) {
  std::string asked;
  rig host([&asked](api::floor& shared) {
    shared.may.policy = domain::access_policy::make({}, {}, true).value();
    shared.may.hook = [&asked](const domain::principal& who, const std::string& room, std::string_view action,
                               const std::function<void(bool)>& done) {
      asked = who.sub + " " + std::string(action) + " " + room;
      done(room == "project:open");
    };
  });
  guest peer(host, rig::token("u1"));
  EXPECT_TRUE(peer.ask("subscribe", object{{"room", "project:open"}}).find("ok")->as_bool());
  EXPECT_EQ(asked, "u1 join project:open");
  EXPECT_EQ(code_of(peer.ask("subscribe", object{{"room", "project:shut"}})), "forbidden");
}

TEST(Unsubscribe, EndsTheRoom) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  peer.ask("subscribe", object{{"room", "project:p1"}});
  EXPECT_EQ(peer.ask("unsubscribe", object{{"room", "project:p1"}}),
            value(object{{"ok", true}, {"room", "project:p1"}}));
  ASSERT_EQ(host.publish(rig::project_updated("p1", 1)).status, 202u);
  auto global = rig::project_updated("p1", 2);
  global.if_object()->set("rooms", array{"global"});
  ASSERT_EQ(host.publish(global).status, 202u);
  EXPECT_EQ(number_of(peer.event("project.updated")), 2);
  peer.emit("unsubscribe", object{{"room", "project:p1"}});
  EXPECT_EQ(peer.event("unsubscribed").at_pointer("/data/room")->as_string(), "project:p1");
  EXPECT_EQ(code_of(peer.ask("unsubscribe", object{{"room", "nonsense"}})), "unknown_room");
}

TEST(Ping, EchoesWhatItCarried) {
  rig host;
  guest peer(host, rig::token("u1"));
  const auto answer = peer.ask("ping", object{{"n", 7}, {"time", "mine"}});
  EXPECT_EQ(answer.find("n")->as_double(), 7);
  EXPECT_NE(answer.find("time")->as_string(), "mine");
  peer.write("42[\"ping\"]");
  EXPECT_NE(peer.event("pong").at_pointer("/data/time"), nullptr);
}

TEST(Presence, ListsTheUsersOfARoom) {
  rig host;
  guest one(host, rig::token("u1", {"p1"}));
  guest two(host, rig::token("u2", {"p1"}));
  guest again(host, rig::token("u2", {"p1"}));
  one.ask("subscribe", object{{"room", "project:p1"}});
  two.ask("subscribe", object{{"room", "project:p1"}, {"filter", object{{"exact", object{{"type", "x"}}}}}});
  again.ask("subscribe", object{{"room", "project:p1"}});
  const auto answer = one.ask("presence", object{{"room", "project:p1"}});
  EXPECT_EQ(*answer.find("members"),
            value(array{object{{"user", "u1"}, {"connections", 1}}, object{{"user", "u2"}, {"connections", 2}}}));
  EXPECT_EQ(code_of(one.ask("presence", object{{"room", "project:p2"}})), "forbidden");
  EXPECT_EQ(code_of(one.ask("presence", object{{"room", array{"project:p1", "global"}}})), "bad_request");
  EXPECT_EQ(code_of(one.ask("presence", object{})), "bad_request");
}

TEST(Publish, AnAgentSpeaksForItselfWhereThePolicyLetsIt) {
  rig host([](api::floor& shared) {
    shared.may.policy = domain::access_policy::make({{"agent", {domain::room_action::publish}, {"claim"}}}).value();
  });
  const auto of = [](const std::string& agent, object more = {}) {
    more.set("type", "agent.connected");
    more.set("data", object{{"agent_id", agent}, {"project_id", "p1"}});
    return value(std::move(more));
  };
  guest agent(host, rig::token("robot", {"p1"}, 3600, object{{"agents", array{"a1"}}}));
  ASSERT_TRUE(agent.ask("subscribe", object{{"room", array{"agent:a1", "project:p1"}}}).find("ok")->as_bool());
  const auto sent = agent.ask("publish", of("a1"));
  ASSERT_TRUE(sent.find("ok")->as_bool()) << json::write(sent);
  EXPECT_EQ(*agent.event("agent.connected").find("id"), *sent.find("id"));
  EXPECT_EQ(code_of(agent.ask("publish", of("a2"))), "forbidden");
  EXPECT_EQ(code_of(agent.ask("publish", of("a1", object{{"rooms", array{"global"}}}))), "forbidden");
  EXPECT_EQ(code_of(agent.ask("publish", rig::project_updated("p1"))), "forbidden");
  EXPECT_EQ(code_of(agent.ask("publish", object{{"type", "agent.connected"}, {"data", 5}})), "bad_request");

  guest other(host, rig::token("robot", {}, 3600, object{{"agents", array{"a1"}}}));
  EXPECT_EQ(code_of(other.ask("publish", of("a1"))), "forbidden");  // not in its project
  guest anybody(host, rig::token("u1", {"p1"}));
  EXPECT_EQ(code_of(anybody.ask("publish", of("a1"))), "forbidden");
  guest publisher(host, rig::token("u2", {}, 3600, object{{"scope", "events:publish"}}));
  EXPECT_TRUE(publisher.ask("publish", rig::project_updated("p1")).find("ok")->as_bool());
}

TEST(Publish, IsRateLimitedAndEndsWithTheDrain) {
  rig host({}, {0.001, 1});
  guest publisher(host, rig::token("u2", {}, 3600, object{{"scope", "events:publish"}}));
  EXPECT_TRUE(publisher.ask("publish", rig::project_updated("p1")).find("ok")->as_bool());
  const auto refused = publisher.ask("publish", rig::project_updated("p1"));
  EXPECT_EQ(code_of(refused), "rate_limited");
  EXPECT_GT(refused.find("error")->find("retry_after_ms")->as_double(), 0);
  host.shared.live.draining = true;
  EXPECT_EQ(code_of(publisher.ask("publish", rig::project_updated("p1"))), "draining");
}

TEST(Subscribe, HoldsTheLimitOfMembersAndCommandsOfAUser) {
  rig host;
  api::settings narrow;
  narrow.members_per_room_max = 1;
  narrow.rooms_per_connection_max = 3;
  host.shared.live.replace(narrow);
  guest one(host, rig::token("u1", {"p1", "p2"}));
  guest two(host, rig::token("u2", {"p1", "p2"}));
  EXPECT_TRUE(one.ask("subscribe", object{{"room", "project:p1"}}).find("ok")->as_bool());
  EXPECT_EQ(code_of(one.ask("subscribe", object{{"room", "project:p2"}})), "over_limit");
  EXPECT_EQ(code_of(two.ask("subscribe", object{{"room", array{"project:p2", "project:p1"}}})), "over_limit");
  EXPECT_TRUE(host.shared.connections.members("project:p2").empty());
  host.shared.door.user_command_rate.set_limit({0.001, 1});
  EXPECT_EQ(two.ask("ping", object{}).find("error"), nullptr);
  EXPECT_EQ(code_of(two.ask("ping", object{})), "rate_limited");
}

}  // namespace
}  // namespace fanfare::test
