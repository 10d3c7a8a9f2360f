#include "redis/link.hpp"

#include "redis/client_script.hpp"

// The link through a standalone client, which adds no connection of its own.

namespace fanfare::redis {
namespace {

using test::wire;

struct lasting : test::scripted_client {
  lasting() { make("redis://server"); }
};

TEST_F(lasting, keeps_requests_until_there_is_a_connection) {
  ask("a");
  ask("b");
  EXPECT_FALSE(asker->ready());
  greet();
  EXPECT_TRUE(asker->ready());
  EXPECT_EQ(connector.last().received(), wire({"GET", "a"}) + wire({"GET", "b"}));
  hear(connector.last(), "+A\r\n+B\r\n");
  EXPECT_EQ(take(), "a=+A;b=+B;");
}

TEST_F(lasting, answers_unknown_fates_and_repeats_what_may_be) {
  greet();
  ask("a");
  ask("b", {{}, true});
  ask("c");
  ask("d", {{}, true});
  connector.last().received();
  drop();
  EXPECT_EQ(take(), "a=!unavailable;c=!unavailable;");
  ask("e");
  home.advance(milliseconds{50});
  greet();
  EXPECT_EQ(connector.last().received(), wire({"GET", "b"}) + wire({"GET", "d"}) + wire({"GET", "e"}))
      << "in their order";
  hear(connector.last(), "+B\r\n+D\r\n+E\r\n");
  EXPECT_EQ(take(), "b=+B;d=+D;e=+E;");
}

TEST_F(lasting, sends_what_never_left_again) {
  greet();
  connector.last().stream->state()->capacity = 0;
  ask("a");
  drop();
  EXPECT_EQ(take(), "");
  home.advance(milliseconds{50});
  greet();
  hear(connector.last(), "+A\r\n");
  EXPECT_EQ(take(), "a=+A;");
}

TEST_F(lasting, waits_longer_after_each_failure) {
  connector.refuse_all = true;
  drop();
  EXPECT_EQ(connector.asked.size(), 1U);
  std::vector<int> pauses;
  for (int i = 0; i < 6; ++i) {
    int waited = 0;
    for (const auto before = connector.asked.size(); connector.asked.size() == before; ++waited)
      home.advance(milliseconds{1});
    pauses.push_back(waited);
  }
  EXPECT_EQ(pauses, (std::vector{50, 100, 200, 400, 500, 500})) << "half of each, as nothing is drawn";
  connector.refuse_all = false;
  home.advance(milliseconds{500});
  greet();
  drop();
  const auto before = connector.asked.size();
  home.advance(milliseconds{50});
  EXPECT_EQ(connector.asked.size(), before + 1) << "a success starts again";
}

TEST(backoff, draws_the_second_half) {
  const backoff pause{milliseconds{100}, milliseconds{1000}};
  EXPECT_EQ(pause.delay(0, 0.0), milliseconds{50});
  EXPECT_EQ(pause.delay(0, 0.999), milliseconds{99});
  EXPECT_EQ(pause.delay(4, 0.5), milliseconds{750});
  EXPECT_EQ(pause.delay(4000000000U, 0.0), milliseconds{500});
}

TEST_F(lasting, answers_at_the_deadline_when_nobody_is_there) {
  connector.refuse_all = true;
  drop();
  ask("a", {milliseconds{300}, false});
  ask("b", {milliseconds{100}, false});
  home.advance(milliseconds{100});
  EXPECT_EQ(take(), "b=!unavailable;");
  home.advance(milliseconds{200});
  EXPECT_EQ(take(), "a=!unavailable;");
  EXPECT_EQ(detail, "redis: no connection in time: refused");
}

TEST_F(lasting, says_how_it_stands) {
  greet();
  drop();
  EXPECT_EQ(states, "ready;server:6379: the server closed the connection;");
}

TEST_F(lasting, tells_what_is_under_way_that_it_closes) {
  greet();
  ask("a");
  asker->close();
  EXPECT_EQ(take(), "a=!closed;");
  ask("b");
  EXPECT_EQ(take(), "b=!closed;");
  home.advance(milliseconds{10000});
  EXPECT_EQ(connector.asked.size(), 1U);
  EXPECT_EQ(home.timers(), 0U);
}

TEST_F(lasting, tells_what_waits_that_it_closes) {
  ask("a");
  asker->close();
  EXPECT_EQ(take(), "a=!closed;");
}

}  // namespace
}  // namespace fanfare::redis
