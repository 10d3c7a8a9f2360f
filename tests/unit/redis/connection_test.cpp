#include "redis/connection.hpp"

#include <gtest/gtest.h>

#include "redis/rig.hpp"

namespace fanfare::redis {
namespace {

using test::hello3;
using test::wire;

struct scripted_connection : testing::Test {
  void open() {
    way = connection::open(home, connector, {"server", 6379}, milliseconds{100}, terms,
                           {[this] { said += "ready;"; }, [this](reply message) { said += test::shown(message) + ";"; },
                            [this](const error& why) { said += "ended " + why.detail + ";"; }});
    home.run();
  }
  void greet() {
    open();
    connector.last().received();
    connector.last().send(hello3);
    home.run();
  }
  bool get(const std::string& key) {
    exchange work{std::make_shared<const batch>(batch{"GET", key}), home.now() + milliseconds{1000}, {}, 0, nullptr};
    work.done = [this, key](fate, const result<std::vector<reply>>& outcome) {
      said += key + "=" + test::shown(outcome) + ";";
    };
    return way->submit(std::move(work));
  }
  std::string take() { return std::exchange(said, {}); }

  fanfare::test::fake_executor home;
  test::scripted_connector connector;
  connection_terms terms;
  std::string said;
  std::shared_ptr<connection> way;
};

TEST_F(scripted_connection, carries_a_burst_in_one_write) {
  greet();
  EXPECT_EQ(take(), "ready;");
  const auto steps = connector.last().stream->state()->steps;
  EXPECT_TRUE(get("a"));
  EXPECT_TRUE(get("b"));
  EXPECT_EQ(connector.last().received(), "") << "not before what is ready now has been handled";
  home.run();
  EXPECT_EQ(connector.last().received(), wire({"GET", "a"}) + wire({"GET", "b"}));
  EXPECT_GT(connector.last().stream->state()->steps, steps);
  connector.last().send("+A\r\n+B\r\n");
  home.run();
  EXPECT_EQ(take(), "a=+A;b=+B;");
}

TEST_F(scripted_connection, tells_why_nothing_was_connected) {
  connector.refuse_all = true;
  open();
  EXPECT_EQ(said, "ended refused;");
  EXPECT_FALSE(way->ready_now());
  EXPECT_FALSE(get("a"));
}

TEST_F(scripted_connection, keeps_the_deadlines) {
  open();
  home.advance(terms.handshake_timeout);
  EXPECT_EQ(take(), "ended redis: no handshake in time;");
  greet();
  take();
  get("a");
  home.advance(milliseconds{500});
  EXPECT_EQ(take(), "");
  home.advance(milliseconds{600});
  EXPECT_EQ(take(), "a=!timeout;ended redis: the server is silent;");
  EXPECT_EQ(home.timers(), 0U);
}

TEST_F(scripted_connection, goes_on_after_a_full_socket) {
  greet();
  take();
  connector.last().stream->state()->capacity = 10;
  const std::string big(1000, 'k');
  get(big);
  get("b");
  home.run();
  std::string got;
  while (got.size() < wire({"GET", big}).size() + wire({"GET", "b"}).size()) {
    const auto part = connector.last().received();
    ASSERT_FALSE(part.empty());
    got += part;
    home.run();
  }
  EXPECT_EQ(got, wire({"GET", big}) + wire({"GET", "b"}));
}

TEST_F(scripted_connection, tells_the_end_first) {
  greet();
  get("a");
  home.run();
  connector.last().send(">2\r\n+message\r\n+x\r\n");
  home.run();
  take();
  connector.last().drop();
  home.run();
  EXPECT_EQ(take(), "ended server:6379: the server closed the connection;a=!unavailable;");
}

// A read or write that fails at each step: everything asked is answered once and the end is told once.
TEST_F(scripted_connection, fails_at_each_step) {
  for (std::size_t step = 1; step < 12; ++step) {
    connector.fail_at = step;
    said.clear();
    greet();
    const bool asked = get("a");
    home.run();
    connector.last().send("+A\r\n");
    home.run();
    const bool ended = said.find("ended") != std::string::npos;
    EXPECT_EQ(said.find("ended"), said.rfind("ended"));
    if (asked) {
      EXPECT_NE(said.find("a="), std::string::npos) << step;
      EXPECT_EQ(said.find("a="), said.rfind("a=")) << step;
    }
    if (!ended) way->close();
  }
}

TEST_F(scripted_connection, runs_no_event_once_closed) {
  greet();
  get("a");
  take();
  way->close();
  EXPECT_EQ(take(), "a=!closed;");
  home.run();
  EXPECT_EQ(home.timers(), 0U);
  open();
  way->close();
  home.run();
  EXPECT_EQ(take(), "");
}

TEST_F(scripted_connection, retires_once_all_is_answered) {
  greet();
  get("a");
  take();
  home.run();
  way->retire();
  connector.last().received();
  connector.last().send(">2\r\n+message\r\n+x\r\n");
  home.run();
  EXPECT_EQ(take(), "");
  connector.last().send("+A\r\n");
  home.run();
  EXPECT_EQ(take(), "a=+A;");
  EXPECT_TRUE(connector.last().stream->state()->ended) << "and says goodbye";
}

}  // namespace
}  // namespace fanfare::redis
