#include "net/worker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <vector>

namespace fanfare::net {
namespace {

using testing::ElementsAre;

struct running : testing::Test {
  running() { pool.start(); }
  worker& one() { return pool.at(0); }
  // Runs on the worker and waits for it.
  void on_worker(std::function<void()> work) {
    std::promise<void> done;
    one().post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  metrics::registry numbers;
  worker_pool pool{2, numbers};
};

TEST_F(running, knows_its_thread) {
  EXPECT_EQ(pool.size(), 2U);
  EXPECT_EQ(pool.current(), nullptr);
  EXPECT_FALSE(one().here());
  on_worker([this] {
    EXPECT_TRUE(one().here());
    EXPECT_FALSE(pool.at(1).here());
    EXPECT_EQ(pool.current(), &one());
  });
  EXPECT_EQ(pool.at(1).index(), 1U);
}

TEST_F(running, is_not_current_in_another_pool) {
  metrics::registry others;
  worker_pool other(1, others);
  on_worker([&] { EXPECT_EQ(other.current(), nullptr); });
}

TEST_F(running, runs_what_is_posted_in_order) {
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) one().post([&, i] { ran.push_back(i); });
  on_worker([&] { EXPECT_THAT(ran, ElementsAre(0, 1, 2)); });
}

TEST_F(running, defers_behind_what_is_ready) {
  std::vector<int> ran;
  std::promise<void> done;
  one().post([&] {
    one().post([&] { ran.push_back(1); });
    one().defer([&] {
      ran.push_back(2);
      one().defer([&] {
        ran.push_back(4);
        done.set_value();
      });
    });
    one().defer([&] { ran.push_back(3); });
    ran.push_back(0);
  });
  done.get_future().wait();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(running, runs_timers_by_time_and_cancels_them) {
  std::vector<int> ran;
  std::promise<void> done;
  on_worker([&] {
    one().after(milliseconds{30}, [&] {
      ran.push_back(3);
      done.set_value();
    });
    const auto never = one().after(milliseconds{5}, [&] { ran.push_back(9); });
    one().after(milliseconds{10}, [&] { ran.push_back(2); });
    one().after(milliseconds{-5}, [&, never] {
      ran.push_back(1);
      one().cancel(never);
      one().cancel(never);
      one().cancel(0);
    });
  });
  done.get_future().wait();
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST_F(running, never_runs_a_timer_early) {
  std::promise<bool> late;
  on_worker([&] {
    const auto due = one().now() + milliseconds{15};
    one().after(milliseconds{15}, [&, due] { late.set_value(one().now() >= due); });
  });
  EXPECT_TRUE(late.get_future().get());
}

TEST_F(running, goes_on_after_an_exception) {
  std::promise<void> timed;
  one().post([] { throw std::runtime_error("posted"); });
  on_worker([&] {
    one().defer([] { throw std::runtime_error("deferred"); });
    one().after(milliseconds{0}, [] { throw 1; });
    one().after(milliseconds{1}, [&] { timed.set_value(); });
  });
  timed.get_future().wait();
  EXPECT_EQ(numbers.counter("fanfare_handler_exceptions_total", "").get(), 3);
}

// Whatever is left when a worker ends is dropped, even when dropping it cancels timers and drops more.
TEST_F(running, lets_go_of_what_waits_when_it_stops) {
  struct holder {
    worker& home;
    timer_id timer;
    std::shared_ptr<holder> next;
    ~holder() { home.cancel(timer); }
  };
  const auto marker = std::make_shared<int>(1);
  on_worker([&] {
    const auto inner = std::make_shared<holder>(one(), 0U, nullptr);
    const auto outer = std::make_shared<holder>(one(), 0U, inner);
    inner->timer = one().after(std::chrono::hours{1}, [marker] {});
    outer->timer = one().after(std::chrono::hours{1}, [marker, outer] {});
    one().after(std::chrono::hours{1}, [outer] {});
  });
  pool.stop();
  pool.stop();
  EXPECT_EQ(marker.use_count(), 1);
}

TEST(worker_pool, has_a_worker_a_core_by_default) {
  metrics::registry numbers;
  EXPECT_GE(worker_pool(0, numbers).size(), 1U);
}

}  // namespace
}  // namespace fanfare::net
