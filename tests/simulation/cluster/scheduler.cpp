#include "scheduler.hpp"

#include <algorithm>

namespace fanfare::simulation {

thread::thread(scheduler& of, unsigned index) : of_(of), index_(index) { of_.threads_.push_back(this); }
thread::~thread() { std::erase(of_.threads_, this); }

bool thread::here() const noexcept { return of_.running_ == this; }
steady_time thread::now() const { return of_.now_ + ahead_; }

timer_id thread::after(milliseconds delay, std::function<void()> work) {
  const auto at = now() + std::max(delay, milliseconds{0});
  times_.emplace(++last_timer_, at);
  timers_.emplace(std::pair{at, last_timer_}, std::move(work));
  return last_timer_;
}

void thread::cancel(timer_id timer) {
  const auto found = times_.find(timer);
  if (found == times_.end()) return;
  timers_.erase({found->second, timer});
  times_.erase(found);
}

void thread::stall(milliseconds span) { stalled_until_ = std::max(stalled_until_, now() + span); }

bool thread::can_run() const {
  if (stalled_until_ > now()) return false;
  return !posted_.empty() || !deferred_.empty() || (!timers_.empty() && timers_.begin()->first.first <= now());
}

steady_time thread::next() const {
  if (!posted_.empty() || !deferred_.empty()) return stalled_until_;
  return timers_.empty() ? steady_time::max() : std::max(timers_.begin()->first.first, stalled_until_);
}

void thread::step() {
  const auto* const before = std::exchange(of_.running_, this);
  std::function<void()> work;
  if (!timers_.empty() && timers_.begin()->first.first <= now()) {
    times_.erase(timers_.begin()->first.second);
    work = std::move(timers_.extract(timers_.begin()).mapped());
  } else {
    auto& queue = posted_.empty() ? deferred_ : posted_;
    work = std::move(queue.front());
    queue.pop_front();
  }
  work();
  of_.running_ = before;
}

void thread::run_out(const std::function<bool()>& done) {
  stalled_until_ = {};
  while (!done()) {
    if (!can_run()) {
      if (timers_.empty()) return;
      ahead_ += std::chrono::ceil<milliseconds>(timers_.begin()->first.first - now());
    }
    step();
  }
}

std::chrono::system_clock::time_point scheduler::now() const {
  constexpr std::chrono::seconds epoch{1700000000};
  return std::chrono::system_clock::time_point(epoch) + now_.time_since_epoch();
}

void scheduler::random_bytes(std::span<unsigned char> out) const {
  for (auto& byte : out) byte = static_cast<unsigned char>(random_());
}

void scheduler::after(std::chrono::microseconds delay, std::function<void()> work) {
  events_.emplace(std::pair{now_ + delay, ++last_event_}, std::move(work));
}

void scheduler::run_for(milliseconds span, const std::function<bool()>& go_on) {
  const auto until = now_ + span;
  std::vector<thread*> ready;
  while (go_on()) {
    ready.clear();
    for (auto* each : threads_) {
      if (each->can_run()) ready.push_back(each);
    }
    const bool event = !events_.empty() && events_.begin()->first.first <= now_;
    const auto choices = ready.size() + (event ? 1 : 0);
    if (choices != 0) {
      ++steps_;
      const auto chosen = below(choices);
      if (chosen < ready.size()) {
        ready[chosen]->step();
      } else {
        events_.extract(events_.begin()).mapped()();
      }
      continue;
    }
    auto next = events_.empty() ? steady_time::max() : events_.begin()->first.first;
    for (const auto* each : threads_) next = std::min(next, each->next());
    if (next > until) break;
    now_ = std::max(now_, next);
  }
  now_ = std::max(now_, until);
}

}  // namespace fanfare::simulation
