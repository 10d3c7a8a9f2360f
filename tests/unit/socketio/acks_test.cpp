#include "socketio/acks.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "support/fake_executor.hpp"

namespace fanfare::socketio {
namespace {

struct acks_test : testing::Test {
  acks::callback note() {
    return [this](result<array> answer) {
      if (answer) {
        answers.push_back(std::move(*answer));
      } else {
        failures.push_back(answer.error().code);
      }
    };
  }
  fanfare::test::fake_executor worker;
  std::vector<array> answers;
  std::vector<errc> failures;
};

TEST_F(acks_test, an_answer_comes_once) {
  acks waiting(worker, 10);
  ASSERT_TRUE(waiting.expect(3, milliseconds{100}, note()));
  EXPECT_TRUE(waiting.answer(3, {1, 2}));
  EXPECT_FALSE(waiting.answer(3, {1, 2}));
  EXPECT_FALSE(waiting.answer(4, {}));
  worker.advance(milliseconds{1000});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0], (array{1, 2}));
  EXPECT_TRUE(failures.empty());
  EXPECT_EQ(worker.timers(), 0U);
}

TEST_F(acks_test, time_runs_out_but_not_for_those_without_a_limit) {
  acks waiting(worker, 10);
  ASSERT_TRUE(waiting.expect(1, milliseconds{100}, note()));
  ASSERT_TRUE(waiting.expect(2, milliseconds{0}, note()));
  worker.advance(milliseconds{99});
  EXPECT_TRUE(failures.empty());
  worker.advance(milliseconds{1});
  EXPECT_EQ(failures, std::vector{errc::timeout});
  worker.advance(milliseconds{1000000});
  EXPECT_EQ(waiting.size(), 1U);
  EXPECT_FALSE(waiting.answer(1, {}));
}

TEST_F(acks_test, past_the_bound_nobody_waits) {
  acks waiting(worker, 2);
  EXPECT_TRUE(waiting.expect(1, milliseconds{100}, note()));
  EXPECT_TRUE(waiting.expect(2, milliseconds{100}, note()));
  EXPECT_EQ(waiting.expect(3, milliseconds{100}, note()).error().code, errc::over_limit);
  waiting.forget(1);
  waiting.forget(1);
  EXPECT_TRUE(waiting.expect(3, milliseconds{100}, note()));
  EXPECT_TRUE(failures.empty());
}

TEST_F(acks_test, closing_tells_all_in_the_order_asked) {
  acks waiting(worker, 5);
  std::vector<int> order;
  for (const int id : {1, 2, 3}) {
    ASSERT_TRUE(
        waiting.expect(static_cast<std::uint64_t>(id), milliseconds{100}, [&order, id](const result<array>& answer) {
          EXPECT_EQ(answer.error().code, errc::closed);
          order.push_back(id);
        }));
  }
  waiting.close();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(worker.timers(), 0U);
}

TEST_F(acks_test, its_timers_end_with_it) {
  {
    acks waiting(worker, 5);
    ASSERT_TRUE(waiting.expect(1, milliseconds{100}, note()));
  }
  EXPECT_EQ(worker.timers(), 0U);
}

}  // namespace
}  // namespace fanfare::socketio
