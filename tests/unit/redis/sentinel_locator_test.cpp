#include "redis/sentinel_locator.hpp"

#include "redis/client_script.hpp"

namespace fanfare::redis {
namespace {

using test::wire;

const std::string master_at_7 = "*2\r\n$6\r\nmaster\r\n$1\r\n7\r\n*0\r\n";
const std::string master_at_8 = "*2\r\n$6\r\nmaster\r\n$1\r\n8\r\n*0\r\n";
const std::string role_master = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
const std::string role_slave = "*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:1\r\n";

struct two_sentinels : test::scripted_client {
  void begin() { make("redis+sentinel://me:pass@s1:1,s2:2/mine?sentinel_password=other"); }
  std::vector<std::uint16_t> ports() const {
    std::vector<std::uint16_t> out;
    for (const auto& each : connector.asked) out.push_back(each.port);
    return out;
  }
};

TEST_F(two_sentinels, name_the_master) {
  begin();
  EXPECT_EQ(greet(), wire({"HELLO", "3", "AUTH", "default", "other"})) << "with their own password";
  EXPECT_EQ(connector.last().received(),
            wire({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mine"}) + wire({"SENTINEL", "SENTINELS", "mine"}));
  hear(connector.last(), master_at_7);
  EXPECT_EQ(ports(), (std::vector<std::uint16_t>{1, 7}));
  EXPECT_EQ(greet(), wire({"HELLO", "3", "AUTH", "me", "pass"}));
  EXPECT_EQ(connector.last().received(), wire({"ROLE"}));
  hear(connector.last(), role_master);
  EXPECT_TRUE(asker->ready());
}

TEST_F(two_sentinels, are_asked_in_turn) {
  connector.refusing = {{"s1", 1}};
  begin();
  EXPECT_EQ(ports(), (std::vector<std::uint16_t>{1, 2}));
  greet(master_at_7);
  EXPECT_EQ(ports().back(), 7);
}

TEST_F(two_sentinels, fail_in_every_way_and_are_asked_again_later) {
  begin();
  greet("_\r\n*0\r\n");  // does not know the name
  EXPECT_EQ(ports(), (std::vector<std::uint16_t>{1, 2}));
  greet("-IDONTKNOW No such master\r\n-ERR No such master\r\n");
  EXPECT_EQ(states, "redis: no sentinel names the master; s2:2: IDONTKNOW No such master;");
  home.advance(milliseconds{50});
  EXPECT_EQ(ports().back(), 1);
  drop();  // before HELLO is answered
  EXPECT_EQ(ports().back(), 2);
  greet();
  drop();  // before the question is
  home.advance(milliseconds{100});
  EXPECT_EQ(ports().size(), 5U);
  greet();
  home.advance(options.connection.connect_timeout);  // says nothing
  EXPECT_EQ(ports().back(), 2);
  greet(master_at_7);
  EXPECT_EQ(ports().back(), 7);
  greet(role_master);
  EXPECT_TRUE(asker->ready());
}

TEST_F(two_sentinels, may_name_one_that_is_no_master_yet) {
  begin();
  greet(master_at_7);
  greet(role_slave);
  EXPECT_FALSE(asker->ready());
  home.advance(milliseconds{50});
  greet(master_at_8);
  greet(role_master);
  EXPECT_TRUE(asker->ready());
  EXPECT_EQ(ports(), (std::vector<std::uint16_t>{1, 7, 1, 8}));
}

TEST_F(two_sentinels, are_asked_after_readonly_and_after_a_loss) {
  begin();
  greet(master_at_7);
  greet(role_master);
  ask("a", batch{"INCR", "a"});
  hear(connector.last(), "-READONLY no\r\n");
  home.advance(milliseconds{50});
  EXPECT_EQ(ports().back(), 1);
  greet(master_at_8);
  greet(role_master);
  hear(connector.last(), ":1\r\n");
  EXPECT_EQ(take(), "a=:1;");
  drop();
  home.advance(milliseconds{50});
  EXPECT_EQ(ports().back(), 1);
}

TEST_F(two_sentinels, may_go_while_they_are_asked) {
  begin();
  greet();
  ask("a");
  asker->close();
  asker.reset();
  home.run();
  EXPECT_EQ(take(), "a=!closed;");
}

}  // namespace
}  // namespace fanfare::redis
