#include <gtest/gtest.h>

#include "redis/real/cluster_rig.hpp"

// Three masters and three replicas, all real: redirections, a slot that moves, a master that dies.

namespace fanfare::redis {
namespace {

using test::live_client;

struct six_nodes : testing::Test, test::cluster_rig {};

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
