// Runs seeds until one fails, the time is up or there are enough; see README.md.
//   simulation [--from N] [--seeds N] [--seconds S [--at-least N]]
//   simulation --seed N [--bug NAME]    one, with all that happens
//   simulation --bug NAME|all           whether a bug that is put in on purpose is found

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/course.hpp"
#include "history/redis/scripts.hpp"
#include "sabotages.hpp"

namespace fanfare::simulation {
namespace {

struct wishes {
  std::uint64_t from = 1, seeds = 10000, at_least = 0;
  double seconds = 0;  // 0: however long it takes
  bool trace = false;
  std::string bug;
};

bool scripts_contain(const std::string& text) {
  namespace scripts = history::scripts;
  const std::array<const std::string*, 4> all{&scripts::append(), &scripts::join(), &scripts::read(), &scripts::trim()};
  for (const auto* script : all) {
    if (script->find(text) != std::string::npos) return true;
  }
  return false;
}

int show(std::uint64_t seed, const outcome& came, std::size_t lines_max) {
  const auto begin = came.trace.size() > lines_max ? came.trace.size() - lines_max : 0;
  for (auto i = begin; i < came.trace.size(); ++i) std::cout << came.trace[i] << '\n';
  for (const auto& fault : came.faults) std::cout << "seed " << seed << ": " << fault << '\n';
  std::cout << "again, with all that happened: simulation --seed " << seed << std::endl;
  return came.faults.empty() ? 0 : 1;
}

/// Those that have failed once; they go first. What a seed means changes with what is drawn in the simulation: a bug
/// found by one has a test of its own beside the code.
constexpr std::array<std::uint64_t, 12> once_failed{7, 10, 11, 23, 26, 56, 73, 304, 420, 714, 1143, 12271};

class clock {
 public:
  [[nodiscard]] double spent() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// 0 when all went well.
int run_seeds(const wishes& wanted) {
  script_engine engine;
  const clock since;
  ledger::counts sum;
  std::uint64_t steps = 0, ran = 0;
  std::vector<std::uint64_t> first;
  if (wanted.from == 1) first.assign(once_failed.begin(), once_failed.end());
  const bool timed = wanted.seconds > 0;
  for (; ran < wanted.seeds && (!timed || ran < wanted.at_least || since.spent() < wanted.seconds); ++ran) {
    const auto seed = ran < first.size() ? first[ran] : wanted.from + ran - first.size();
    const auto came = run_course(seed, engine);
    sum.events += came.counted.events;
    sum.acknowledged += came.counted.acknowledged;
    sum.deliveries += came.counted.deliveries;
    sum.recovered += came.counted.recovered;
    sum.unrecovered += came.counted.unrecovered;
    sum.losses += came.counted.losses;
    steps += came.steps;
    if (came.faults.empty()) continue;
    constexpr std::size_t lines_max = 60;
    return show(seed, run_course(seed, engine, {}, true), lines_max);
  }
  std::cout << ran << " seeds in " << since.spent() << " s: " << steps << " steps, " << sum.events << " events, "
            << sum.acknowledged << " acknowledged, " << sum.deliveries << " deliveries, " << sum.recovered
            << " clients recovered, " << sum.unrecovered << " not, Redis lost events " << sum.losses << " times"
            << std::endl;
  return 0;
}

/// 0 when a seed finds it, and nothing is wrong with that seed without it.
int find_bug(const named_sabotage& bug, std::uint64_t seeds_max) {
  for (const auto& [text, by] : bug.faults.scripts) {
    const bool there = scripts_contain(text);
    if (!there) std::cout << bug.name << ": no script has \"" << text << "\"" << std::endl;
    if (!there) return 1;
  }
  script_engine engine;
  const clock since;
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    const auto came = run_course(seed, engine, bug.faults);
    if (came.faults.empty()) continue;
    std::cout << bug.name << ": found after " << seed << " seeds, " << since.spent() << " s: " << came.faults.front()
              << std::endl;
    const auto without = run_course(seed, engine);
    return without.faults.empty() ? 0 : show(seed, without, 0);
  }
  std::cout << bug.name << ": not found in " << seeds_max << " seeds" << std::endl;
  return 1;
}

int run(const wishes& wanted) {
  if (wanted.trace) {
    script_engine engine;
    const auto* const bug = find_sabotage(wanted.bug);
    return show(wanted.from, run_course(wanted.from, engine, bug == nullptr ? sabotage{} : bug->faults, true),
                SIZE_MAX);
  }
  if (wanted.bug.empty()) return run_seeds(wanted);
  int out = 0;
  bool any = false;
  for (const auto& each : sabotages()) {
    if (wanted.bug != "all" && wanted.bug != each.name) continue;
    any = true;
    out |= find_bug(each, std::min<std::uint64_t>(wanted.seeds, 1000));
  }
  if (!any) std::cerr << "no such bug: " << wanted.bug << '\n';
  return any ? out : 2;
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
