#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>

namespace fanfare::test {

/// A worker without a thread: what is posted runs in run(), and time passes in advance() only.
class fake_executor : public executor {
 public:
  explicit fake_executor(unsigned index = 0) : index_(index) {}

  [[nodiscard]] unsigned index() const noexcept override { return index_; }
  [[nodiscard]] bool here() const noexcept override { return true; }
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
  void defer(std::function<void()> work) override { deferred_.push_back(std::move(work)); }
  [[nodiscard]] steady_time now() const override { return now_; }
  timer_id after(milliseconds delay, std::function<void()> work) override {
    timers_.emplace(std::pair{now_ + delay, ++last_timer_}, std::move(work));
    return last_timer_;
  }
  void cancel(timer_id timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }

  /// Runs what is posted and deferred until nothing is left; gives how many ran.
  std::size_t run() {
    std::size_t ran = 0;
    while (!posted_.empty() || !deferred_.empty()) {
      auto& queue = posted_.empty() ? deferred_ : posted_;
      auto work = std::move(queue.front());
      queue.pop_front();
      work();
      ++ran;
    }
    return ran;
  }

  /// Lets `span` pass: due timers run at their own instant, each followed by run().
  void advance(milliseconds span) {
    run();
    const auto until = now_ + span;
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      auto node = timers_.extract(timers_.begin());
      now_ = std::max(now_, node.key().first);
      node.mapped()();
      run();
    }
    now_ = until;
  }

  /// Lets time pass without running what is due, as a busy loop does.
  void stall(milliseconds span) { now_ += span; }

  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }

 private:
  unsigned index_;
  steady_time now_{std::chrono::hours{1}};
  timer_id last_timer_ = 0;
  std::deque<std::function<void()>> posted_, deferred_;
  std::map<std::pair<steady_time, timer_id>, std::function<void()>> timers_;
};

/// Several fake workers, run round robin in one thread.
class fake_pool : public executor_pool {
 public:
  explicit fake_pool(unsigned size) {
    for (unsigned i = 0; i < size; ++i) workers_.push_back(std::make_unique<fake_executor>(i));
  }
  [[nodiscard]] unsigned size() const noexcept override { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] fake_executor& at(unsigned index) override { return *workers_.at(index); }
  [[nodiscard]] executor* current() noexcept override { return workers_.front().get(); }
  void run() {
    std::size_t ran = 1;
    while (ran != 0) {
      ran = 0;
      for (auto& worker : workers_) ran += worker->run();
    }
  }
  void advance(milliseconds span) {
    run();
    for (auto& worker : workers_) worker->advance(span);
    run();
  }

 private:
  std::vector<std::unique_ptr<fake_executor>> workers_;
};

}  // namespace fanfare::test
