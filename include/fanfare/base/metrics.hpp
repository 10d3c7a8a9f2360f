#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fanfare::metrics {

using labels = std::vector<std::pair<std::string, std::string>>;

enum class kind : std::uint8_t { counter, gauge };

/// One number that is read while it is written. Thread: any.
class cell {
 public:
  /// Thread: any.
  void add(double amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  /// For gauges.
  void set(double amount) noexcept { value_.store(amount, std::memory_order_relaxed); }
  /// The amount now.
  [[nodiscard]] double get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// One metric as it is now.
struct sample {
  std::string name;  // the metric's
  std::string help;  // what it counts, in words
  kind type;         // counter or gauge
  labels labelled;   // names and values
  double amount;     // the amount
};

/// The metrics of one process. A cell is made once, kept by whoever counts, and never goes away.
/// Naming: `fanfare_<what>_<unit>`, counters end in `_total` (OpenMetrics). Thread: any.
class registry {
 public:
  /// Counts up. The same name and labels give the same cell.
  cell& counter(std::string_view name, std::string_view help, const labels& labelled = {});
  /// Goes up and down. The same name and labels give the same cell.
  cell& gauge(std::string_view name, std::string_view help, const labels& labelled = {});
  /// A gauge that is computed when somebody asks. `read` must be callable from any thread.
  void observe(std::string_view name, std::string_view help, std::function<double()> read, const labels& labelled = {});
  /// All cells, those of a name together.
  [[nodiscard]] std::vector<sample> collect() const;

 private:
  struct entry {
    std::string name, help;
    kind type;
    labels labelled;
    cell number;
    std::function<double()> read;
  };
  cell& find_or_add(kind type, std::string_view name, std::string_view help, const labels& labelled);
  mutable std::mutex mutex_;
  std::deque<entry> entries_;
};

}  // namespace fanfare::metrics
