#include <gtest/gtest.h>

#include "redis/real/sentinel_rig.hpp"

// A master, two replicas and three sentinels, all real; the master is killed, then another is demoted.

namespace fanfare::redis {
namespace {

using test::live_client;

struct watched_by_sentinels : testing::Test, test::sentinel_rig {};

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
