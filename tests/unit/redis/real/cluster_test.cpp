#include <gtest/gtest.h>

#include <memory>

#include "redis/real/client_rig.hpp"
#include "redis/slots.hpp"

// Three masters and three replicas, all real: redirections, a slot that moves, a master that dies.

namespace fanfare::redis {
namespace {

using test::live_client;
using test::redis_process;

struct six_nodes : testing::Test {
  six_nodes() {
    for (std::size_t i = 0; i < 6; ++i) {
      nodes.push_back(std::make_unique<redis_process>(
          "redis-server", folder, "node-" + std::to_string(i),
          "port " + std::to_string(ports[i]) + "\nbind 127.0.0.1\nsave \"\"\nrepl-diskless-sync-delay 0\n" +
              "cluster-enabled yes\ncluster-port " + std::to_string(ports[i + 6]) + "\ncluster-node-timeout 2000\n" +
              "cluster-config-file nodes-" + std::to_string(i) + ".conf\ndbfilename dump-" + std::to_string(i) +
              ".rdb\n",
          "Ready to accept connections"));
      direct.push_back(std::make_unique<live_client>("redis://" + at(i)));
    }
    form();
  }
  [[nodiscard]] std::string at(std::size_t node) const { return "127.0.0.1:" + std::to_string(ports[node]); }
  [[nodiscard]] std::string url() const { return "redis+cluster://" + at(0) + "," + at(1) + "," + at(2); }
  std::string id(std::size_t node) { return direct[node]->ask({"CLUSTER", "MYID"}).substr(1); }

  // Asks until the answer holds that: each question is a round trip, and the deadline is the test's own.
  void until(std::size_t node, const batch& question, const std::string& text, std::size_t times = 1) {
    for (;;) {
      const auto answer = direct[node]->ask(question);
      std::size_t seen = 0;
      for (auto from = answer.find(text); from != std::string::npos; from = answer.find(text, from + 1)) ++seen;
      if (seen >= times) return;
    }
  }

  void form() {
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "ADDSLOTSRANGE", std::to_string(i * 5461),
                                std::to_string(i == 2 ? 16383 : i * 5461 + 5460)}),
                "+OK");
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)}), "+OK");
    }
    for (std::size_t i = 1; i < 6; ++i) {
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "MEET", "127.0.0.1", std::to_string(ports[0]), std::to_string(ports[6])}),
                "+OK");
    }
    for (std::size_t i = 0; i < 6; ++i) until(i, {"CLUSTER", "INFO"}, "cluster_known_nodes:6");
    for (std::size_t i = 3; i < 6; ++i) {
      until(i, {"CLUSTER", "NODES"}, id(i - 3));
      EXPECT_EQ(direct[i]->ask({"CLUSTER", "REPLICATE", id(i - 3)}), "+OK");
    }
    for (std::size_t i = 0; i < 6; ++i) {
      until(i, {"CLUSTER", "INFO"}, "cluster_state:ok");
      until(i, {"CLUSTER", "NODES"}, " slave ", 2);
    }
    for (std::size_t i = 0; i < 3; ++i) until(i, {"INFO", "replication"}, "state=online");
  }
  // A key whose slot that node serves, the n-th.
  [[nodiscard]] static std::string key_of(std::size_t node, int n = 0) {
    for (int i = 0;; ++i) {
      auto key = "key" + std::to_string(i);
      if (std::min<std::size_t>(slot_of(key) / 5461, 2) == node && n-- == 0) return key;
    }
  }

  test::temporary_folder folder;
  std::vector<std::uint16_t> ports = test::free_ports(12);
  std::vector<std::unique_ptr<redis_process>> nodes;
  std::vector<std::unique_ptr<live_client>> direct;
};

TEST_F(six_nodes, take_each_key_to_its_master) {
  live_client asker(url());
  for (int i = 0; i < 100; ++i) {
    const auto key = "k" + std::to_string(i);
    EXPECT_EQ(asker.ask(batch({"SET", key, key}).add({"GET", key}).at_key(key)), "+OK $" + key) << asker.detail();
  }
  EXPECT_EQ(asker.ask(batch({"MSET", "{t}a", "1", "{t}b", "2"}).at_key("t")), "+OK");
  EXPECT_EQ(asker.ask({"PING"}), "+PONG") << "without a key";
  EXPECT_EQ(asker.ask(batch({"SET", key_of(0), "1"}).at_key(key_of(1))), "+OK") << "MOVED is followed";
}

TEST_F(six_nodes, hand_a_slot_over_while_it_is_asked) {
  live_client asker(url());
  const auto key = key_of(0);
  const auto slot = std::to_string(slot_of(key));
  const auto other = "{" + key + "}x";
  EXPECT_EQ(asker.ask(batch({"SET", key, "1"}).at_key(key)), "+OK");
  EXPECT_EQ(direct[1]->ask({"CLUSTER", "SETSLOT", slot, "IMPORTING", id(0)}), "+OK");
  EXPECT_EQ(direct[0]->ask({"CLUSTER", "SETSLOT", slot, "MIGRATING", id(1)}), "+OK");
  // What is not there yet is at the target: -ASK, then ASKING.
  EXPECT_EQ(asker.ask(batch({"SET", other, "2"}).add({"GET", other}).at_key(key)), "+OK $2") << asker.detail();
  EXPECT_EQ(asker.ask(batch({"GET", key}).at_key(key)), "$1") << "still at the source";
  EXPECT_EQ(direct[0]->ask({"MIGRATE", "127.0.0.1", std::to_string(ports[1]), key, "0", "5000"}), "+OK");
  EXPECT_EQ(asker.ask(batch({"GET", key}).at_key(key)), "$1") << "asked for at the target";
  for (const std::size_t node : {1U, 0U}) {
    EXPECT_EQ(direct[node]->ask({"CLUSTER", "SETSLOT", slot, "NODE", id(1)}), "+OK");
  }
  EXPECT_EQ(asker.ask(batch({"GET", key}).add({"GET", other}).at_key(key)), "$1 $2") << "MOVED";
}

TEST_F(six_nodes, move_shard_channels_with_their_slot) {
  live_client asker(url());
  const auto key = key_of(0);
  const auto slot = slot_of(key);
  EXPECT_EQ(asker.ask({"PING"}), "+PONG");
  const auto way = asker.subscribe_to(slot);
  EXPECT_EQ(asker.subscribe(way, subscription::shard, key), "ok");
  asker.wait_for("resumed");
  EXPECT_EQ(asker.ask(batch({"SPUBLISH", key, "1"}).at_slot(slot)), ":1");
  asker.wait_for(key + "=1");
  for (const std::size_t node : {1U, 0U, 2U}) {
    EXPECT_EQ(direct[node]->ask({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id(1)}), "+OK");
  }
  asker.wait_for("lost");
  asker.wait_for("resumed");
  EXPECT_EQ(asker.ask(batch({"SPUBLISH", key, "2"}).at_slot(slot)), ":1");
  asker.wait_for(key + "=2");
}

TEST_F(six_nodes, survive_a_master) {
  live_client asker(url());
  const auto key = key_of(0);
  EXPECT_EQ(asker.ask(batch({"SET", key, "1"}).add({"WAIT", "1", "20000"}).at_key(key)), "+OK :1");
  nodes[0]->kill();
  EXPECT_EQ(asker.ask(batch({"GET", key}).at_key(key), {{}, true}), "$1") << "from its replica: " << asker.detail();
  EXPECT_EQ(asker.ask(batch({"SET", key, "2"}).at_key(key)), "+OK") << asker.detail();
  // Nodes that the URL names and that are gone do not hold up a new client.
  live_client late(url());
  EXPECT_EQ(late.ask(batch({"GET", key}).at_key(key)), "$2") << late.detail();
}

}  // namespace
}  // namespace fanfare::redis
