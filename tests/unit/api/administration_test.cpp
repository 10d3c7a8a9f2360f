#include "api/administration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

header_list bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

TEST(Administration, ListsRoomsAndTheirMembers) {
  rig host;
  guest one(host, rig::token("u1", {"p1"}));
  guest two(host, rig::token("u2", {"p1"}));
  one.ask("subscribe", object{{"room", "project:p1"}});
  const auto rooms = host.get("/api/v1/rooms").json();
  EXPECT_EQ(rooms.find("total")->as_double(), 4);
  EXPECT_EQ(*rooms.at_pointer("/rooms/0"), value(object{{"room", "global"}, {"connections", 2}}));
  EXPECT_EQ(host.get("/api/v1/rooms?prefix=user:&limit=1").json().find("rooms")->if_array()->size(), 1u);
  const auto room = host.get("/api/v1/rooms/project%3Ap1").json();
  EXPECT_EQ(room, value(object{{"room", "project:p1"},
                               {"connections", 1},
                               {"members", array{object{{"user", "u1"}, {"connections", 1}}}}}));
}

TEST(Administration, SearchesSortsAndPagesRooms) {
  rig host;
  guest one(host, rig::token("u1", {"*"}));
  guest two(host, rig::token("u2", {"*"}));
  one.ask("subscribe", object{{"room", array{"project:a", "project:b"}}});
  two.ask("subscribe", object{{"room", "project:b"}});
  const auto names = [&host](const std::string& query, double total) {
    const auto found = host.get("/api/v1/rooms?" + query).json();
    EXPECT_EQ(found.find("total")->as_double(), total) << query;
    std::vector<std::string> out;
    for (const auto& row : *found.find("rooms")->if_array()) out.emplace_back(row.find("room")->as_string());
    return out;
  };
  EXPECT_THAT(names("search=project", 2), testing::ElementsAre("project:a", "project:b"));
  EXPECT_THAT(names("order=connections&limit=3", 5), testing::ElementsAre("global", "project:b", "project:a"));
  EXPECT_THAT(names("order=name&offset=3&limit=1", 5), testing::ElementsAre("user:u1"));
  EXPECT_THAT(names("offset=5", 5), testing::ElementsAre());
  EXPECT_THAT(names("search=nowhere", 0), testing::ElementsAre());
  for (const auto* bad : {"order=size", "offset=-1", "offset=x"}) {
    EXPECT_EQ(host.get(std::string("/api/v1/rooms?") + bad).status, 400u) << bad;
  }
}

TEST(Administration, RoomsAreForThoseWhoMaySeeThem) {
  rig host;
  EXPECT_EQ(host.get("/api/v1/rooms", {}).status, 401u);
  EXPECT_EQ(host.get("/api/v1/rooms", bearer(rig::token("u1", {"*"}))).status, 403u);
  EXPECT_EQ(host.get("/api/v1/rooms", bearer(rig::token("u1", {}, 3600, {{"scope", "admin"}}))).status, 200u);
  EXPECT_EQ(host.get("/api/v1/rooms/project:p1", bearer(rig::token("u1", {"p1"}))).status, 200u);
  EXPECT_EQ(host.get("/api/v1/rooms/project:p2", bearer(rig::token("u1", {"p1"}))).status, 403u);
  EXPECT_EQ(host.get("/api/v1/rooms/user:u2", bearer(rig::token("u1", {"*"}))).status, 403u);
  EXPECT_EQ(host.get("/api/v1/rooms/nonsense").status, 404u);
  for (const auto* limit : {"0", "1001", "x", "-1", ""}) {
    EXPECT_EQ(host.get("/api/v1/rooms?limit=" + std::string(limit)).status, 400u) << limit;
  }
}

TEST(Administration, TheHookDecidesWhereThePolicySaysSo) {
  rig host([](api::floor& shared) {
    shared.may.policy = domain::access_policy::make({}, {}, true).value();
    shared.may.hook = [](const domain::principal&, const std::string& room, std::string_view,
                         const std::function<void(bool)>& done) { done(room == "project:open"); };
  });
  EXPECT_EQ(host.get("/api/v1/rooms/project:open", bearer(rig::token("u1"))).status, 200u);
  EXPECT_EQ(host.get("/api/v1/rooms/project:shut/history", bearer(rig::token("u1"))).status, 403u);
}

TEST(Administration, TellsWhyAUserMayOrMayNot) {
  std::mutex mutex;
  std::vector<std::string> told;
  rig host([&](api::floor& shared) {
    shared.says.log_to = [&](api::severity, std::string_view message, const api::log_fields& fields) {
      if (message != "access refused") return;
      std::string line;
      for (const auto& field : fields) line += (line.empty() ? "" : " ") + json::write(field.second);
      const std::lock_guard lock(mutex);
      told.push_back(line);
    };
  });
  const auto asked = [&host](const std::string& query) { return host.get("/api/v1/access?" + query); };
  EXPECT_EQ(asked("user=u1&room=project:p1").status, 404u) << "nobody of that name is here";
  guest peer(host, rig::token("u1", {"p1"}));
  const auto yes = asked("user=u1&room=project:p1").json();
  EXPECT_EQ(yes.at_pointer("/connections/0/decision")->as_string(), "allow");
  EXPECT_EQ(yes.at_pointer("/connections/0/why")->as_string(), "rule \"* join+presence+history claim\": claim holds");
  EXPECT_EQ(asked("user=u1&room=project:p2").json().at_pointer("/connections/0/decision")->as_string(), "forbidden");
  EXPECT_EQ(asked("user=u1&room=nope").json().at_pointer("/connections/0/decision")->as_string(), "unknown_room");
  EXPECT_EQ(asked("user=u1&room=project:p1&action=publish").json().at_pointer("/connections/0/decision")->as_string(),
            "forbidden");
  ASSERT_TRUE(peer.ask("auth.refresh", object{{"token", rig::token("u1", {"p2"})}}).find("ok")->as_bool());
  EXPECT_EQ(asked("user=u1&room=project:p2").json().at_pointer("/connections/0/decision")->as_string(), "allow")
      << "what its token says now";
  EXPECT_EQ(asked("user=u1").status, 400u);
  EXPECT_EQ(asked("user=u1&room=project:p1&action=fly").status, 400u);
  EXPECT_EQ(host.get("/api/v1/access?user=u1&room=project:p1", bearer(rig::token("u1", {"p1"}))).status, 403u);

  peer.ask("subscribe", object{{"room", "project:p1"}});
  EXPECT_EQ(host.get("/api/v1/rooms/project:p9/history", bearer(rig::token("u2"))).status, 403u);
  const std::lock_guard lock(mutex);
  const std::string rule = R"("rule \"* join+presence+history claim\": none of its grants holds")";
  EXPECT_THAT(told,
              testing::ElementsAre(R"("u1" "join" "project:p1" )" + rule, R"("u2" "history" "project:p9" )" + rule));
}

TEST(Administration, GivesTheNewestOfHistory) {
  rig host;
  for (int i = 1; i <= 5; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  const auto numbers = [&host](const std::string& query) {
    const auto page = host.get("/api/v1/rooms/project:p1/history?" + query).json();
    std::vector<double> out;
    for (const auto& event : *page.find("events")->if_array()) {
      out.push_back(event.at_pointer("/data/changes/n")->as_double());
    }
    EXPECT_EQ(page.find("more")->as_bool(), out.size() < 5);
    EXPECT_EQ(page.find("cursor")->as_string(), host.events.head_cursor());
    return out;
  };
  EXPECT_THAT(numbers("last=2"), testing::ElementsAre(4, 5));
  EXPECT_THAT(numbers("last=2&order=newest"), testing::ElementsAre(5, 4));
  EXPECT_THAT(numbers("last=1000"), testing::ElementsAre(1, 2, 3, 4, 5));
  for (const auto* bad : {"last=0", "last=1001", "last=x", "order=newest", "last=1&order=up"}) {
    EXPECT_EQ(host.get(std::string("/api/v1/rooms/project:p1/history?") + bad).status, 400u) << bad;
  }
  EXPECT_EQ(host.get("/api/v1/rooms/project:p1/history?last=1&since=" + host.events.head_cursor()).status, 400u);
}

TEST(Administration, PagesThroughHistory) {
  rig host;
  for (int i = 1; i <= 5; ++i) ASSERT_EQ(host.publish(rig::project_updated("p1", i)).status, 202u);
  const auto first = host.get("/api/v1/rooms/project:p1/history?limit=3").json();
  EXPECT_EQ(first.find("events")->if_array()->size(), 3u);
  EXPECT_TRUE(first.find("more")->as_bool());
  const auto mark = std::string(first.find("cursor")->as_string());
  EXPECT_EQ(first.at_pointer("/events/2/cursor")->as_string(), mark);
  const auto rest = host.get("/api/v1/rooms/project:p1/history?since=" + mark).json();
  EXPECT_EQ(rest.find("events")->if_array()->size(), 2u);
  EXPECT_TRUE(rest.find("recovered")->as_bool());
  EXPECT_FALSE(rest.find("more")->as_bool());
  EXPECT_EQ(host.get("/api/v1/rooms/project:p1/history?since=bad").status, 400u);
  EXPECT_EQ(host.get("/api/v1/rooms/project:p1/history?limit=0").status, 400u);
}

TEST(Administration, ListsAndDisconnectsAUsersConnections) {
  rig host;
  guest one(host, rig::token("u1"));
  guest two(host, rig::token("u1"), "/ws");
  guest other(host, rig::token("u2"));
  const auto all = host.get("/api/v1/connections").json();
  EXPECT_EQ(all.find("total")->as_double(), 3);
  const auto own = host.get("/api/v1/connections?user=u1&limit=1").json();
  EXPECT_EQ(own.find("total")->as_double(), 2);
  EXPECT_EQ(own.at_pointer("/connections/0/user")->as_string(), "u1");
  EXPECT_EQ(*own.at_pointer("/connections/0/rooms"), value(array{"user:u1", "global"}));
  EXPECT_EQ(host.get("/api/v1/connections?limit=x").status, 400u);

  const auto gone = call(host.port(), "DELETE", "/api/v1/users/u1/connections", rig::key());
  EXPECT_EQ(gone.json(), value(object{{"user", "u1"}, {"disconnected", 2}}));
  EXPECT_TRUE(one.ends());
  EXPECT_TRUE(two.ends());
  EXPECT_NE(other.ask("ping", object{}).find("time"), nullptr);
  EXPECT_EQ(call(host.port(), "DELETE", "/api/v1/users/a%20b/connections", rig::key()).status, 404u);
}

TEST(Administration, RevokesByTokenAndByUser) {
  rig host;
  const auto post = [&host](const std::string& body) {
    return call(host.port(), "POST", "/api/v1/revocations", rig::json_with_key(), body);
  };
  const auto token = rig::token("u1", {}, 3600, {{"jti", "j1"}});
  guest one(host, token);
  EXPECT_EQ(post(R"({"jti":"j1","expires_at":"2100-01-01T00:00:00Z"})").json().find("disconnected")->as_double(), 1);
  EXPECT_TRUE(one.ends());
  client again(host.port());
  EXPECT_EQ(again.connect(token), '4');

  guest two(host, rig::token("u2"));
  EXPECT_EQ(post(R"({"user":"u2"})").json().find("disconnected")->as_double(), 1);
  EXPECT_TRUE(two.ends());
  EXPECT_EQ(host.get("/api/v1/rooms/global", bearer(rig::token("u2"))).status, 401u);

  EXPECT_EQ(post(R"({"user":"u3","expires_at":"9999-12-31T23:59:59Z"})").status, 200u);
  for (const auto* bad : {"", "{}", "3", R"({"jti":""})", R"({"jti":3})", R"({"jti":"a","user":"b"})",
                          R"({"jti":"a","expires_at":"tomorrow"})"}) {
    EXPECT_EQ(post(bad).status, 400u) << bad;
  }
}

TEST(Administration, SaysWhenARevocationWouldNotOutliveARestart) {
  rig host;
  const auto token = rig::token("u1", {}, 3600, {{"jti", "j1"}});
  guest one(host, token);
  host.history.refuse();
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/revocations", rig::json_with_key(), R"({"jti":"j1"})").status, 503u);
  EXPECT_TRUE(one.ends()) << "it is in force all the same";
  client again(host.port());
  EXPECT_EQ(again.connect(token), '4');
}

}  // namespace
}  // namespace fanfare::test
