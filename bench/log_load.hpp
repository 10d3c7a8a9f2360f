#pragma once

// What the benchmarks of logs share: publishers that each have one event under way.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "history/log.hpp"

namespace fanfare::history {

using clock = std::chrono::steady_clock;

inline entry event(std::size_t number) {
  entry out;
  out.id = "01M8E00S4PBKFZ9N4FEF" + std::to_string(100000 + number % 900000);
  out.type = "project.updated";
  out.rooms = {"project:" + std::to_string(number % 100)};
  out.json = shared_bytes(std::string(350, 'x'));
  out.time_ms = 1700000000000;
  return out;
}

/// `publishers` slots, each with one event under way; the answer to one sends the next.
class load {
 public:
  load(log& to, std::size_t publishers, std::size_t events) : to_(to), publishers_(publishers), events_(events) {
    waits_.reserve(events);
    // Entries of one commit are observed together, then answered together.
    to_.observe([this](const entry&) { commits_ += std::exchange(answering_, false) ? 1 : 0; });
  }
  void run() {
    for (std::size_t n = 0; n < publishers_; ++n) send();
    done_.get_future().wait();
    to_.observe({});
  }
  [[nodiscard]] double percentile(double share) {
    const auto at = waits_.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(waits_.size() - 1) * share);
    std::nth_element(waits_.begin(), at, waits_.end());
    return std::chrono::duration<double, std::micro>(*at).count();
  }
  [[nodiscard]] double batch() const {
    return static_cast<double>(events_) / static_cast<double>(std::max<std::size_t>(commits_, 1));
  }

 private:
  void send() {
    const auto number = sent_++;
    if (number >= events_) return;
    std::vector<entry> batch;
    batch.push_back(event(number));
    to_.append(std::move(batch), {}, [this, begun = clock::now()](const auto& outcome) {
      if (!outcome) std::abort();  // what was refused is no event
      answering_ = true;
      waits_.push_back(clock::now() - begun);
      if (waits_.size() == events_) return done_.set_value();
      send();
    });
  }
  log& to_;
  const std::size_t publishers_, events_;
  std::atomic<std::size_t> sent_ = 0;  // by who begins and by who answers
  std::size_t commits_ = 0;
  bool answering_ = true;
  std::vector<clock::duration> waits_;
  std::promise<void> done_;
};

/// The tests run each benchmark once over a hundredth, so that none breaks unseen.
inline std::size_t amount(std::size_t events) {
  static const bool smoke = std::getenv("FANFARE_BENCH_SMOKE") != nullptr;
  return smoke ? events / 100 : events;
}

inline void measure(benchmark::State& state, log& to, std::size_t publishers, std::size_t events) {
  for (auto _ : state) {
    load all(to, publishers, events);
    const auto begun = clock::now();
    all.run();
    const std::chrono::duration<double> took = clock::now() - begun;
    state.SetIterationTime(took.count());
    state.counters["events/s"] = static_cast<double>(events) / took.count();
    state.counters["p50_us"] = all.percentile(0.5);
    state.counters["p99_us"] = all.percentile(0.99);
    state.counters["batch"] = all.batch();
  }
}

}  // namespace fanfare::history
