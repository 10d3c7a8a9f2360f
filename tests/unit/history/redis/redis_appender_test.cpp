#include "history/redis/redis_appender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/entries.hpp"
#include "history/redis/redis_rig.hpp"
#include "history/redis/replies.hpp"
#include "history/redis/scripts.hpp"
#include "redis/real/client_rig.hpp"
#include "support/fake_executor.hpp"

// Calls under way, lost, refused and made again, with a Redis that answers when the test says; and what the script
// does with calls out of turn, on a real one.

namespace fanfare::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using test::list;
using test::number;
using test::text;

/// Notes each call as "<number>", with '+' where it is nothing without the one before.
class held_client final : public redis::client {
 public:
  void submit(redis::batch commands, redis::answered done, redis::request_options) override {
    redis::resp_reader reader;
    reader.feed(commands.bytes());
    const auto words = (*reader.next())->elements;
    calls.push_back((words[7].text == "1" ? "+" : "") + words[6].text);
    answers.push_back(std::move(done));
  }
  std::shared_ptr<redis::locator> locate_subscriptions(std::optional<std::uint16_t>) override { return nullptr; }
  [[nodiscard]] bool ready() const override { return true; }
  void close() override {}

  void answer(std::size_t which, redis::reply with) {
    std::vector<redis::reply> all;
    all.push_back(std::move(with));
    answers.at(which)(std::move(all));
  }
  std::vector<std::string> calls;
  std::vector<redis::answered> answers;
};

struct redis_appender_test : testing::Test {
  fanfare::test::fake_executor home;
  held_client redis;
  std::vector<std::string> told;
  redis_appender appender{
      home,
      {.key = "{f}:log", .node = "n"},
      {[this](auto came) {
         for (std::size_t i = 0; i < came.jobs.size(); ++i) {
           came.jobs[i].done(came.outcomes[i]);
         }
       },
       [this] { told.emplace_back("lost"); }, [this](const std::string& why) { told.push_back("refused " + why); }}};

  void append(const std::string& id) {
    append_job job;
    job.batch = {test::event({"a"}, 1)};
    job.deadline = home.now() + milliseconds{1000};
    job.done = [this, id](const result<placed>& outcome) {
      told.push_back(id + (outcome ? "@" + std::to_string(outcome->positions.at(0)) : " failed"));
    };
    appender.add(std::move(job));
    home.run();
  }
  void go() { appender.go(redis, "sha", "e"); }
  /// How the script answers a call of one entry.
  static redis::reply placed_at(std::int64_t position) {
    return list({list({text("e"), text(std::to_string(position) + "-0"), number(position), number(1), number(position),
                       number(100), number(1), number(0)}),
                 text(std::to_string(position - 1) + "-0"), list({number(position)}), text("n:1.1")});
  }
  static redis::reply failure(std::string why) {
    auto out = text(std::move(why));
    out.type = redis::reply::kind::error;
    return out;
  }
};

TEST_F(redis_appender_test, two_calls_are_under_way_and_the_rest_is_gathered) {
  go();
  for (const auto* id : {"x", "y", "z", "w"}) append(id);
  EXPECT_THAT(redis.calls, ElementsAre("1", "+2"));
  redis.answer(0, placed_at(1));
  EXPECT_THAT(told, ElementsAre("x@1"));
  EXPECT_THAT(redis.calls, ElementsAre("1", "+2", "+3")) << "z and w";
  redis.answer(1, placed_at(2));
  EXPECT_FALSE(appender.idle());
  redis.answer(2,
               list({list({text("e"), text("4-0"), number(4), number(1), number(4), number(100), number(1), number(0)}),
                     text("2-0"), list({number(3), number(4)}), text("n:3.3")}));
  EXPECT_THAT(told, ElementsAre("x@1", "y@2", "z@3", "w@4"));
  EXPECT_TRUE(appender.idle());
  append("v");
  EXPECT_EQ(redis.calls.back(), "4") << "nothing is before it";
}

TEST_F(redis_appender_test, what_was_lost_is_made_again_in_its_order) {
  go();
  append("x");
  append("y");
  redis.answers.at(0)(errc::unavailable);
  EXPECT_THAT(told, ElementsAre("lost"));
  // The answer to the second comes yet; it is made again all the same, and answered as before.
  redis.answer(1, placed_at(2));
  EXPECT_THAT(told, ElementsAre("lost"));
  append("z");
  EXPECT_THAT(redis.calls, ElementsAre("1", "+2"));
  go();
  EXPECT_THAT(redis.calls, ElementsAre("1", "+2", "1", "+2"));
  redis.answer(2, placed_at(1));
  redis.answer(3, placed_at(2));
  redis.answer(4, placed_at(3));
  EXPECT_THAT(told, ElementsAre("lost", "x@1", "y@2", "z@3"));
}

TEST_F(redis_appender_test, a_call_behind_one_that_was_refused_is_made_again) {
  go();
  append("x");
  append("y");
  redis.answer(0, failure("OOM"));
  EXPECT_THAT(told, ElementsAre("refused OOM", "x failed"));
  redis.answer(1, list({text("early")}));
  EXPECT_THAT(redis.calls, ElementsAre("1", "+2", "2"));
  redis.answer(2, placed_at(1));
  EXPECT_EQ(told.back(), "y@1");
}

TEST_F(redis_appender_test, another_epoch_or_a_lost_script_is_told_once) {
  for (auto with : {list({text("epoch")}), failure("NOSCRIPT no matching script")}) {
    told.clear();
    go();
    append("x");
    append("y");
    const auto first = redis.answers.size() - 2;
    redis.answer(first, with);
    redis.answer(first + 1, with);
    EXPECT_THAT(told, ElementsAre("lost"));
    EXPECT_FALSE(appender.idle());
    home.advance(milliseconds{1000});
    appender.expire(home.now());
    EXPECT_TRUE(appender.idle()) << "nobody waits for it any more";
  }
}

TEST_F(redis_appender_test, an_answer_that_cannot_be_read_is_a_refusal) {
  go();
  append("x");
  redis.answer(0, list({text("a"), text("b")}));
  EXPECT_THAT(told, ElementsAre("refused its answer cannot be read", "x failed"));
  append("y");
  EXPECT_THAT(redis.calls, ElementsAre("1", "2"));
}

/// The script, called by hand.
struct append_script_test : testing::Test {
  test::redis_rig rig;
  redis::test::live_client redis{rig.url()};
  void SetUp() override { redis.ask({"EVAL", scripts::join(), "1", "{f}:log", "e", "", "0", "", ""}); }
  std::string append(const std::string& call, const std::string& follows) {
    const auto came = redis.ask({"EVAL",    scripts::append(),
                                 "1",       "{f}:log",
                                 "e",       "n",
                                 call,      follows,
                                 "0",       "1",
                                 "1000000", "1000",
                                 "1000",    "0",
                                 "1000",    "10",
                                 "7",       "batch",
                                 "0",       "1",
                                 "1",       "id" + call,
                                 "t",       "1:a,",
                                 "1",       "0",
                                 "",        "0",
                                 "100",     "{}"});
    whole = came;
    const auto jobs = came.substr(came.rfind('[') + 1);
    return jobs.substr(1, jobs.find(']') - 1);
  }
  std::string whole;  // the last reply
  std::int64_t number(std::initializer_list<std::string_view> command) {
    return std::stoll(redis.ask(redis::batch(command)).substr(1));
  }
};

TEST_F(append_script_test, answers_the_last_two_calls_again_and_none_whose_predecessor_is_missing) {
  EXPECT_EQ(append("1", "0"), "1");
  EXPECT_EQ(append("3", "1"), "early");
  EXPECT_EQ(append("2", "1"), "2");
  EXPECT_EQ(append("1", "0"), "1");
  EXPECT_EQ(append("2", "1"), "2");
  EXPECT_EQ(append("3", "1"), "3");
  EXPECT_EQ(append("2", "0"), "2");
  EXPECT_EQ(number({"XLEN", "{f}:log"}), 3);
}

// The simulation's seed 26: it came over a connection that was given up, behind what another had brought since.
TEST_F(append_script_test, makes_no_call_that_comes_late) {
  for (const auto* each : {"1", "2", "3"}) EXPECT_EQ(append(each, "0"), each);
  EXPECT_EQ(append("1", "0"), "epoch");
  redis.ask({"DEL", "{f}:log:done:n:0"});
  EXPECT_EQ(append("2", "0"), "epoch");
  EXPECT_EQ(number({"XLEN", "{f}:log"}), 3);
}

TEST_F(append_script_test, answers_again_with_where_the_log_stood) {
  append("1", "0");
  EXPECT_THAT(whole, testing::AllOf(testing::HasSubstr("$1-0 :1 "), testing::HasSubstr("$n:1.7")));
  append("2", "0");
  append("1", "0");
  EXPECT_THAT(whole, testing::AllOf(testing::HasSubstr("$1-0 :1 "), testing::HasSubstr("$n:1.7")));
}

TEST_F(append_script_test, keeps_its_answers_for_an_hour_renewed) {
  for (int n = 1; n <= 130; ++n) {
    append(std::to_string(n), "0");
    if (n % 64 > 1 && n > 2) continue;
    const auto key = "{f}:log:done:n:" + std::to_string(n % 2);
    EXPECT_GT(number({"PTTL", key}), 3590000) << n;
    redis.ask({"PEXPIRE", key, "100000"});
  }
  EXPECT_LE(number({"PTTL", "{f}:log:done:n:0"}), 100000) << "not with every call";
}

}  // namespace
}  // namespace fanfare::history
