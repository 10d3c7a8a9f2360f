#include "redis/connection_fsm.hpp"

#include <gtest/gtest.h>

#include "redis/rig.hpp"

namespace fanfare::redis {
namespace {

using test::hello3;
using test::shown;
using test::wire;

struct scripted_fsm : testing::Test, connection_fsm::actions {
  void send(std::string_view bytes) override { sent += bytes; }
  void ready() override { said += "ready;"; }
  void push(reply message) override { said += "push " + shown(message) + ";"; }
  void ended(const error& why) override {
    said += "ended " + std::string(describe(why.code).metric_label) + ";";
    detail = why.detail;
  }

  void connect() { fsm.on_connected(now); }
  void greet() {
    connect();
    fsm.on_bytes(hello3, now);
    said.clear();
    take();
  }
  // Asks; the outcome is said as NAME=fate:replies.
  bool ask(const std::string& name, std::shared_ptr<const batch> commands, milliseconds timeout = milliseconds{1000}) {
    return fsm.submit({std::move(commands), now + timeout, {}, 0, told(name)}, now);
  }
  bool ask(const std::string& name) { return ask(name, std::make_shared<const batch>(batch{"GET", name})); }
  std::function<void(fate, result<std::vector<reply>>)> told(const std::string& name) {
    return [this, name](fate how, const result<std::vector<reply>>& outcome) {
      const char* const words[] = {"answered:", "not_sent:", "unknown:"};
      said += name + "=" + words[static_cast<int>(how)] + shown(outcome) + ";";
    };
  }
  void subscribe(const std::string& name, std::string_view word, std::vector<std::string_view> channels) {
    auto line = std::make_shared<batch>();
    std::vector<std::string_view> words{word};
    words.insert(words.end(), channels.begin(), channels.end());
    line->add(std::span<const std::string_view>(words));
    static_cast<void>(fsm.submit({line, now + milliseconds{1000}, word, channels.size(), told(name)}, now));
  }
  void hear(std::string_view bytes) { fsm.on_bytes(bytes, now); }
  std::string take() { return std::exchange(sent, {}); }
  std::string hears(std::string_view bytes) {
    hear(bytes);
    return std::exchange(said, {});
  }
  void pass(milliseconds span) {
    now += span;
    fsm.on_time(now);
  }

  connection_terms terms;
  connection_fsm fsm{*this, terms};
  steady_time now{std::chrono::hours{1}};
  std::string sent, said, detail;
};

TEST_F(scripted_fsm, shakes_hands_in_resp3) {
  terms.user = "me";
  terms.password = "pass";
  terms.client_name = "fanfare";
  terms.database = 3;
  terms.check_master = true;
  connect();
  EXPECT_EQ(take(), wire({"HELLO", "3", "AUTH", "me", "pass", "SETNAME", "fanfare"}));
  EXPECT_EQ(hears(hello3), "");
  EXPECT_EQ(take(), wire({"SELECT", "3"}));
  EXPECT_FALSE(ask("early"));
  EXPECT_EQ(hears("+OK\r\n"), "");
  EXPECT_EQ(take(), wire({"ROLE"}));
  EXPECT_EQ(hears("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"), "ready;");
  EXPECT_TRUE(fsm.resp3());
}

TEST_F(scripted_fsm, falls_back_to_resp2) {
  for (const auto* refusal :
       {"-ERR unknown command 'HELLO'\r\n", "-NOPROTO unsupported protocol version\r\n", "-NOPERM no\r\n"}) {
    connection_terms other;
    other.password = "pass";
    connection_fsm old(*this, other);
    old.on_connected(now);
    EXPECT_EQ(take(), wire({"HELLO", "3", "AUTH", "default", "pass"}));
    old.on_bytes(refusal, now);
    EXPECT_EQ(take(), wire({"AUTH", "pass"})) << "one word, as servers before 6 want it";
    old.on_bytes("+OK\r\n", now);
    EXPECT_EQ(std::exchange(said, {}), "ready;");
    EXPECT_FALSE(old.resp3());
  }
}

TEST_F(scripted_fsm, falls_back_with_a_user_and_without_anything) {
  terms.user = "me";
  terms.password = "pass";
  connect();
  take();
  hear("-ERR no\r\n");
  EXPECT_EQ(take(), wire({"AUTH", "me", "pass"}));
  connection_terms bare;
  connection_fsm plain(*this, bare);
  plain.on_connected(now);
  plain.on_bytes("-ERR no\r\n", now);
  EXPECT_EQ(said, "ready;");
}

TEST_F(scripted_fsm, ends_when_a_step_is_refused) {
  terms.password = "pass";
  terms.database = 3;
  terms.check_master = true;
  struct {
    std::string before, refusal, said;
  } const steps[] = {
      {"", "-WRONGPASS invalid\r\n", "ended unauthorized;"},
      {"", "-NOAUTH needed\r\n", "ended unauthorized;"},
      {"", "-LOADING Redis is loading\r\n", "ended unavailable;"},
      {"", "-DENIED protected mode\r\n", "ended unavailable;"},
      {"", "+OK\r\n", "ended protocol_violation;"},
      {"", "%1\r\n+proto\r\n:2\r\n", "ended protocol_violation;"},
      {"", "HTTP/1.1 400 Bad Request\r\n", "ended protocol_violation;"},
      {"-ERR no\r\n", "-ERR invalid password\r\n", "ended unauthorized;"},
      {"-ERR no\r\n", "-LOADING\r\n", "ended unavailable;"},
      {hello3, "-ERR DB index is out of range\r\n", "ended bad_request;"},
      {hello3, "-NOPERM no\r\n", "ended unauthorized;"},
      {hello3 + "+OK\r\n", "*5\r\n$5\r\nslave\r\n$1\r\na\r\n:1\r\n$9\r\nconnected\r\n:1\r\n", "ended unavailable;"},
      {hello3 + "+OK\r\n", "-NOPERM no\r\n", "ended unauthorized;"},
      {hello3 + "+OK\r\n", "-LOADING\r\n", "ended unavailable;"},
  };
  for (const auto& each : steps) {
    connection_fsm one(*this, terms);
    one.on_connected(now);
    one.on_bytes(each.before, now);
    EXPECT_EQ(std::exchange(said, {}), "");
    one.on_bytes(each.refusal, now);
    EXPECT_EQ(std::exchange(said, {}), each.said) << each.refusal;
    EXPECT_EQ(detail.find("pass\r"), std::string::npos);
  }
}

TEST_F(scripted_fsm, gives_a_slow_handshake_up) {
  connect();
  EXPECT_EQ(*fsm.next_time(), now + terms.handshake_timeout);
  pass(terms.handshake_timeout - milliseconds{1});
  EXPECT_EQ(said, "");
  pass(milliseconds{1});
  EXPECT_EQ(said, "ended timeout;");
  EXPECT_FALSE(fsm.next_time());
}

TEST_F(scripted_fsm, pipelines_and_matches_in_order) {
  greet();
  EXPECT_TRUE(ask("a"));
  EXPECT_TRUE(ask("b", std::make_shared<const batch>(batch({"GET", "b"}).add({"INCR", "c"}))));
  EXPECT_TRUE(ask("d"));
  EXPECT_EQ(take(), wire({"GET", "a"}) + wire({"GET", "b"}) + wire({"INCR", "c"}) + wire({"GET", "d"}));
  EXPECT_EQ(fsm.in_flight(), 3U);
  EXPECT_EQ(hears("$1\r\nA\r\n_\r\n"), "a=answered:$A;");
  EXPECT_EQ(hears(":4\r\n-ERR no\r\n"), "b=answered:_ :4;d=answered:-ERR no;");
  EXPECT_EQ(fsm.in_flight(), 0U);
}

TEST_F(scripted_fsm, tells_pushes_apart) {
  greet();
  ask("a");
  EXPECT_EQ(hears(">2\r\n+invalidate\r\n_\r\n"), "") << "means nothing here";
  EXPECT_EQ(hears(">3\r\n+message\r\n$1\r\nc\r\n$1\r\nx\r\n+A\r\n"), "push >[+message $c $x];a=answered:+A;");
}

TEST_F(scripted_fsm, waits_for_confirmations) {
  greet();
  subscribe("s", "subscribe", {"a", "b"});
  subscribe("u", "unsubscribe", {"c"});
  ask("g");
  EXPECT_EQ(hears(">3\r\n+subscribe\r\n+a\r\n:1\r\n>3\r\n+message\r\n+a\r\n+x\r\n"), "push >[+message +a +x];");
  EXPECT_EQ(hears(">3\r\n+sunsubscribe\r\n+q\r\n:0\r\n"), "push >[+sunsubscribe +q :0];") << "nobody waits for it";
  EXPECT_EQ(hears(">3\r\n+subscribe\r\n+b\r\n:2\r\n"), "s=answered:>[+subscribe +a :1] >[+subscribe +b :2];");
  EXPECT_EQ(hears(">3\r\n+unsubscribe\r\n+c\r\n:2\r\n+G\r\n"), "u=answered:>[+unsubscribe +c :2];g=answered:+G;");
}

TEST_F(scripted_fsm, hears_that_a_subscription_is_refused) {
  greet();
  subscribe("s", "ssubscribe", {"a", "b"});
  ask("g");
  EXPECT_EQ(hears("-MOVED 1 a:1\r\n+G\r\n"), "s=answered:-MOVED 1 a:1;g=answered:+G;");
  subscribe("t", "subscribe", {"a"});
  EXPECT_EQ(hears("+OK\r\n"), "ended protocol_violation;t=not_sent:!unavailable;");
}

TEST_F(scripted_fsm, subscribes_in_resp2_too) {
  terms.subscriber = true;
  connect();
  hear("-ERR no\r\n");
  said.clear();
  subscribe("s", "psubscribe", {"a*"});
  EXPECT_EQ(hears("*3\r\n+psubscribe\r\n+a*\r\n:1\r\n"), "s=answered:[+psubscribe +a* :1];");
  EXPECT_EQ(hears("*4\r\n+pmessage\r\n+a*\r\n+ab\r\n+x\r\n"), "push [+pmessage +a* +ab +x];");
  take();
  pass(terms.ping_interval);
  EXPECT_EQ(take(), wire({"PING"}));
  EXPECT_EQ(hears("*2\r\n+pong\r\n$0\r\n\r\n"), "");
  EXPECT_EQ(fsm.now_in(), connection_fsm::state::ready);
}

TEST_F(scripted_fsm, takes_an_array_for_a_reply_where_nobody_subscribes) {
  connect();
  hear("-ERR no\r\n");
  said.clear();
  ask("a");
  EXPECT_EQ(hears("*1\r\n+message\r\n"), "a=answered:[+message];");
}

// Every request's fate after a loss, with that many bytes taken by the kernel.
TEST_F(scripted_fsm, knows_what_was_not_sent) {
  const auto one = wire({"GET", "a"}).size();
  greet();
  fsm.on_taken(wire({"HELLO", "3"}).size());
  ask("a");
  ask("b");
  ask("c");
  fsm.on_taken(one + 1);
  fsm.on_lost({errc::unavailable, "gone", {}});
  EXPECT_EQ(said, "ended unavailable;a=unknown:!unavailable;b=unknown:!unavailable;c=not_sent:!unavailable;");
  EXPECT_FALSE(ask("d"));
  said.clear();
  fsm.on_lost({errc::unavailable, "again", {}});
  hear("+OK\r\n");
  pass(std::chrono::hours{1});
  EXPECT_EQ(said, "") << "it ends once";
}

// A disconnect after each byte of a whole conversation: what was asked is answered once, whatever came.
TEST_F(scripted_fsm, survives_a_disconnect_at_each_byte) {
  const std::string bytes = hello3 + "$1\r\nA\r\n>3\r\n+message\r\n+c\r\n+x\r\n*2\r\n:1\r\n_\r\n-READONLY no\r\n";
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    connection_fsm one(*this, terms);
    said.clear();
    one.on_connected(now);
    int answers = 0, asked = 0;
    bool submitted = false;
    for (std::size_t i = 0; i < length; ++i) {
      one.on_bytes(std::string_view(bytes).substr(i, 1), now);
      if (one.now_in() != connection_fsm::state::ready || std::exchange(submitted, true)) continue;
      for (const auto* name : {"a", "b", "c"}) {
        const auto done = [&](fate, const result<std::vector<reply>>&) { ++answers; };
        asked +=
            one.submit({std::make_shared<const batch>(batch{"GET", name}), now + milliseconds{9}, {}, 0, done}, now);
      }
    }
    one.on_lost({errc::unavailable, "gone", {}});
    EXPECT_EQ(answers, asked) << length;
    EXPECT_NE(said.find("ended unavailable;"), std::string::npos) << length;
  }
}

TEST_F(scripted_fsm, answers_late_requests_with_timeout_and_keeps_their_place) {
  greet();
  ask("a", std::make_shared<const batch>(batch({"GET", "a"}).add({"GET", "a"})), milliseconds{10});
  now += milliseconds{5};
  ask("b");
  hear("+half\r\n");
  fsm.on_taken(1000);
  pass(milliseconds{5});
  EXPECT_EQ(std::exchange(said, {}), "a=unknown:!timeout;") << "something came meanwhile: only slow";
  EXPECT_EQ(hears("+late\r\n+B\r\n"), "b=answered:+B;");
}

TEST_F(scripted_fsm, gives_a_silent_server_up) {
  greet();
  now += milliseconds{1};
  ask("a", std::make_shared<const batch>(batch{"GET", "a"}), milliseconds{10});
  ask("b");
  EXPECT_EQ(*fsm.next_time(), now + milliseconds{10});
  pass(milliseconds{10});
  EXPECT_EQ(said, "a=not_sent:!timeout;ended unavailable;b=not_sent:!unavailable;");
}

TEST_F(scripted_fsm, probes_after_silence) {
  greet();
  EXPECT_EQ(*fsm.next_time(), now + terms.ping_interval);
  pass(terms.ping_interval);
  EXPECT_EQ(take(), wire({"PING"}));
  EXPECT_EQ(hears("+PONG\r\n"), "");
  EXPECT_EQ(*fsm.next_time(), now + terms.ping_interval);
  pass(terms.ping_interval);
  pass(terms.ping_timeout);
  EXPECT_EQ(said, "ended unavailable;");
}

TEST_F(scripted_fsm, notices_a_demoted_master) {
  terms.check_master = terms.subscriber = true;
  connect();
  hear(hello3 + "*3\r\n+master\r\n:0\r\n*0\r\n");
  take();
  pass(terms.ping_interval);
  EXPECT_EQ(take(), wire({"ROLE"}));
  hear("*3\r\n+master\r\n:0\r\n*0\r\n");
  said.clear();
  pass(terms.ping_interval);
  EXPECT_EQ(hears("*5\r\n+slave\r\n+a\r\n:1\r\n+connect\r\n:1\r\n"), "ended unavailable;");
}

TEST_F(scripted_fsm, ends_on_a_reply_that_nobody_asked_for) {
  greet();
  EXPECT_EQ(hears("+OK\r\n"), "ended protocol_violation;");
}

TEST_F(scripted_fsm, may_be_closed_and_asked_from_within) {
  greet();
  const auto get = std::make_shared<const batch>(batch{"GET", "a"});
  static_cast<void>(fsm.submit({get,
                                now + milliseconds{9},
                                {},
                                0,
                                [&](fate, const result<std::vector<reply>>&) {
                                  ask("inner");
                                  fsm.close();
                                }},
                               now));
  EXPECT_EQ(hears("+A\r\n+B\r\n"), "ended closed;inner=not_sent:!closed;");
}

}  // namespace
}  // namespace fanfare::redis
