// Durable events a second, and how long each waits: sqlite_log with 1, 16 and 256 publishers that each have one event
// under way, beside memory_log, and beside a bare loop of SQLite inserts in batches as large as the log's own came out.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "history/memory_log.hpp"
#include "history/sqlite_log.hpp"

namespace fanfare::history {
namespace {

using clock = std::chrono::steady_clock;

/// On the disk that holds the working directory: /tmp may be memory.
class bench_folder {
 public:
  bench_folder() : path_("fanfare-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~bench_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string file() const { return path_ + "/log.db"; }

 private:
  std::string path_;
};

entry event(std::size_t number) {
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
    to_.append(std::move(batch), {}, [this, begun = clock::now()](const auto&) {
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
std::size_t amount(std::size_t events) {
  static const bool smoke = std::getenv("FANFARE_BENCH_SMOKE") != nullptr;
  return smoke ? events / 100 : events;
}

void measure(benchmark::State& state, log& to, std::size_t publishers, std::size_t events) {
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

void sqlite_append(benchmark::State& state) {
  const bench_folder folder;
  const auto sync = state.range(1) != 0 ? sqlite_sync::full : sqlite_sync::normal;
  sqlite_log tested("e", {.path = folder.file(),
                          .sync = sync,
                          .bounds = {.bytes_max = 1U << 30, .entries_max = 10000000, .room_entries_max = 10000000},
                          .on_trouble = {}});
  const auto publishers = static_cast<std::size_t>(state.range(0));
  measure(state, tested, publishers, amount(publishers == 1 ? 2000 : 40000));
}
BENCHMARK(sqlite_append)
    ->ArgsProduct({{1, 16, 256}, {1, 0}})
    ->ArgNames({"publishers", "full"})
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

void memory_append(benchmark::State& state) {
  // Answers come before append() returns, so there is one publisher, whatever is asked for.
  memory_log tested("e", {.bytes_max = 1U << 30, .entries_max = 10000000, .room_entries_max = 10000000});
  for (auto _ : state) {
    const auto begun = clock::now();
    const auto events = amount(200000);
    for (std::size_t n = 0; n < events; ++n) {
      std::vector<entry> batch;
      batch.push_back(event(n));
      tested.append(std::move(batch), {}, [](const auto& positions) { benchmark::DoNotOptimize(positions); });
    }
    const std::chrono::duration<double> took = clock::now() - begun;
    state.SetIterationTime(took.count());
    state.counters["events/s"] = static_cast<double>(events) / took.count();
  }
}
BENCHMARK(memory_append)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

/// The least that could keep the same rows: two inserts an event, one transaction a batch, nothing else.
void bare_inserts(benchmark::State& state) {
  const bench_folder folder;
  const auto batch = static_cast<std::size_t>(state.range(0));
  { const sqlite_store schema(folder.file(), sqlite_sync::full, "e", {}); }
  sqlite_database file(folder.file(), sqlite_database::access::write);
  file.run(state.range(1) != 0 ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  auto insert =
      file.prepare("INSERT INTO entry(position, id, type, time_ms, conflate_key, rooms, json) VALUES(?,?,?,?,'',?,?)");
  auto list = file.prepare("INSERT INTO listing VALUES(?,?)");
  std::int64_t position = 0;
  for (auto _ : state) {
    const std::size_t events = batch == 1 ? amount(2000) : std::max<std::size_t>(amount(40000) / batch, 1) * batch;
    const auto begun = clock::now();
    for (std::size_t n = 0; n < events; n += batch) {
      sqlite_transaction together(file);
      for (std::size_t i = 0; i < batch; ++i) {
        const auto item = event(n + i);
        ++position;
        insert.reset()
            .bind(1, position)
            .bind_text(2, item.id)
            .bind_text(3, item.type)
            .bind(4, item.time_ms)
            .bind_text(5, item.rooms[0])
            .bind_blob(6, item.json.view())
            .run();
        list.reset().bind(1, static_cast<std::int64_t>((n + i) % 100)).bind(2, position).run();
      }
      together.commit();
    }
    const std::chrono::duration<double> took = clock::now() - begun;
    state.SetIterationTime(took.count());
    state.counters["events/s"] = static_cast<double>(events) / took.count();
  }
}
BENCHMARK(bare_inserts)
    ->ArgsProduct({{1, 8, 16, 128, 256}, {1, 0}})
    ->ArgNames({"batch", "full"})
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fanfare::history
