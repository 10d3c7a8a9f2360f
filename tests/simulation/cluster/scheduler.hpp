#pragma once

// One clock and one source of chance for everybody, and who runs next. Inbound: all of the simulation.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fanfare/base/executor.hpp>
#include <fanfare/base/world.hpp>

namespace fanfare::simulation {

class scheduler;

/// A thread of a node: runs when the scheduler lets it. Gone, it is scheduled no more.
class thread final : public executor {
 public:
  thread(scheduler& of, unsigned index);
  ~thread() override;

  [[nodiscard]] unsigned index() const noexcept override { return index_; }
  [[nodiscard]] bool here() const noexcept override;
  void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
  void defer(std::function<void()> work) override { deferred_.push_back(std::move(work)); }
  [[nodiscard]] steady_time now() const override;
  timer_id after(milliseconds delay, std::function<void()> work) override;
  void cancel(timer_id timer) override;

  /// Does nothing for so long, as a process that is not given the processor.
  void stall(milliseconds span);
  /// One piece of what is posted, due or, when nothing is, deferred.
  void step();
  [[nodiscard]] bool can_run() const;
  /// When it can run, at the earliest; steady_time::max() when nothing waits.
  [[nodiscard]] steady_time next() const;
  /// Its node is gone from the world: runs what it has alone, with time of its own, until `done`.
  void run_out(const std::function<bool()>& done);

 private:
  scheduler& of_;
  const unsigned index_;
  std::deque<std::function<void()>> posted_, deferred_;
  std::map<std::pair<steady_time, timer_id>, std::function<void()>> timers_;
  std::unordered_map<timer_id, steady_time> times_;  // of timers_
  timer_id last_timer_ = 0;
  steady_time stalled_until_;
  milliseconds ahead_{0};  // of the scheduler's clock
};

/// The world's clocks and randomness too. Thread: one.
class scheduler final : public world {
 public:
  explicit scheduler(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t n) const { return n == 0 ? 0 : random_() % n; }
  [[nodiscard]] milliseconds between(std::int64_t low_ms, std::int64_t high_ms) const {
    return milliseconds{low_ms + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high_ms - low_ms + 1)))};
  }
  [[nodiscard]] bool one_in(std::uint64_t n) const { return below(n) == 0; }
  template <class List>
  [[nodiscard]] auto& any_of(List& list) const {
    return list[below(list.size())];
  }

  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] steady_time steady_now() const override { return now_; }
  void random_bytes(std::span<unsigned char> out) const override;

  /// What happens in the world by itself: bytes arrive, something breaks.
  void after(std::chrono::microseconds delay, std::function<void()> work);
  /// Lets so much time pass, one piece of work after the other, in an order that is drawn. `look` after each.
  void run_for(milliseconds span, const std::function<bool()>& go_on);
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

 private:
  friend class thread;
  mutable std::mt19937_64 random_;
  steady_time now_{std::chrono::hours{1}};
  std::map<std::pair<steady_time, std::uint64_t>, std::function<void()>> events_;
  std::uint64_t last_event_ = 0, steps_ = 0;
  std::vector<thread*> threads_;
  const thread* running_ = nullptr;
};

}  // namespace fanfare::simulation
