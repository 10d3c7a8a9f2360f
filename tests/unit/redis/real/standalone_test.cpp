#include <gtest/gtest.h>

#include "net/tls_peer.hpp"
#include "redis/real/client_rig.hpp"

// One real redis-server: RESP3 and RESP2, ACL, databases, TLS, restarts, subscriptions.

namespace fanfare::redis {
namespace {

using test::live_client;
using test::redis_process;

std::string at(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

struct standalone : testing::Test {
  test::temporary_folder folder;
  const std::uint16_t port = test::free_ports(1)[0];
};

TEST_F(standalone, asks_in_batches_and_databases) {
  const auto process = test::server(folder, port);
  live_client first("redis://" + at(port)), second("redis://" + at(port) + "/3");
  EXPECT_EQ(first.ask(batch({"SET", "a", "1"}).add({"INCR", "a"}).add({"GET", "a"})), "+OK :2 $2");
  EXPECT_EQ(first.ask(batch({"HSET", "h", "x", "1"}).add({"HGETALL", "h"})), ":1 {$x $1}") << "a map: RESP3";
  EXPECT_EQ(second.ask({"GET", "a"}), "_");
  EXPECT_EQ(first.ask(batch({"MULTI"}).add({"INCR", "a"}).add({"EXEC"})), "+OK +QUEUED [:3]");
  EXPECT_EQ(first.ask({"NOSUCH"}).substr(0, 4), "-ERR");
  std::string big(10 << 20, 'b');
  EXPECT_EQ(first.ask(batch({"SET", "big", big}).add({"STRLEN", "big"})), "+OK :10485760");
  EXPECT_EQ(first.ask({"GET", "big"}), "$" + big);
}

TEST_F(standalone, pipelines_thousands) {
  const auto process = test::server(folder, port);
  live_client asker("redis://" + at(port));
  std::promise<void> all;
  std::atomic<int> answered = 0, in_order = 0;
  constexpr int count = 5000;
  for (int i = 0; i < count; ++i) {
    asker.post({"INCR", "n"}, [&, i](const result<std::vector<reply>>& outcome) {
      if (outcome && outcome->front().integer == i + 1) ++in_order;
      if (++answered == count) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_EQ(in_order, count);
}

TEST_F(standalone, knows_acl_users) {
  const auto process = test::server(folder, port,
                                    "user default off\nuser app on >se%cret ~app:* &app:* +@all\n"
                                    "user mute on >x ~* &none +@all -hello\n");
  live_client right("redis://app:se%25cret@" + at(port));
  EXPECT_EQ(right.ask({"SET", "app:a", "1"}), "+OK");
  EXPECT_EQ(right.ask({"SET", "other", "1"}).substr(0, 7), "-NOPERM");
  EXPECT_EQ(right.ask({"ACL", "WHOAMI"}), "$app");
  live_client wrong("redis://app:nope@" + at(port)), none("redis://" + at(port));
  const request_options soon{milliseconds{300}, false};
  EXPECT_EQ(wrong.ask({"PING"}, soon), "!unavailable");
  EXPECT_NE(wrong.detail().find("WRONGPASS"), std::string::npos) << wrong.detail();
  EXPECT_EQ(none.ask({"PING"}, soon), "!unavailable");
  EXPECT_NE(none.detail().find("NOAUTH"), std::string::npos) << none.detail();

  right.subscribe_as("redis://app:se%25cret@" + at(port));
  const auto way = right.subscribe_to();
  EXPECT_EQ(right.subscribe(way, subscription::channel, "app:1"), "ok");
  EXPECT_EQ(right.subscribe(way, subscription::channel, "other"), "forbidden");
  EXPECT_EQ(right.ask({"PUBLISH", "app:1", "x"}), ":1");
  right.wait_for("app:1=x");
}

TEST_F(standalone, falls_back_where_hello_is_unknown) {
  const auto process = test::server(folder, port, "rename-command HELLO \"\"\nrequirepass old\n");
  live_client asker("redis://:old@" + at(port) + "/1");
  EXPECT_EQ(asker.ask(batch({"HSET", "h", "x", "1"}).add({"HGETALL", "h"})), ":1 [$x $1]") << "a flat array: RESP2";
  asker.subscribe_as("redis://:old@" + at(port));
  const auto way = asker.subscribe_to();
  EXPECT_EQ(asker.subscribe(way, subscription::channel, "c"), "ok");
  EXPECT_EQ(asker.subscribe(way, subscription::pattern, "p*"), "ok");
  EXPECT_EQ(asker.ask(batch({"PUBLISH", "c", "1"}).add({"PUBLISH", "pq", "2"})), ":1 :1");
  asker.wait_for("c=1");
  asker.wait_for("p*>pq=2");
}

TEST_F(standalone, comes_back_after_a_restart) {
  auto process = test::server(folder, port);
  live_client asker("redis://" + at(port));
  const auto way = asker.subscribe_to();
  asker.wait_for("resumed");
  EXPECT_EQ(asker.subscribe(way, subscription::channel, "c"), "ok");
  EXPECT_EQ(asker.subscribe(way, subscription::pattern, "p*"), "ok");
  EXPECT_EQ(asker.subscribe(way, subscription::shard, "s"), "ok");
  process.kill();
  asker.wait_for("lost");
  process.start();
  asker.wait_for("resumed");
  EXPECT_EQ(asker.ask(batch({"PUBLISH", "c", "1"}).add({"PUBLISH", "pq", "2"}).add({"SPUBLISH", "s", "3"})),
            ":1 :1 :1");
  asker.wait_for("c=1");
  asker.wait_for("p*>pq=2");
  asker.wait_for("s=3");
}

TEST_F(standalone, tells_a_request_that_was_lost_on_the_way) {
  auto process = test::server(folder, port);
  live_client asker("redis://" + at(port));
  EXPECT_EQ(asker.ask({"PING"}), "+PONG");
  // Both hang in the server when it dies; only the one that may be repeated is.
  process.freeze();
  std::promise<std::string> once, again;
  asker.post({"INCR", "n"}, [&](const auto& outcome) { once.set_value(test::shown(outcome)); });
  asker.post({"PING"}, [&](const auto& outcome) { again.set_value(test::shown(outcome)); }, {{}, true});
  asker.settle();
  process.kill();
  EXPECT_EQ(once.get_future().get(), "!unavailable");
  process.start();
  EXPECT_EQ(again.get_future().get(), "+PONG");
  EXPECT_EQ(asker.ask({"GET", "n"}), "_") << "it was not sent a second time";
}

TEST_F(standalone, notices_a_server_that_stands_still) {
  auto process = test::server(folder, port);
  live_client asker("redis://" + at(port));
  const auto way = asker.subscribe_to();
  EXPECT_EQ(asker.subscribe(way, subscription::channel, "c"), "ok");
  asker.wait_for("resumed");
  process.freeze();
  asker.wait_for("lost");
  process.thaw();
  asker.wait_for("resumed");
  EXPECT_EQ(asker.ask({"PUBLISH", "c", "1"}), ":1");
  asker.wait_for("c=1");
}

TEST_F(standalone, speaks_tls_and_verifies) {
  const fanfare::test::tls_files files, strangers;
  const auto process =
      test::server(folder, port,
                   "port 0\ntls-port " + std::to_string(port) + "\ntls-auth-clients no\ntls-cert-file " + files.cert() +
                       "\ntls-key-file " + files.key() + "\n");
  const std::string url = "rediss://localhost:" + std::to_string(port);
  live_client right(url, net::tls_client_options{files.cert(), "", "", ""});
  std::string big(3 << 20, 'b');
  EXPECT_EQ(right.ask(batch({"SET", "big", big}).add({"GET", "big"})), "+OK $" + big);
  const auto way = right.subscribe_to();
  EXPECT_EQ(right.subscribe(way, subscription::channel, "c"), "ok");
  EXPECT_EQ(right.ask({"PUBLISH", "c", "1"}), ":1");
  right.wait_for("c=1");

  const request_options soon{milliseconds{300}, false};
  live_client stranger(url, net::tls_client_options{strangers.cert(), "", "", ""});
  EXPECT_EQ(stranger.ask({"PING"}, soon), "!unavailable");
  EXPECT_NE(stranger.detail().find("self-signed certificate"), std::string::npos) << stranger.detail();
  live_client misnamed(url, net::tls_client_options{files.cert(), "", "", "other.example"});
  EXPECT_EQ(misnamed.ask({"PING"}, soon), "!unavailable");
  EXPECT_NE(misnamed.detail().find("hostname mismatch"), std::string::npos) << misnamed.detail();
}

}  // namespace
}  // namespace fanfare::redis
