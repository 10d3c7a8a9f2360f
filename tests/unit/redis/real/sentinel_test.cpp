#include <gtest/gtest.h>

#include <memory>

#include "redis/real/client_rig.hpp"

// A master, two replicas and three sentinels, all real; the master is killed, then another is demoted.

namespace fanfare::redis {
namespace {

using test::live_client;
using test::redis_process;

struct watched_by_sentinels : testing::Test {
  watched_by_sentinels() {
    for (std::size_t i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<redis_process>(
          "redis-server", folder, "server-" + std::to_string(i),
          "port " + std::to_string(ports[i]) +
              "\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\ndbfilename dump-" + std::to_string(i) +
              ".rdb\n" + (i == 0 ? "" : "replicaof 127.0.0.1 " + std::to_string(ports[0]) + "\n"),
          "Ready to accept connections"));
    }
    for (std::size_t i = 3; i < 6; ++i) {
      sentinels.push_back(std::make_unique<redis_process>(
          "redis-sentinel", folder, "sentinel-" + std::to_string(i),
          "port " + std::to_string(ports[i]) + "\nbind 127.0.0.1\nsentinel monitor mine 127.0.0.1 " +
              std::to_string(ports[0]) +
              " 2\nsentinel down-after-milliseconds mine 500\nsentinel failover-timeout mine 3000\n",
          "+monitor master mine"));
    }
    // Ready for a failover: every sentinel knows both replicas and the other two sentinels.
    for (auto& each : sentinels) each->wait_for_all({"+slave", "+slave", "+sentinel", "+sentinel"});
  }
  [[nodiscard]] std::string url() const {
    std::string out = "redis+sentinel://";
    for (std::size_t i = 3; i < 6; ++i) out += (i == 3 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(ports[i]);
    return out + "/mine";
  }

  test::temporary_folder folder;
  std::vector<std::uint16_t> ports = test::free_ports(6);
  std::vector<std::unique_ptr<redis_process>> servers, sentinels;
};

TEST_F(watched_by_sentinels, are_followed_to_the_new_master) {
  live_client asker(url());
  asker.subscribe_as(url());
  const auto way = asker.subscribe_to();
  EXPECT_EQ(asker.subscribe(way, subscription::channel, "c"), "ok");
  asker.wait_for("resumed");
  // Acknowledged by both replicas, so that whichever is promoted has it.
  EXPECT_EQ(asker.ask(batch({"SET", "a", "1"}).add({"WAIT", "2", "20000"})), "+OK :2");
  servers[0]->kill();
  asker.wait_for("lost");
  EXPECT_EQ(asker.ask({"GET", "a"}), "$1") << "from the new master: " << asker.detail();
  EXPECT_EQ(asker.ask({"SET", "a", "2"}), "+OK");
  asker.wait_for("resumed");
  EXPECT_EQ(asker.ask({"PUBLISH", "c", "x"}), ":1") << "both are connected to the same server";
  asker.wait_for("c=x");
}

TEST_F(watched_by_sentinels, are_asked_again_when_the_first_is_gone) {
  sentinels[0]->kill();
  live_client asker(url());
  EXPECT_EQ(asker.ask({"SET", "a", "1"}), "+OK") << asker.detail();
}

TEST_F(watched_by_sentinels, are_asked_again_when_the_master_says_readonly) {
  live_client asker(url());
  EXPECT_EQ(asker.ask({"SET", "a", "1"}), "+OK");
  live_client sentinel("redis://127.0.0.1:" + std::to_string(ports[3]));
  EXPECT_EQ(sentinel.ask({"SENTINEL", "FAILOVER", "mine"}), "+OK");
  sentinels[0]->wait_for("+switch-master");
  // The old master may still take writes, refuse them or close the connection: the answer comes from the new one.
  std::string wrote;
  do {
    wrote = asker.ask({"SET", "b", "1"}, {{}, true});
    ASSERT_EQ(wrote, "+OK") << asker.detail();
  } while (asker.ask(batch({"CONFIG", "GET", "port"}).add({"GET", "b"}), {{}, true}).find(std::to_string(ports[0])) !=
           std::string::npos);
}

TEST_F(watched_by_sentinels, know_no_other_name) {
  live_client asker(url() + "x");
  EXPECT_EQ(asker.ask({"PING"}, {milliseconds{500}, false}), "!unavailable");
  EXPECT_NE(asker.detail().find("does not know the master"), std::string::npos) << asker.detail();
}

}  // namespace
}  // namespace fanfare::redis
