#include "server/service/fleet_node.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/real/redis_process.hpp"
#include "server/served.hpp"

// Two whole services on a real Redis. What clients see of it is in interop/hand_over.

namespace fanfare::test {
namespace {

using testing::HasSubstr;

struct fleet_node_test : testing::Test {
  temporary_folder folder;
  std::uint16_t redis_port = redis::test::free_ports(1).at(0);
  decltype(redis::test::server(folder, redis_port)) redis = redis::test::server(folder, redis_port);
  const std::string url = "redis://127.0.0.1:" + std::to_string(redis_port);
  const std::string secret = "a secret of the fleet of this test";

  value nodes(served& of) {
    const auto stats = call(of.port(), "GET", "/api/v1/websocket/stats", {{"X-API-Key", "key-of-the-served"}}).json();
    return *stats.find("nodes");
  }
};

TEST_F(fleet_node_test, nodes_know_where_the_others_are_and_take_their_sessions) {
  served a({{"history.backend", "redis"}, {"redis.url", url}, {"fleet.secret", secret}, {"fleet.node", "a"}});
  served b({{"history.backend", "redis"},
            {"redis.url", url},
            {"fleet.secret", secret},
            {"fleet.node", "b"},
            {"fleet.advertise", "127.0.0.1:" + std::to_string(a.port())}});
  const auto known = [&](served& at) { return nodes(at).if_array()->size() == 2; };
  while (!known(a) || !known(b)) {
  }
  EXPECT_EQ(json::write(nodes(a)), "[{\"name\":\"a\",\"address\":\"127.0.0.1:" + std::to_string(a.port()) +
                                       "\",\"draining\":false},{\"name\":\"b\",\"address\":\"127.0.0.1:" +
                                       std::to_string(a.port()) + "\",\"draining\":false}]")
      << "b advertises what it was told to";
  const std::string target = "/socket.io/?EIO=4&transport=polling";
  const auto opened = json::parse(call(a.port(), "GET", target).body.substr(1)).value();
  const std::string sid(opened.find("sid")->as_string());
  EXPECT_EQ(call(b.port(), "POST", target + "&sid=" + sid, {{"Content-Type", "text/plain"}}, "1").body, "ok");
  EXPECT_EQ(call(a.port(), "GET", target + "&sid=" + sid).status, 400U) << "it was closed through b";
}

TEST_F(fleet_node_test, without_a_secret_no_session_is_handed_over) {
  served a({{"history.backend", "redis"}, {"redis.url", url}});
  served b({{"history.backend", "redis"}, {"redis.url", url}});
  const std::string target = "/socket.io/?EIO=4&transport=polling";
  const auto opened = json::parse(call(a.port(), "GET", target).body.substr(1)).value();
  EXPECT_EQ(call(b.port(), "GET", target + "&sid=" + std::string(opened.find("sid")->as_string())).status, 400U);
}

TEST_F(fleet_node_test, warns_when_nobody_can_reach_it) {
  served a(
      {{"history.backend", "redis"}, {"redis.url", url}, {"fleet.secret", secret}, {"server.listen", "0.0.0.0:0"}});
  const std::lock_guard lock(a.mutex);
  EXPECT_THAT(a.lines, testing::Contains(HasSubstr("set fleet.advertise")));
}

TEST_F(fleet_node_test, names_the_key_that_is_wrong) {
  const auto refused = [this](std::string_view key, std::string_view text) {
    return fault_of([&] {
      served({{"history.backend", "redis"}, {"redis.url", url}, {"fleet.secret", secret}, {key, text}});
    });
  };
  EXPECT_EQ(refused("fleet.node", "x"), "none");
  const auto faults = test_settings({{"history.backend", "memory"},
                                     {"fleet.secret", "short"},
                                     {"fleet.advertise", "host"},
                                     {"fleet.tls_ca", "/no/such/file"}})
                          .inconsistencies();
  EXPECT_THAT(faults, testing::IsSupersetOf({
                          HasSubstr("fleet.secret has fewer than 32 characters"),
                          HasSubstr("fleet.secret is set, but a fleet shares a log"),
                          HasSubstr("fleet.advertise holds \"host\"; an address is HOST:PORT"),
                          HasSubstr("fleet.tls_ca cannot be read"),
                      }));
  EXPECT_THAT(test_settings({{"fleet.advertise", "h:1"}}).inconsistencies(),
              testing::Contains(HasSubstr("fleet.advertise needs fleet.secret")));
}

}  // namespace
}  // namespace fanfare::test
