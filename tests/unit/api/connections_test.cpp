#include "api/connections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

using testing::ElementsAre;

std::string id_of(const guest& who) {
  return std::string(who.established.at_pointer("/data/connection_id")->as_string());
}

std::vector<std::string> users(const value& list) {
  std::vector<std::string> out;
  for (const auto& row : *list.find("connections")->if_array()) out.emplace_back(row.find("user")->as_string());
  return out;
}

TEST(Connections, AreListedInParts) {
  rig host;
  guest one(host, rig::token("u1"));
  guest two(host, rig::token("u2"));
  guest three(host, rig::token("u3"));
  const auto list = [&host](const std::string& query) { return host.get("/api/v1/connections?" + query).json(); };
  EXPECT_THAT(users(list("offset=1&limit=1")), ElementsAre("u2"));
  EXPECT_EQ(list("offset=1&limit=1").find("total")->as_double(), 3);
  EXPECT_THAT(users(list("order=newest")), ElementsAre("u3", "u2", "u1"));
  EXPECT_THAT(users(list("search=u2")), ElementsAre("u2"));
  EXPECT_EQ(list("search=u2").find("total")->as_double(), 1);
  EXPECT_THAT(users(list("search=" + id_of(three))), ElementsAre("u3"));
  EXPECT_EQ(host.get("/api/v1/connections?order=size").status, 400u);
}

TEST(Connections, TheSlowestComeFirst) {
  rig host;
  guest one(host, rig::token("u1"));
  guest two(host, rig::token("u2", {"p1"}));
  const auto socket = host.shared.connections.find(id_of(two))->second.lock();
  ASSERT_TRUE(socket);
  // Held back on its worker, so that it cannot leave before the survey comes by, which is posted behind it.
  std::promise<void> emitted;
  socket->worker().post([&] {
    for (int i = 0; i < 64; ++i) socket->emit("test", std::string(65536, 'x'));
    emitted.set_value();
  });
  emitted.get_future().wait();
  const auto list = host.get("/api/v1/connections?order=queue").json();
  EXPECT_THAT(users(list), ElementsAre("u2", "u1"));
  EXPECT_GT(list.at_pointer("/connections/0/queued_bytes")->as_double(), 65536);
  EXPECT_EQ(list.at_pointer("/connections/1/queued_bytes")->as_double(), 0);
  EXPECT_THAT(users(host.get("/api/v1/connections?order=queue&offset=1&limit=1").json()), ElementsAre("u1"));
  EXPECT_EQ(host.get("/api/v1/connections?order=queue&user=nobody").json().find("total")->as_double(), 0);
}

TEST(Connections, OneIsShownWithItsToken) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}, 3600, {{"jti", "j1"}, {"scope", "events:publish"}}));
  peer.ask("subscribe", object{{"room", "project:p1"}});
  const auto path = "/api/v1/connections/" + id_of(peer);
  const auto shown = host.get(path).json();
  EXPECT_EQ(shown.find("user")->as_string(), "u1");
  EXPECT_EQ(shown.find("transport")->as_string(), "websocket");
  EXPECT_EQ(shown.find("queued_bytes")->as_double(), 0);
  EXPECT_EQ(*shown.find("rooms"), value(array{"user:u1", "global", "project:p1"}));
  EXPECT_EQ(shown.at_pointer("/token/jti")->as_string(), "j1");
  EXPECT_EQ(*shown.at_pointer("/token/projects"), value(array{"p1"}));
  EXPECT_EQ(*shown.at_pointer("/token/scopes"), value(array{"events:publish"}));
  EXPECT_NE(shown.at_pointer("/token/expires_at"), nullptr);
  EXPECT_EQ(host.get(path, {{"Authorization", "Bearer " + rig::token("u1", {"p1"})}}).status, 403u);
  EXPECT_EQ(host.get("/api/v1/connections/nobody").status, 404u);
}

TEST(Connections, OneIsDisconnected) {
  rig host;
  guest peer(host, rig::token("u1"));
  guest other(host, rig::token("u1"));
  const auto path = "/api/v1/connections/" + id_of(peer);
  EXPECT_EQ(call(host.port(), "DELETE", path, {}).status, 401u);
  EXPECT_EQ(call(host.port(), "DELETE", path, rig::key()).json(), value(object{{"disconnected", 1}}));
  EXPECT_TRUE(peer.ends());
  EXPECT_EQ(call(host.port(), "DELETE", path, rig::key()).status, 404u);
  EXPECT_EQ(other.ask("ping", object{}).find("time") == nullptr, false) << "the user's other one stays";
}

}  // namespace
}  // namespace fanfare::test
