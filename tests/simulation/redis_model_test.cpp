#include <gtest/gtest.h>

#include <future>
#include <random>

#include "history/entries.hpp"
#include "history/redis/redis_log.hpp"
#include "redis/real/client_rig.hpp"
#include "redis_model/redis_server.hpp"
#include "support/fake_executor.hpp"

// The model beside a redis-server: the same commands and the log's own calls to both, and every reply the same.

namespace fanfare::simulation {
namespace {

using words = std::vector<std::string>;

class both {
 public:
  both() {
    const auto info = ask_real({"INFO", "replication"}).text;
    constexpr std::string_view mark = "master_replid:";
    model().keys.history = info.substr(info.find(mark) + mark.size(), 40);
  }
  reply ask(const words& command) {
    const auto theirs = ask_real(command);
    auto ours = model().run(command);
    const bool same = theirs.is_error() ? ours.is_error() : redis::test::shown(theirs) == redis::test::shown(ours);
    EXPECT_TRUE(same) << command[0] << " " << (command.size() > 1 && command[1].size() < 100 ? command[1] : "")
                      << "\nredis " << redis::test::shown(theirs) << "\nmodel " << redis::test::shown(ours);
    return ours;
  }
  /// As a script asks, in RESP2.
  reply call(const words& command) {
    words all{"EVAL", "return redis.call(unpack(ARGV))", "0"};
    all.insert(all.end(), command.begin(), command.end());
    return ask(all);
  }
  reply ask_real(const words& command) {
    std::vector<std::string_view> views(command.begin(), command.end());
    redis::batch commands;
    commands.add(std::span<const std::string_view>(views));
    std::promise<reply> came;
    real_.post(std::move(commands), [&came](const auto& outcome) {
      came.set_value(outcome ? outcome->at(0) : failure(outcome.error().detail));
    });
    return came.get_future().get();
  }
  redis_server& model() { return *model_; }

 private:
  const std::uint16_t port_ = redis::test::free_ports(1).at(0);
  fanfare::test::temporary_folder folder_;
  redis::test::redis_process server_ = redis::test::server(folder_, port_);
  redis::test::live_client real_{"redis://127.0.0.1:" + std::to_string(port_)};
  script_engine engine_;
  std::shared_ptr<redis_server> model_ = std::make_shared<redis_server>(
      engine_, redis_server::surroundings{[] { return std::int64_t{1700000000000}; }, [](milliseconds, const auto&) {}},
      key_space());
};

struct chance {
  std::mt19937_64 random;
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }
  std::string number(std::size_t n) { return std::to_string(below(n)); }
  std::string score() {
    return below(8) == 0 ? (below(2) == 0 ? "-inf" : "+inf") : (below(4) == 0 ? "(" : "") + number(12);
  }
  std::string member() { return "m" + number(6); }
};

words draw_command(chance& c) {
  const auto z = "z" + c.number(2);
  const auto x = "x" + c.number(2);
  const auto id = c.number(9) + "-" + c.number(3);
  const std::vector<words> all{
      {"SET", "s" + c.number(3), c.number(100)},
      {"SET", "s0", c.member(), "PX", "100000000"},
      {"SET", "s0", c.member(), "KEEPTTL"},
      {"GET", "s" + c.number(3)},
      {"DEL", "s" + c.number(3), z},
      {"EXISTS", x},
      {"HSET", "h", c.member(), c.number(9), c.member(), c.number(9)},
      {"HGET", "h", c.member()},
      {"HDEL", "h", c.member(), c.member()},
      {"HLEN", "h"},
      {"RPUSH", "l", c.member(), c.member()},
      {"LPOP", "l"},
      {"LLEN", "l"},
      {"ZADD", z, c.number(12), c.member(), c.number(12), c.member()},
      {"ZADD", z, "9223372036854775807", c.member()},
      {"ZREM", z, c.member()},
      {"ZCARD", z},
      {"ZSCORE", z, c.member()},
      {"ZCOUNT", z, c.score(), c.score()},
      {"ZRANGE", z, "0", "0", "WITHSCORES"},
      {"ZRANGE", z, c.number(3), "-1"},
      {"ZRANGEBYSCORE", z, c.score(), c.score()},
      {"ZRANGEBYSCORE", z, c.score(), c.score(), "LIMIT", c.number(2), c.number(4)},
      {"ZREVRANGEBYSCORE", z, c.score(), c.score(), "LIMIT", c.number(2), c.number(4)},
      {"ZREMRANGEBYSCORE", z, c.score(), c.number(6)},
      {"XADD", x, id, "f", c.number(9)},
      {"XADD", x, id, "f", c.number(9), "g", c.member()},
      {"XDEL", x, id},
      {"XLEN", x},
      {"XRANGE", x, "-", "+", "COUNT", c.number(4)},
      {"XRANGE", x, (c.below(2) == 0 ? "(" : "") + id, "+"},
      {"XRANGE", x, id, c.number(9)},
      {"LPOP", "h"},
      {"GET", z},
      {"XADD", x, "0-0", "f", "1"},
      {"NONE", "a"},
  };
  return all[c.below(all.size())];
}

TEST(model_redis, does_what_redis_does) {
  both each;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    chance c{std::mt19937_64(seed)};
    for (int n = 0; n < 1500 && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", command " + std::to_string(n));
      each.call(draw_command(c));
      if (c.below(20) == 0) each.ask({"XREAD", "COUNT", c.number(5), "STREAMS", "x0", c.number(9) + "-0"});
    }
  }
}

TEST(model_redis, converts_between_scripts_and_clients_as_redis_does) {
  both each;
  const auto eval = [&each](const std::string& text) { return each.ask({"EVAL", text, "1", "k", "a", "b"}); };
  for (const auto* text :
       {"return {1, 2.9, -2.9, 'x', true, false, 3}",
        "return {1, nil, 3}",
        "return {KEYS[1], ARGV[2], #ARGV}",
        "return nil",
        "return {{}, {{'a'}}}",
        "return redis.call('SET', 'k', 7)",
        "return {ok='fine'}",
        "return {err='ERR mine'}",
        "return redis.call('ZADD', 'z', 5, 9007199254740991)",
        "return redis.call('ZRANGE', 'z', 0, 0)",
        "return tostring(redis.call('GET', 'none'))",
        "return nope.x",
        "return redis.call('LPOP', 'k')",
        "this is no script",
        "return redis.call()",
        "return redis.call({})",
        "return redis.call('SET', 'k', 1.5) and redis.call('GET', 'k')",
        "return struct.pack('<sdd', 'text', 9007199254740991, -1.5)",
        "return struct.pack('<d', 'x')",
        "local a, b, c, d = struct.unpack('<sds', struct.pack('<sds', '', 7, 'z')) return {a, b, c, d}",
        "return struct.unpack('<dd', 'short')",
        "return 'a\\0b'"}) {
    eval(text);
  }
  for (const auto* value :
       {"1", "-1", "-33", "127", "128", "70000", "9007199254740991", "-9007199254740991", "1.25", "'x'", "true", "{}",
        "{1, 2, {3}}", "{a = 1, b = {2}}", "('x'):rep(40)", "('x'):rep(300)", "('x'):rep(70000)"}) {
    eval(std::string("local function show(v) if type(v) ~= 'table' then return string.format('%s %.17g', type(v), "
                     "tonumber(v) or 0) .. tostring(#tostring(v)) end local out = {} for k, each in pairs(v) do "
                     "out[#out + 1] = tostring(k) .. '=' .. show(each) end table.sort(out) return '{' .. "
                     "table.concat(out, ',') .. '}' end local packed = cmsgpack.pack(") +
         value + ", 'after') local first, second = cmsgpack.unpack(packed) return show(first) .. second");
  }
}

/// A client of both: a node's calls go to each, and it is given the model's replies.
class asks_both final : public redis::client {
 public:
  asks_both(both& where, executor& home) : where_(where), home_(home) {
    home_.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired() && on_state) on_state("");
    });
  }
  void submit(redis::batch commands, redis::answered done, redis::request_options) override {
    redis::resp_reader parsed;
    parsed.feed(commands.bytes());
    std::vector<reply> replies;
    bool blocks = false;
    while (const auto next = *parsed.next()) {
      words command;
      for (const auto& word : next->elements) command.push_back(word.text);
      if (command[0] == "XREAD") command.erase(command.begin() + 3, command.begin() + 5);  // BLOCK and how long
      // A scan may come in any order and portions.
      replies.push_back(command[0] == "HSCAN" ? where_.model().run(command) : where_.ask(command));
      blocks = blocks || (command[0] == "XREAD" && replies.back().is_null());
    }
    auto answer = [done = std::move(done), replies = std::move(replies), alive = std::weak_ptr(alive_)] {
      if (!alive.expired()) done(replies);
    };
    if (blocks) {
      home_.after(milliseconds{50}, std::move(answer));
    } else {
      home_.post(std::move(answer));
    }
  }
  std::shared_ptr<redis::locator> locate_subscriptions(std::optional<std::uint16_t>) override { return nullptr; }
  [[nodiscard]] bool ready() const override { return true; }
  void close() override { alive_ = nullptr; }

 private:
  both& where_;
  executor& home_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct caller {
  caller(both& where, fanfare::test::fake_executor& home, const std::string& name,
         const history::memory_log_options& bounds) {
    history::redis_log_options options;
    options.appender.node = name;
    options.appender.bounds = options.window = bounds;
    options.appender.answers_max = 5;
    options.start_timeout = milliseconds{0};
    options.make_client = [&where, &home] { return std::make_unique<asks_both>(where, home); };
    options.draw_epoch = [] { return "e"; };
    log = std::make_unique<history::redis_log>(home, std::move(options));
    home.run();
  }
  std::unique_ptr<history::redis_log> log;
};

history::entry draw_entry(chance& c, std::int64_t now_ms) {
  std::vector<std::string> rooms{"r" + c.number(3)};
  if (c.below(3) == 0) rooms.push_back("r" + c.number(3));
  auto out = c.below(3) == 0 ? history::test::latest(rooms, "key" + c.number(2), now_ms)
                             : history::test::event(rooms, now_ms, 10 + c.below(200));
  out.id = c.member();
  if (c.below(5) == 0) out.kept = false;
  if (c.below(5) == 0)
    out.expires_ms = c.below(2) == 0 ? history::never : now_ms + static_cast<std::int64_t>(c.below(900));
  return out;
}

TEST(model_redis, answers_a_node_as_redis_does) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    both each;
    chance c{std::mt19937_64(seed)};
    fanfare::test::fake_executor home;
    const history::memory_log_options bounds{.bytes_max = 4000 + 4000 * c.below(2),
                                             .entries_max = 12,
                                             .room_entries_max = 4 + c.below(4),
                                             .age_max = milliseconds{700}};
    caller a(each, home, "a", bounds), b(each, home, "b", bounds);
    std::int64_t now_ms = 1700000000000;
    int settled = 0;
    for (int n = 0; n < 250 && !testing::Test::HasFailure(); ++n) {
      now_ms += static_cast<std::int64_t>(c.below(60));
      auto& log = *(c.below(2) == 0 ? a : b).log;
      const auto doing = c.below(10);
      if (doing < 6) {
        std::vector<history::entry> batch;
        for (std::size_t i = c.below(4); i-- > 0;) batch.push_back(draw_entry(c, now_ms));
        std::vector<history::answer> answers;
        if (!batch.empty() && c.below(2) == 0) answers = {{"k" + c.number(9), "d", {{batch[0].id, 0, 0}}, now_ms}};
        if (!batch.empty()) log.append(std::move(batch), std::move(answers), [&](const auto&) { ++settled; });
      } else if (doing < 8) {
        const auto until = c.below(4);
        log.keep({"fact" + c.number(9), 1,
                  until == 0   ? 0
                  : until == 1 ? history::never
                               : now_ms + 100,
                  "x"},
                 [&](const auto&) { ++settled; });
      } else if (doing == 8) {
        log.trim(now_ms);
      } else {
        log.read({.rooms = {"r0", "r1"}, .after = c.below(30), .since_ms = now_ms - 300, .entries_max = 3},
                 [&](const auto& page) { settled += page ? 1 : 0; });
      }
      home.advance(milliseconds{c.below(3) == 0 ? 0 : 60});
      if (c.below(10) == 0) log.watch_facts({[](const auto&) {}, [&](const auto&) { ++settled; }});
    }
    EXPECT_GT(settled, 150);
    for (auto* log : {a.log.get(), b.log.get()}) {
      log->begin_close();
      while (!log->closed()) home.advance(milliseconds{10});
    }
  }
}

TEST(model_redis, forgets_what_has_expired) {
  key_space keys;
  keys.run(words{"SET", "k", "v", "PX", "10"}, 100);
  EXPECT_EQ(keys.run(words{"GET", "k"}, 109).text, "v");
  EXPECT_TRUE(keys.run(words{"GET", "k"}, 110).is_null());
  keys.run(words{"SET", "k", "v", "PX", "10"}, 100);
  EXPECT_EQ(keys.run(words{"EXISTS", "k"}, 110).integer, 0);
}

TEST(model_redis, refuses_to_grow_with_its_memory_full) {
  script_engine engine;
  redis_server server(engine, {[] { return std::int64_t{1}; }, nullptr}, key_space());
  server.memory_full = true;
  EXPECT_TRUE(server.run(words{"SET", "k", "v"}).is_error("OOM"));
  EXPECT_TRUE(server.run(words{"EVAL", "return redis.call('SET', 'k', 'v')", "0"}).is_error("OOM"));
  EXPECT_FALSE(server.run(words{"EVAL", "redis.call('DEL', 'k') return redis.call('SET', 'k', 'v')", "0"}).is_error());
}

}  // namespace
}  // namespace fanfare::simulation
