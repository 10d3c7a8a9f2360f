// Runs seeds until one fails, the time is up or there are enough; see README.md.
//   simulation [--seed N] [--from N] [--seeds N] [--seconds S] [--at-least N] [--bug NAME]

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "cluster/course.hpp"
#include "sabotages.hpp"

namespace fanfare::simulation {
namespace {

struct wishes {
  std::uint64_t from = 1, seeds = 10000, at_least = 0;
  double seconds = 0;  // 0: however long it takes
  bool trace = false;
  std::string bug;
};

int show(std::uint64_t seed, const outcome& came, std::size_t lines_max) {
  const auto begin = came.trace.size() > lines_max ? came.trace.size() - lines_max : 0;
  for (auto i = begin; i < came.trace.size(); ++i) std::cout << came.trace[i] << '\n';
  for (const auto& fault : came.faults) std::cout << "seed " << seed << ": " << fault << '\n';
  std::cout << "again, with all that happened: simulation --seed " << seed << std::endl;
  return came.faults.empty() ? 0 : 1;
}

int run(const wishes& wanted) {
  sabotage faults;
  if (!wanted.bug.empty()) {
    const auto* const found = find_sabotage(wanted.bug);
    if (found == nullptr) {
      std::cerr << "no such bug: " << wanted.bug << '\n';
      return 2;
    }
    faults = found->faults;
  }
  script_engine engine;
  if (wanted.trace) return show(wanted.from, run_course(wanted.from, engine, faults, true), SIZE_MAX);
  const auto begin = std::chrono::steady_clock::now();
  const auto spent = [begin] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  ledger::counts sum;
  std::uint64_t steps = 0, ran = 0;
  const bool timed = wanted.seconds > 0;
  for (; ran < wanted.seeds && (!timed || ran < wanted.at_least || spent() < wanted.seconds); ++ran) {
    const auto seed = wanted.from + ran;
    const auto came = run_course(seed, engine, faults, false);
    sum.events += came.counted.events;
    sum.acknowledged += came.counted.acknowledged;
    sum.deliveries += came.counted.deliveries;
    sum.recovered += came.counted.recovered;
    sum.unrecovered += came.counted.unrecovered;
    sum.losses += came.counted.losses;
    steps += came.steps;
    if (came.faults.empty()) continue;
    constexpr std::size_t lines_max = 60;
    std::cout << "seed " << seed << " fails, the " << ran + 1 << ". of them\n";
    return show(seed, run_course(seed, engine, faults, true), lines_max);
  }
  std::cout << ran << " seeds in " << spent() << " s: " << steps << " steps, " << sum.events << " events, "
            << sum.acknowledged << " acknowledged, " << sum.deliveries << " deliveries, " << sum.recovered
            << " clients recovered, " << sum.unrecovered << " not, Redis lost events " << sum.losses << " times"
            << std::endl;
  return 0;
}

}  // namespace
}  // namespace fanfare::simulation

/// With AddressSanitizer most of the time goes into remembering who allocated what, twice the seeds without.
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __asan_default_options() { return "malloc_context_size=1:quarantine_size_mb=8"; }

int main(int argc, char** argv) {
  fanfare::simulation::wishes wanted;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const char* const given = argv[i + 1];
    if (name == "--seed") {
      wanted.from = std::strtoull(given, nullptr, 10);
      wanted.trace = true;
    } else if (name == "--from") {
      wanted.from = std::strtoull(given, nullptr, 10);
    } else if (name == "--seeds") {
      wanted.seeds = std::strtoull(given, nullptr, 10);
    } else if (name == "--seconds") {
      wanted.seconds = std::strtod(given, nullptr);
    } else if (name == "--at-least") {
      wanted.at_least = std::strtoull(given, nullptr, 10);
    } else if (name == "--bug") {
      wanted.bug = given;
    } else {
      std::cerr << "unknown: " << name << '\n';
      return 2;
    }
  }
  return fanfare::simulation::run(wanted);
}
