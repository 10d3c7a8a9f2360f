#include "redis/subscriber.hpp"

#include <gtest/gtest.h>

#include "redis/rig.hpp"

namespace fanfare::redis {
namespace {

using test::hello3;
using test::wire;

std::string confirmed(const std::string& kind, std::initializer_list<std::string> names) {
  std::string out;
  for (const auto& name : names) out += ">3\r\n+" + kind + "\r\n+" + name + "\r\n:1\r\n";
  return out;
}

struct scripted_subscriber : testing::Test {
  ~scripted_subscriber() override {
    if (way) way->close();
  }
  void make() {
    options.connection.draw = [] { return 0.0; };
    options.connection.pause = {milliseconds{100}, milliseconds{100}};
    way = subscriber::make(
        home, connector, std::make_shared<fixed_locator>(std::vector<net::endpoint>{{"a", 1}, {"b", 2}}), options,
        {[this](const published& m) {
           said += m.pattern + "|" + m.channel + "=" + m.payload + ";";
           if (closes_on_message) std::exchange(way, nullptr)->close();
         },
         [this] { said += "resumed;"; }, [this](const error&) { said += "lost;"; },
         [this](subscription, const std::string& name, const error&) { said += "refused " + name + ";"; }});
    home.run();
  }
  void greet() {
    connector.last().received();
    hear(hello3);
  }
  void again() {
    home.advance(milliseconds{50});
    greet();
  }
  void subscribe(subscription kind, const std::string& name) {
    way->subscribe(kind, name, [this, name](const result<void>& outcome) {
      said += name + "=" + (outcome ? "ok" : std::string(describe(outcome.error().code).metric_label)) + ";";
    });
    home.run();
  }
  void hear(const std::string& bytes) {
    connector.last().send(bytes);
    home.run();
  }
  std::string take() { return std::exchange(said, {}); }
  std::string sent() { return connector.last().received(); }

  fanfare::test::fake_executor home;
  test::scripted_connector connector;
  subscriber_options options;
  std::string said;
  bool closes_on_message = false;
  std::shared_ptr<subscriber> way;
};

TEST_F(scripted_subscriber, subscribes_and_hears) {
  make();
  subscribe(subscription::channel, "c");
  greet();
  EXPECT_EQ(sent(), wire({"SUBSCRIBE", "c"}));
  subscribe(subscription::pattern, "p*");
  subscribe(subscription::shard, "s");
  EXPECT_EQ(sent(), wire({"PSUBSCRIBE", "p*"}) + wire({"SSUBSCRIBE", "s"}));
  EXPECT_FALSE(way->ready());
  hear(confirmed("subscribe", {"c"}) + confirmed("psubscribe", {"p*"}));
  EXPECT_EQ(take(), "c=ok;p*=ok;");
  hear(confirmed("ssubscribe", {"s"}));
  EXPECT_EQ(take(), "s=ok;resumed;");
  EXPECT_TRUE(way->ready());
  hear(">3\r\n+message\r\n+c\r\n+1\r\n>4\r\n+pmessage\r\n+p*\r\n+px\r\n+2\r\n>3\r\n+smessage\r\n+s\r\n+3\r\n");
  EXPECT_EQ(take(), "|c=1;p*|px=2;|s=3;");
  hear(">1\r\n+message\r\n>2\r\n+pmessage\r\n+x\r\n");
  EXPECT_EQ(take(), "") << "too short to mean anything";
  subscribe(subscription::channel, "c");
  EXPECT_EQ(take(), "c=ok;") << "known already";
}

TEST_F(scripted_subscriber, subscribes_again_after_a_loss) {
  make();
  greet();
  for (const auto* name : {"a", "b", "c"}) way->subscribe(subscription::channel, name);
  way->subscribe(subscription::pattern, "p*");
  home.run();
  hear(confirmed("subscribe", {"a", "b", "c"}) + confirmed("psubscribe", {"p*"}));
  EXPECT_EQ(take(), "resumed;") << "once for the connection";
  connector.last().drop();
  home.run();
  EXPECT_EQ(take(), "lost;");
  EXPECT_FALSE(way->ready());
  way->unsubscribe(subscription::channel, "b");
  again();
  EXPECT_EQ(connector.asked.back().port, 2) << "where the locator leads";
  EXPECT_EQ(sent(), wire({"SUBSCRIBE", "a", "c"}) + wire({"PSUBSCRIBE", "p*"}));
  hear(confirmed("subscribe", {"a", "c"}));
  EXPECT_EQ(take(), "");
  hear(confirmed("psubscribe", {"p*"}));
  EXPECT_EQ(take(), "resumed;");
}

TEST_F(scripted_subscriber, subscribes_in_portions) {
  make();
  for (int i = 0; i < 600; ++i) way->subscribe(subscription::channel, "c" + std::to_string(i));
  greet();
  const auto all = sent();
  std::size_t commands = 0;
  for (auto at = all.find("SUBSCRIBE"); at != std::string::npos; at = all.find("SUBSCRIBE", at + 1)) ++commands;
  EXPECT_EQ(commands, 3U);
}

TEST_F(scripted_subscriber, gives_a_slow_server_up) {
  make();
  greet();
  subscribe(subscription::channel, "c");
  hear(">3\r\n+message\r\n+x\r\n+alive\r\n");
  take();
  home.advance(options.confirm_timeout);
  EXPECT_EQ(take(), "lost;");
  again();
  hear(confirmed("subscribe", {"c"}));
  EXPECT_EQ(take(), "c=ok;resumed;");
}

TEST_F(scripted_subscriber, probes_and_gives_a_silent_server_up) {
  make();
  greet();
  take();
  home.advance(options.connection.terms.ping_interval);
  EXPECT_EQ(sent(), wire({"PING"}));
  hear("+PONG\r\n");
  home.advance(options.connection.terms.ping_interval + options.connection.terms.ping_timeout);
  EXPECT_EQ(take(), "lost;");
}

TEST_F(scripted_subscriber, finds_out_which_name_is_refused) {
  make();
  subscribe(subscription::channel, "a");
  subscribe(subscription::channel, "b");
  way->subscribe(subscription::channel, "quiet");
  greet();
  sent();
  hear("-NOPERM no\r\n");
  EXPECT_EQ(sent(), wire({"SUBSCRIBE", "a"}) + wire({"SUBSCRIBE", "b"}) + wire({"SUBSCRIBE", "quiet"}));
  hear(confirmed("subscribe", {"a"}) + "-NOPERM no\r\n-NOPERM no\r\n");
  EXPECT_EQ(take(), "a=ok;b=forbidden;refused quiet;resumed;");
  EXPECT_EQ(way->size(), 1U);
}

TEST_F(scripted_subscriber, goes_where_a_shard_channel_has_gone) {
  make();
  greet();
  subscribe(subscription::shard, "s");
  for (const auto* refusal : {"-MOVED 1 b:2\r\n", "-CLUSTERDOWN no\r\n", "-LOADING no\r\n"}) {
    take();
    hear(refusal);
    EXPECT_EQ(take(), "lost;") << refusal;
    again();
    EXPECT_EQ(sent(), wire({"SSUBSCRIBE", "s"}));
  }
  hear(confirmed("ssubscribe", {"s"}));
  EXPECT_EQ(take(), "s=ok;resumed;");
  hear(confirmed("sunsubscribe", {"other"}));
  EXPECT_EQ(take(), "");
  hear(confirmed("sunsubscribe", {"s"}));
  EXPECT_EQ(take(), "lost;");
}

TEST_F(scripted_subscriber, unsubscribes) {
  make();
  greet();
  subscribe(subscription::shard, "s");
  hear(confirmed("ssubscribe", {"s"}));
  take();
  sent();
  way->unsubscribe(subscription::shard, "s");
  way->unsubscribe(subscription::shard, "s");
  home.run();
  EXPECT_EQ(sent(), wire({"SUNSUBSCRIBE", "s"}));
  hear(confirmed("sunsubscribe", {"s"}));
  EXPECT_EQ(take(), "");
  EXPECT_EQ(way->size(), 0U);
  subscribe(subscription::channel, "c");
  way->unsubscribe(subscription::channel, "c");
  EXPECT_EQ(take(), "c=closed;") << "before it was confirmed";
}

TEST_F(scripted_subscriber, may_be_closed_by_a_message) {
  make();
  greet();
  subscribe(subscription::channel, "c");
  hear(confirmed("subscribe", {"c"}));
  take();
  closes_on_message = true;
  hear(">3\r\n+message\r\n+c\r\n+1\r\n>3\r\n+message\r\n+c\r\n+2\r\n");
  EXPECT_EQ(take(), "|c=1;");
  home.advance(milliseconds{100000});
  EXPECT_EQ(connector.asked.size(), 1U);
}

TEST_F(scripted_subscriber, bounds_its_names) {
  options.names_max = 2;
  options.names_bytes_max = 10;
  make();
  subscribe(subscription::channel, "12345678901");
  subscribe(subscription::channel, "a");
  subscribe(subscription::channel, "b");
  subscribe(subscription::channel, "c");
  EXPECT_EQ(take(), "12345678901=overload;c=overload;");
  way->close();
  EXPECT_EQ(take(), "a=closed;b=closed;");
  subscribe(subscription::channel, "d");
  EXPECT_EQ(take(), "d=closed;");
}

}  // namespace
}  // namespace fanfare::redis
