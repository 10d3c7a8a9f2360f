#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/entries.hpp"
#include "history/redis/redis_rig.hpp"
#include "redis/real/cluster_rig.hpp"
#include "redis/real/sentinel_rig.hpp"

// The log under Sentinel and in a Cluster, all real: what a failover keeps, and that what it loses is told.

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using test::listening_node;

std::vector<entry> one(const std::string& id) {
  auto out = test::event({"a"}, 1);
  out.id = id;
  return {out};
}

struct under_sentinel : testing::Test, redis::test::sentinel_rig {
  test::node_rig rig{url()};
};

TEST_F(under_sentinel, a_failover_keeps_what_replicas_have) {
  const auto waits = [](redis_log_options& options) {
    options.appender.min_replicas = 2;
    options.appender.replica_timeout = milliseconds{20000};
    options.patience = milliseconds{60000};
  };
  listening_node a(rig, "a", {}, waits), b(rig, "b");
  ASSERT_TRUE(a.append(one("x")));
  b.wait_for("x@1");
  servers[0]->kill();
  auto during = b.begin(one("y"));
  for (auto* each : {&a, &b}) each->wait_for("y@2");
  EXPECT_TRUE(during.get());
  EXPECT_THAT(a.seen, ElementsAre("x@1", "y@2"));
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_THAT(b.notes, IsEmpty());
  EXPECT_EQ(b.log().epoch(), "e") << "the history of replication is another one, and has all that the nodes have seen";
}

TEST_F(under_sentinel, a_failover_that_lost_the_end_is_told) {
  listening_node a(rig, "a"), b(rig, "b");
  ASSERT_TRUE(a.append(one("x")));
  redis::test::live_client master("redis://127.0.0.1:" + std::to_string(ports[0]));
  master.ask(redis::batch({"SET", "k", "v"}).add({"WAIT", "2", "20000"}));
  servers[1]->freeze();
  servers[2]->freeze();
  // What is on its way to them is lost too.
  master.ask({"CLIENT", "KILL", "TYPE", "replica"});
  ASSERT_TRUE(a.append(one("y")));
  b.wait_for("y@2");
  servers[0]->kill();
  servers[1]->thaw();
  servers[2]->thaw();
  for (auto* each : {&a, &b}) each->wait_for_break();
  EXPECT_NE(a.log().epoch(), "e");
  EXPECT_EQ(a.log().epoch(), b.log().epoch());
  EXPECT_EQ(rig.count("fanfare_history_breaks_total"), 2);
}

struct in_a_cluster : testing::Test, redis::test::cluster_rig {
  test::node_rig rig{url()};
};

TEST_F(in_a_cluster, the_log_outlives_the_master_of_its_slot) {
  const auto waits = [](redis_log_options& options) { options.patience = milliseconds{60000}; };
  listening_node a(rig, "a", {}, waits), b(rig, "b", {}, waits);
  ASSERT_TRUE(a.append(one("x")));
  ASSERT_TRUE(b.append(one("y")));
  a.wait_for("y@2");
  EXPECT_EQ(a.read({.rooms = {"a"}}).entries.size(), 2U);
  const auto master = std::min<std::size_t>(redis::slot_of("{fanfare}:log") / 5461, 2);
  // The replica has this, and so all that was written before.
  direct[master]->ask(redis::batch({"SET", "{fanfare}:k", "v"}).add({"WAIT", "1", "20000"}));
  nodes[master]->kill();
  ASSERT_TRUE(a.append(one("z")));
  ASSERT_TRUE(b.append(one("end")));
  for (auto* each : {&a, &b}) each->wait_for("end@4");
  EXPECT_THAT(a.notes, IsEmpty());
  EXPECT_EQ(a.seen, b.seen);
}

}  // namespace
}  // namespace fanfare::history
