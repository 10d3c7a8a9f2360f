#include "redis/cluster_client.hpp"

#include "redis/client_script.hpp"
#include "redis/slots.hpp"

namespace fanfare::redis {
namespace {

using test::hello3;
using test::wire;

// CLUSTER SLOTS' answer: the first node serves the slots below 8192, the second the rest.
std::string map_of(int first, int second) {
  const auto range = [](int from, int to, int port) {
    return "*3\r\n:" + std::to_string(from) + "\r\n:" + std::to_string(to) +
           "\r\n*2\r\n+n\r\n:" + std::to_string(port) + "\r\n";
  };
  return "*2\r\n" + range(0, 8191, first) + range(8192, 16383, second);
}

struct scripted_cluster : test::scripted_client {
  void begin(int first = 1, int second = 2) {
    make("redis+cluster://n:1,n:9");
    home.advance(milliseconds{0});
    greet();
    EXPECT_EQ(connector.last().received(), wire({"CLUSTER", "SHARDS"}));
    hear(connector.last(), "-ERR unknown subcommand 'SHARDS'\r\n");
    EXPECT_EQ(connector.last().received(), wire({"CLUSTER", "SLOTS"}));
    hear(connector.last(), map_of(first, second));
    greet_at(2);
  }
  void greet_at(std::uint16_t port) {
    auto& peer = connector.to(port);
    peer.received();
    hear(peer, hello3);
  }
  void get(const std::string& name, std::uint16_t slot, request_options how = {}) {
    ask(name, batch({"GET", name}).at_slot(slot), how);
  }
  // The map is asked for again, of whom it may be, and answered so.
  void refresh(const std::string& answer) {
    home.advance(milliseconds{100});
    for (auto& peer : connector.peers) {
      if (peer.stream->state()->broken || peer.stream->state()->ended) continue;
      if (peer.received().find("SHARDS") == std::string::npos) continue;
      hear(peer, "-ERR no\r\n");
      peer.received();
      return hear(peer, answer);
    }
    FAIL() << "nobody was asked";
  }
};

TEST_F(scripted_cluster, goes_to_the_slots_master) {
  begin();
  EXPECT_TRUE(asker->ready());
  get("a", 0);
  get("b", 8192);
  EXPECT_EQ(connector.to(1).received(), wire({"GET", "a"}));
  EXPECT_EQ(connector.to(2).received(), wire({"GET", "b"}));
  hear(connector.to(2), "+B\r\n");
  hear(connector.to(1), "+A\r\n");
  EXPECT_EQ(take(), "b=+B;a=+A;");
}

TEST_F(scripted_cluster, keeps_requests_until_there_is_a_map) {
  make("redis+cluster://n:1,n:9");
  get("a", 0);
  home.advance(milliseconds{0});
  greet();
  hear(connector.last(), "-ERR no\r\n");
  hear(connector.last(), map_of(1, 2));
  home.advance(milliseconds{200});
  connector.to(1).received();
  hear(connector.to(1), "+A\r\n");
  EXPECT_EQ(take(), "a=+A;");
}

TEST_F(scripted_cluster, follows_moved_for_good) {
  begin();
  get("a", 0);
  hear(connector.to(1), "-MOVED 0 n:2\r\n");
  EXPECT_EQ(connector.to(2).received(), wire({"GET", "a"}));
  hear(connector.to(2), "+A\r\n");
  EXPECT_EQ(take(), "a=+A;");
  get("b", 0);
  EXPECT_EQ(connector.to(2).received(), wire({"GET", "b"}));
  hear(connector.to(2), "+B\r\n");
  refresh(map_of(1, 2));
  get("c", 0);
  EXPECT_EQ(connector.to(1).received(), wire({"GET", "c"})) << "the map knows better by now";
}

TEST_F(scripted_cluster, follows_ask_this_once) {
  begin();
  ask("a", batch({"GET", "a"}).add({"GET", "b"}).at_slot(0));
  connector.to(1).received();
  hear(connector.to(1), "-ASK 0 n:2\r\n-ASK 0 n:2\r\n");
  EXPECT_EQ(connector.to(2).received(), wire({"ASKING"}) + wire({"GET", "a"}) + wire({"ASKING"}) + wire({"GET", "b"}));
  hear(connector.to(2), "+OK\r\n+A\r\n+OK\r\n+B\r\n");
  EXPECT_EQ(take(), "a=+A +B;");
  get("c", 0);
  EXPECT_EQ(connector.to(1).received(), wire({"GET", "c"}));
}

TEST_F(scripted_cluster, pauses_after_too_many_redirections) {
  options.redirections_max = 2;
  begin();
  get("a", 0, {milliseconds{140}, false});
  hear(connector.to(1), "-MOVED 0 n:2\r\n");
  hear(connector.to(2), "-MOVED 0 n:1\r\n");
  connector.to(1).received();
  hear(connector.to(1), "-MOVED 0 n:2\r\n");
  EXPECT_EQ(connector.to(2).received().find("GET"), wire({"GET", "a"}).find("GET")) << "sent once, not again";
  home.advance(milliseconds{50});
  EXPECT_NE(connector.to(2).received().find("GET"), std::string::npos);
  hear(connector.to(2), "-MOVED 0 n:1\r\n");
  hear(connector.to(1), "-MOVED 0 n:2\r\n");
  hear(connector.to(2), "-MOVED 0 n:1\r\n");
  EXPECT_EQ(take(), "a=!unavailable;") << "its deadline is too near for another pause";
}

TEST_F(scripted_cluster, waits_while_it_is_down) {
  begin();
  for (const std::string refusal :
       {"-CLUSTERDOWN The cluster is down", "-TRYAGAIN Multiple keys", "-LOADING x", "-READONLY x"}) {
    get("a", 0);
    hear(connector.to(1), refusal + "\r\n");
    EXPECT_EQ(take(), "") << refusal;
    connector.to(1).received();
    home.advance(milliseconds{50});
    EXPECT_EQ(connector.to(1).received(), wire({"GET", "a"})) << refusal;
    hear(connector.to(1), "+A\r\n");
    EXPECT_EQ(take(), "a=+A;");
    refresh(map_of(1, 2));
  }
}

TEST_F(scripted_cluster, takes_what_waits_to_the_successor) {
  begin();
  get("sent", 0);
  get("repeatable", 0, {{}, true});
  connector.to(1).received();
  connector.refusing = {{"n", 1}};
  connector.to(1).drop();
  home.run();
  EXPECT_EQ(take(), "sent=!unavailable;");
  get("later", 0);
  refresh(map_of(3, 2));
  greet_at(3);
  EXPECT_EQ(connector.to(3).received(), wire({"GET", "repeatable"}) + wire({"GET", "later"}));
  hear(connector.to(3), "+R\r\n+L\r\n");
  EXPECT_EQ(take(), "repeatable=+R;later=+L;");
}

TEST_F(scripted_cluster, asks_another_node_for_the_map_when_one_is_gone) {
  connector.refusing = {{"n", 1}};
  make("redis+cluster://n:1,n:9");
  home.advance(milliseconds{0});
  EXPECT_EQ(connector.asked, (std::vector<net::endpoint>{{"n", 1}, {"n", 9}})) << "at once";
  greet();
  hear(connector.last(), "-ERR no\r\n");
  hear(connector.last(), map_of(2, 2));
  EXPECT_TRUE(asker->ready());
}

TEST_F(scripted_cluster, hands_other_errors_to_the_caller) {
  begin();
  for (const std::string each :
       {"-ERR no", "-NOAUTH needed", "-CROSSSLOT Keys in request don't hash to the same slot"}) {
    get("a", 0);
    hear(connector.to(1), each + "\r\n");
    EXPECT_EQ(take(), "a=" + each + ";");
  }
}

TEST_F(scripted_cluster, bounds_and_closes) {
  options.bounds = {2, 1000};
  begin();
  get("a", 0);
  get("b", 8192);
  get("c", 0);
  EXPECT_EQ(take(), "c=!overload;");
  asker->close();
  EXPECT_EQ(take(), "a=!closed;b=!closed;");
  get("d", 0);
  EXPECT_EQ(take(), "d=!closed;");
}

}  // namespace
}  // namespace fanfare::redis
