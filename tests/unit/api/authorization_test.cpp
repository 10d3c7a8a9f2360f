#include "api/authorization.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_executor.hpp"

namespace fanfare::api {
namespace {

using testing::ElementsAre;

struct authorization_test : testing::Test {
  /// The answer to `who` about the rooms, once the hook has been answered for those it is asked of.
  std::optional<result<void>> ask(std::vector<std::string> rooms, const std::vector<bool>& hook_answers = {}) {
    std::optional<result<void>> out;
    may.ask(who, std::move(rooms), domain::room_action::join, worker, [&out](result<void> came) { out = came; });
    for (const bool allowed : hook_answers) {
      const auto answer = std::exchange(waiting, nullptr);
      EXPECT_TRUE(answer != nullptr);
      if (answer) answer(allowed);
      EXPECT_FALSE(out) << "on the worker";
      worker.run();
    }
    return out;
  }
  void use_hook() {
    may.policy = domain::access_policy::make({}, {}, true).value();
    may.hook = [this](const domain::principal&, const std::string& room, std::string_view,
                      std::function<void(bool)> done) {
      asked.push_back(room);
      waiting = std::move(done);
    };
  }
  test::fake_executor worker;
  metrics::registry numbers;
  report says{numbers, real_world()};
  authorization may{says};
  std::vector<std::string> asked, logged;
  std::function<void(bool)> waiting;
  std::shared_ptr<domain::principal> who = std::make_shared<domain::principal>();

  authorization_test() {
    who->sub = "u";
    who->projects.ids = {"1"};
    says.log_to = [this](severity, std::string_view, const log_fields& fields) {
      logged.emplace_back(fields.back().second.as_string());
    };
  }
};

TEST_F(authorization_test, allows_what_the_policy_allows_at_once) {
  EXPECT_TRUE(ask({"project:1", "user:u", "global"})->has_value());
  EXPECT_TRUE(ask({})->has_value());
  EXPECT_EQ(logged.size(), 0U);
}

TEST_F(authorization_test, one_refusal_is_enough_and_says_why_to_the_log) {
  EXPECT_EQ(ask({"project:1", "project:2"})->error().code, errc::forbidden);
  EXPECT_EQ(logged.size(), 1U);
  EXPECT_EQ(ask({"moon:1"})->error().code, errc::unknown_room);
}

TEST_F(authorization_test, asks_the_hook_about_each_room_that_is_its_to_allow) {
  use_hook();
  EXPECT_TRUE(ask({"project:2", "project:1", "project:3"}, {true, true})->has_value());
  EXPECT_THAT(asked, ElementsAre("project:3", "project:2"));
  EXPECT_EQ(ask({"project:2", "project:3"}, {false})->error().code, errc::forbidden) << "and no further question";
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_THAT(logged, ElementsAre("the hook said no"));
}

TEST_F(authorization_test, without_a_hook_what_would_be_asked_is_forbidden) {
  may.policy = domain::access_policy::make({}, {}, true).value();
  EXPECT_EQ(ask({"project:2"})->error().code, errc::forbidden);
}

}  // namespace
}  // namespace fanfare::api
