#include "redis/topology.hpp"

#include <gtest/gtest.h>

namespace fanfare::redis {
namespace {

const endpoint asked{"asked", 7000};

reply text(std::string_view given) {
  reply out;
  out.type = given.front() == '-' ? reply::kind::error : reply::kind::status;
  out.text = given.substr(1);
  return out;
}

course judged(std::initializer_list<std::string_view> replies, bool repeatable = false, bool transaction = false) {
  batch commands;
  if (transaction) commands.add({"MULTI"});
  while (commands.size() < replies.size()) commands.add({"X"});
  std::vector<reply> came;
  for (const auto each : replies) came.push_back(text(each));
  return judge(commands, came, repeatable, asked).what;
}

TEST(topology, follows_what_was_refused) {
  EXPECT_EQ(judged({"+OK"}), course::done);
  EXPECT_EQ(judged({"-ERR no"}), course::done);
  EXPECT_EQ(judged({"-NOREPLICAS x"}), course::done);
  EXPECT_EQ(judged({"-MOVED 1 a:1"}), course::moved);
  EXPECT_EQ(judged({"-ASK 1 a:1"}), course::ask);
  EXPECT_EQ(judged({"-READONLY x"}), course::elsewhere);
  for (const auto* each : {"-LOADING x", "-CLUSTERDOWN x", "-TRYAGAIN x", "-MASTERDOWN x"}) {
    EXPECT_EQ(judged({each}), course::again) << each;
  }
  EXPECT_EQ(judged({"-MOVED nonsense"}), course::done) << "told as it came";
}

TEST(topology, repeats_no_batch_of_which_some_ran) {
  EXPECT_EQ(judged({"+OK", "-MOVED 1 a:1"}), course::done);
  EXPECT_EQ(judged({"+OK", "-MOVED 1 a:1"}, true), course::moved) << "unless it is repeatable";
  EXPECT_EQ(judged({"-READONLY x", "-READONLY x"}), course::elsewhere);
}

TEST(topology, knows_that_a_discarded_transaction_did_not_run) {
  EXPECT_EQ(judged({"+OK", "-READONLY x", "-EXECABORT x"}, false, true), course::elsewhere);
  EXPECT_EQ(judged({"+OK", "-MOVED 1 a:1", "-EXECABORT x"}, false, true), course::moved);
  EXPECT_EQ(judged({"+OK", "-ASK 1 a:1", "-EXECABORT x"}, false, true), course::again) << "ASKING would be queued";
  EXPECT_EQ(judged({"+OK", "-ERR x", "-EXECABORT x"}, false, true), course::done);
  EXPECT_EQ(judged({"+OK", "-READONLY x", "-EXECABORT x"}), course::done) << "MULTI was not the first";
}

TEST(topology, reads_redirections) {
  const auto moved = parse_redirection("MOVED 3999 127.0.0.1:6381", asked);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->to, (endpoint{"127.0.0.1", 6381}));
  EXPECT_EQ(parse_redirection("ASK 1 ::1:6381", asked)->to, (endpoint{"::1", 6381}));
  EXPECT_EQ(parse_redirection("MOVED 1 :6381", asked)->to, (endpoint{"asked", 6381})) << "the same host";
  for (const auto* wrong : {"MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a:0", "MOVED 1 a:x",
                            "MOVED 1 a", "MOVED 1:2 a"}) {
    EXPECT_FALSE(parse_redirection(wrong, asked)) << wrong;
  }
}

std::vector<reply> parsed(std::string_view bytes) {
  resp_reader reader;
  reader.feed(bytes);
  std::vector<reply> out;
  for (auto next = reader.next(); next && *next; next = reader.next()) out.push_back(std::move(**next));
  return out;
}

TEST(sentinel_search, asks_each_once_a_round) {
  sentinel_search search({{"a", 1}, {"b", 1}, {"c", 1}}, "mine");
  EXPECT_EQ(search.whom().host, "a");
  EXPECT_TRUE(search.on_failure());
  EXPECT_EQ(search.whom().host, "b");
  EXPECT_TRUE(search.on_failure());
  EXPECT_FALSE(search.on_failure());
  EXPECT_EQ(search.whom().host, "a");
}

TEST(sentinel_search, asks_first_the_one_that_answered) {
  sentinel_search search({{"a", 1}, {"b", 1}}, "mine");
  EXPECT_EQ(search.question().bytes(),
            "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$4\r\nmine\r\n"
            "*3\r\n$8\r\nSENTINEL\r\n$9\r\nSENTINELS\r\n$4\r\nmine\r\n");
  EXPECT_FALSE(search.on_answer(parsed("*-1\r\n-ERR No such master with that name\r\n")));
  EXPECT_FALSE(search.on_answer(parsed("*2\r\n+m\r\n+x\r\n*0\r\n")));
  EXPECT_FALSE(search.on_answer({}));
  EXPECT_TRUE(search.on_failure());
  const auto master = search.on_answer(
      parsed("*2\r\n$1\r\nm\r\n$4\r\n6379\r\n*2\r\n%2\r\n+ip\r\n+c\r\n+port\r\n+26379\r\n%1\r\n+ip\r\n+a\r\n"));
  ASSERT_TRUE(master);
  EXPECT_EQ(*master, (endpoint{"m", 6379}));
  EXPECT_EQ(search.sentinels(), (std::vector<endpoint>{{"b", 1}, {"a", 1}, {"c", 26379}})) << "and learns the others";
}

}  // namespace
}  // namespace fanfare::redis
