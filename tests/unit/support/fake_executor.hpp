#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>

namespace fanfare::test {

/// A worker without a thread: what is posted runs in run(), and time passes in advance() only.
class fake_executor : public executor {
 public:
  explicit fake_executor(unsigned index = 0) : index_(index) {}

  [[nodiscard]] unsigned index() const noexcept override { return index_; }
  /// Always, unless `running` says who runs.
  [[nodiscard]] bool here() const noexcept override { return running_ == nullptr || *running_ == this; }
  void runs_when(fake_executor* const* running) { running_ = running; }
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

  /// Runs one piece of what is posted or, when nothing is, deferred; false when there is none.
  bool step() {
    auto& queue = posted_.empty() ? deferred_ : posted_;
    if (queue.empty()) return false;
    const auto work = std::move(queue.front());
    queue.pop_front();
    work();
    return true;
  }
  [[nodiscard]] bool idle() const noexcept { return posted_.empty() && deferred_.empty(); }

  /// Runs what is posted and deferred until nothing is left; gives how many ran.
  std::size_t run() {
    std::size_t ran = 0;
    while (step()) ++ran;
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
  fake_executor* const* running_ = nullptr;
  steady_time now_{std::chrono::hours{1}};
  timer_id last_timer_ = 0;
  std::deque<std::function<void()>> posted_, deferred_;
  std::map<std::pair<steady_time, timer_id>, std::function<void()>> timers_;
};

/// Several fake workers, run in one thread: round robin, everything as if it ran on each of them or, by a seed, one
/// piece of work at a time on a worker drawn at random, so that races between workers can be had again.
class fake_pool : public executor_pool {
 public:
  explicit fake_pool(unsigned size, std::optional<std::uint64_t> seed = {}) {
    for (unsigned i = 0; i < size; ++i) workers_.push_back(std::make_unique<fake_executor>(i));
    if (!seed) return;
    random_.emplace(*seed);
    for (auto& worker : workers_) worker->runs_when(&running_);
  }
  [[nodiscard]] unsigned size() const noexcept override { return static_cast<unsigned>(workers_.size()); }
  [[nodiscard]] fake_executor& at(unsigned index) override { return *workers_.at(index); }
  /// By a seed: nobody outside of run(), as on a thread that is no worker's.
  [[nodiscard]] executor* current() noexcept override { return random_ ? running_ : workers_.front().get(); }
  void run() {
    if (random_) return run_by_seed();
    std::size_t ran = 1;
    while (ran != 0) {
      ran = 0;
      for (auto& worker : workers_) ran += worker->run();
    }
  }
  /// Round robin alone.
  void advance(milliseconds span) {
    run();
    for (auto& worker : workers_) worker->advance(span);
    run();
  }

 private:
  void run_by_seed() {
    std::vector<fake_executor*> busy;
    for (;;) {
      busy.clear();
      for (auto& worker : workers_) {
        if (!worker->idle()) busy.push_back(worker.get());
      }
      if (busy.empty()) return;
      running_ = busy[std::uniform_int_distribution<std::size_t>(0, busy.size() - 1)(*random_)];
      running_->step();
      running_ = nullptr;
    }
  }

  std::vector<std::unique_ptr<fake_executor>> workers_;
  std::optional<std::mt19937_64> random_;
  fake_executor* running_ = nullptr;
};

}  // namespace fanfare::test
