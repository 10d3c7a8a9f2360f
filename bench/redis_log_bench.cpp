// Events a second through Redis, and how long each waits: redis_log with 1, 16 and 256 publishers that each have one
// event under way, on a Redis that syncs its append-only file always, or has none; then how long an event takes from
// one node to another.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "history/redis/redis_rig.hpp"
#include "log_load.hpp"

namespace fanfare::history {
namespace {

const memory_log_options roomy{.bytes_max = 1U << 30, .entries_max = 10000000, .room_entries_max = 10000000};

/// Processor time that a process has used, in steps of 10 ms (proc(5), stat: utime and stime).
double cpu_us(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0, kernel = 0;
  rest >> user >> kernel;
  return (user + kernel) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void redis_append(benchmark::State& state) {
  test::redis_rig rig(state.range(1) != 0 ? "appendonly yes\nappendfsync always\n" : "");
  const auto node = rig.make("n", roomy, [](redis_log_options& options) { options.window.bytes_max = 16777216; });
  const auto publishers = static_cast<std::size_t>(state.range(0));
  const auto events = amount(publishers == 1 ? 4000 : 60000);
  const auto node_before = cpu_us(::getpid());
  const auto redis_before = cpu_us(rig.server().id());
  measure(state, *node.log, publishers, events);
  const auto all = static_cast<double>(events * state.iterations());
  state.counters["node_cpu_us"] = (cpu_us(::getpid()) - node_before) / all;
  state.counters["redis_cpu_us"] = (cpu_us(rig.server().id()) - redis_before) / all;
}
BENCHMARK(redis_append)
    ->ArgsProduct({{1, 16, 256}, {1, 0}})
    ->ArgNames({"publishers", "always"})
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

/// All nodes append, 64 publishers each, and all read all of it.
void redis_nodes(benchmark::State& state) {
  test::redis_rig rig;
  std::vector<test::node_rig::node> nodes;
  for (int n = 0; n < state.range(0); ++n) nodes.push_back(rig.make("n" + std::to_string(n), roomy));
  for (auto _ : state) {
    const auto each = amount(40000) / nodes.size();
    const auto begun = clock::now();
    std::vector<std::thread> threads;
    for (auto& node : nodes) {
      threads.emplace_back([&node, each] {
        load all(*node.log, 64, each);
        all.run();
      });
    }
    for (auto& one : threads) one.join();
    const std::chrono::duration<double> took = clock::now() - begun;
    state.SetIterationTime(took.count());
    state.counters["events/s"] = static_cast<double>(each * nodes.size()) / took.count();
  }
}
BENCHMARK(redis_nodes)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

/// From append() on one node to the observer of another, 1,000 events a second.
void node_to_node(benchmark::State& state) {
  test::redis_rig rig;
  const auto a = rig.make("a", roomy);
  const auto b = rig.make("b", roomy);
  for (auto _ : state) {
    const auto events = amount(5000);
    std::vector<clock::time_point> sent(events + 1);
    std::vector<double> waits;
    std::promise<void> all;
    const auto before = b.log->head();
    b.log->observe([&](const entry& item) {
      const auto place = item.position - before;
      waits.push_back(std::chrono::duration<double, std::micro>(clock::now() - sent[place]).count());
      if (place == events) all.set_value();
    });
    const auto begun = clock::now();
    for (std::size_t n = 1; n <= events; ++n) {
      std::this_thread::sleep_until(begun + n * std::chrono::milliseconds(1));
      sent[n] = clock::now();
      a.log->append({event(n)}, {}, [](const auto&) {});
    }
    all.get_future().wait();
    b.log->observe({});
    state.SetIterationTime(std::chrono::duration<double>(clock::now() - begun).count());
    std::sort(waits.begin(), waits.end());
    state.counters["p50_us"] = waits[waits.size() / 2];
    state.counters["p99_us"] = waits[waits.size() * 99 / 100];
  }
}
BENCHMARK(node_to_node)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fanfare::history
