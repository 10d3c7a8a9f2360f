// Durable events a second, and how long each waits: sqlite_log with 1, 16 and 256 publishers that each have one event
// under way, beside memory_log, and beside a bare loop of SQLite inserts in batches as large as the log's own came out.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "history/memory_log.hpp"
#include "history/sqlite_log.hpp"
#include "log_load.hpp"

namespace fanfare::history {
namespace {

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
