#include "history/redis/redis_joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "history/redis/replies.hpp"
#include "support/fake_executor.hpp"

// What a node claims to know of the log when it comes back, with a Redis that answers when the test says. What Redis
// makes of that is in redis_log_loss_test.

namespace fanfare::history {
namespace {

using testing::ElementsAre;

using test::list;
using test::text;

/// Notes each claim as "<epoch>@<head> <by>".
class held_client final : public redis::client {
 public:
  explicit held_client(std::vector<std::string>& claims, redis::answered& answer) : claims_(claims), answer_(answer) {}
  void submit(redis::batch commands, redis::answered done, redis::request_options) override {
    redis::resp_reader reader;
    reader.feed(commands.bytes());
    std::vector<redis::reply> words;
    while (auto next = *reader.next()) words = std::move(next->elements);
    claims_.push_back(words[5].text + "@" + words[6].text + " " + words[7].text);
    answer_ = std::move(done);
  }
  std::shared_ptr<redis::locator> locate_subscriptions(std::optional<std::uint16_t>) override { return nullptr; }
  [[nodiscard]] bool ready() const override { return true; }
  void close() override {}

 private:
  std::vector<std::string>& claims_;
  redis::answered& answer_;
};

struct redis_joiner_test : testing::Test {
  fanfare::test::fake_executor home;
  std::vector<std::string> claims, told;
  redis::answered pending;
  known_log knows;
  redis_joiner joiner{home,
                      [this] { return std::make_unique<held_client>(claims, pending); },
                      "{f}:log",
                      [] { return std::string("fresh"); },
                      {[this] { return knows; },
                       [this](const auto& now, bool, bool) {
                         told.push_back("joined " + now.epoch);
                         knows.epoch = now.epoch;
                       },
                       [this](const auto& reason) { told.push_back("away " + reason); }}};

  /// Redis stands at that epoch.
  void answer(const std::string& epoch) {
    const auto number = [](int of) { return text(std::to_string(of)); };
    std::exchange(pending, nullptr)(std::vector<redis::reply>{
        text("a"), text("r"), text("t"),
        list({list({text(epoch), text("20-0"), number(20), number(1), number(20), number(1), number(1), number(0)}),
              redis::reply{}, text("history")})});
  }
  void join(const std::string& epoch, std::uint64_t head, const std::string& by) {
    knows.head = head;
    knows.by = by;
    joiner.join();
    answer(epoch);
  }
};

TEST_F(redis_joiner_test, claims_what_the_node_knows) {
  join("a", 0, "");
  join("a", 10, "n:1");
  EXPECT_THAT(claims, ElementsAre("@0 ", "a@10 n:1"));
  EXPECT_THAT(told, ElementsAre("joined a", "joined a"));
}

TEST_F(redis_joiner_test, under_an_epoch_that_it_has_known_before_it_claims_what_it_knew_then) {
  join("a", 0, "");
  join("b", 10, "n:1");  // what it knew of a
  join("a", 12, "n:2");  // back at a master that never heard of b
  EXPECT_THAT(claims, ElementsAre("@0 ", "a@10 n:1", "b@12 n:2", "a@10 n:1"));
  EXPECT_THAT(told, ElementsAre("joined a", "joined b"));
  answer("c");  // it had lost that
  EXPECT_EQ(told.back(), "joined c");
  join("b", 21, "n:3");
  EXPECT_EQ(claims.back(), "b@12 n:2");
  answer("b");
  EXPECT_EQ(told.back(), "joined b");
}

TEST_F(redis_joiner_test, asks_only_once_and_anew_after_a_failure) {
  join("a", 0, "");
  join("b", 10, "n:1");
  join("a", 12, "n:2");
  std::exchange(pending, nullptr)(errc::unavailable);
  EXPECT_EQ(told.back(), "away ");
  home.advance(milliseconds{100});
  EXPECT_EQ(claims.back(), "b@12 n:2") << "perhaps it is another server by now";
  answer("a");
  answer("a");
  EXPECT_EQ(told.back(), "joined a");
}

TEST_F(redis_joiner_test, remembers_a_bounded_number_of_epochs) {
  for (int n = 100; n < 130; ++n) join("e" + std::to_string(n), static_cast<std::uint64_t>(n), "");
  const auto before = claims.size();
  join("e100", 200, "");
  EXPECT_EQ(claims.size(), before + 1) << "it is as good as new";
  join("e128", 201, "");
  EXPECT_EQ(claims.size(), before + 3);
}

}  // namespace
}  // namespace fanfare::history
