#include "redis/client.hpp"

#include "redis/client_script.hpp"

namespace fanfare::redis {
namespace {

using test::hello3;
using test::wire;

struct one_server : test::scripted_client {};

TEST_F(one_server, gets_the_urls_terms) {
  make("redis://me:pass@server:7/2");
  EXPECT_EQ(connector.asked, (std::vector<net::endpoint>{{"server", 7}}));
  EXPECT_EQ(greet(), wire({"HELLO", "3", "AUTH", "me", "pass"}));
  EXPECT_EQ(connector.last().received(), wire({"SELECT", "2"}));
}

TEST_F(one_server, is_asked_again_while_it_loads) {
  make("redis://server");
  greet();
  ask("a");
  connector.last().received();
  hear(connector.last(), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(take(), "");
  home.advance(milliseconds{50});
  EXPECT_EQ(connector.last().received(), wire({"GET", "a"}));
  hear(connector.last(), "-LOADING Redis is loading the dataset in memory\r\n");
  home.advance(milliseconds{100});
  hear(connector.last(), "+A\r\n");
  EXPECT_EQ(take(), "a=+A;");
}

TEST_F(one_server, is_asked_until_the_deadline_only) {
  make("redis://server");
  greet();
  ask("a", {milliseconds{120}, false});
  hear(connector.last(), "-LOADING wait\r\n");
  home.advance(milliseconds{50});
  hear(connector.last(), "-LOADING wait\r\n");
  EXPECT_EQ(take(), "a=!unavailable;");
  EXPECT_EQ(detail, "LOADING wait");
}

TEST_F(one_server, is_looked_for_anew_when_it_is_read_only) {
  make("redis://server");
  greet();
  ask("a", batch{"INCR", "a"});
  ask("b");
  hear(connector.last(), "-READONLY You can't write against a read only replica.\r\n");
  EXPECT_EQ(take(), "");
  EXPECT_FALSE(asker->ready());
  hear(connector.last(), "+B\r\n");
  EXPECT_EQ(take(), "b=+B;") << "what is under way is still answered";
  home.advance(milliseconds{50});
  greet();
  EXPECT_EQ(connector.last().received(), wire({"INCR", "a"})) << "it did not run, so it may be sent again";
  hear(connector.last(), ":1\r\n");
  EXPECT_EQ(take(), "a=:1;");
}

TEST_F(one_server, hands_other_errors_to_the_caller) {
  make("redis://server");
  greet();
  for (const std::string each :
       {"-ERR no", "-NOAUTH needed", "-NOPERM no", "-MOVED 1 a:1", "-ASK 1 a:1", "-BUSY script"}) {
    ask("a");
    hear(connector.last(), each + "\r\n");
    EXPECT_EQ(take(), "a=" + each + ";");
  }
}

TEST_F(one_server, bounds_what_it_holds) {
  options.bounds = {2, 1000};
  make("redis://server");
  greet();
  ask("a");
  ask("b");
  ask("c");
  EXPECT_EQ(take(), "c=!overload;");
  hear(connector.last(), "+A\r\n+B\r\n");
  take();
  ask("big", batch{"SET", "k", std::string(1000, 'x')});
  EXPECT_EQ(take(), "big=!overload;") << "by bytes";
  ask("d");
  hear(connector.last(), "+D\r\n");
  EXPECT_EQ(take(), "d=+D;") << "what was answered no longer counts";
}

TEST_F(one_server, bounds_what_waits_too) {
  options.bounds = {1, 1000};
  make("redis://server");
  ask("a");
  ask("b");
  EXPECT_EQ(take(), "b=!overload;");
  greet();
  hear(connector.last(), "-LOADING x\r\n");
  ask("c");
  EXPECT_EQ(take(), "c=!overload;") << "a is between two attempts";
}

TEST_F(one_server, may_be_destroyed_by_an_answer) {
  make("redis://server");
  greet();
  asker->submit(batch{"GET", "a"}, [this](const auto&) { asker.reset(); });
  ask("b");
  hear(connector.last(), "+A\r\n+B\r\n");
  EXPECT_EQ(take(), "b=!closed;");
}

TEST_F(one_server, has_nothing_to_do_for_an_empty_batch) {
  make("redis://server");
  ask("none", batch{});
  EXPECT_EQ(take(), "none=;");
}

}  // namespace
}  // namespace fanfare::redis
