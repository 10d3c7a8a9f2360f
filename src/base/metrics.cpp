#include <stdexcept>

#include <fanfare/base/metrics.hpp>

namespace fanfare::metrics {

cell& registry::find_or_add(kind type, std::string_view name, std::string_view help, const labels& labelled) {
  for (auto& each : entries_) {
    if (each.name != name) continue;
    // Two kinds under one name make the whole exposition unreadable to Prometheus.
    if (each.type != type) throw std::logic_error("metric of two kinds: " + each.name);
    if (each.labelled == labelled) return each.number;
  }
  auto& added = entries_.emplace_back();
  added.name = name;
  added.help = help;
  added.type = type;
  added.labelled = labelled;
  return added.number;
}

cell& registry::counter(std::string_view name, std::string_view help, const labels& labelled) {
  const std::lock_guard lock(mutex_);
  return find_or_add(kind::counter, name, help, labelled);
}

cell& registry::gauge(std::string_view name, std::string_view help, const labels& labelled) {
  const std::lock_guard lock(mutex_);
  return find_or_add(kind::gauge, name, help, labelled);
}

void registry::observe(std::string_view name, std::string_view help, std::function<double()> read,
                       const labels& labelled) {
  const std::lock_guard lock(mutex_);
  const auto& number = find_or_add(kind::gauge, name, help, labelled);
  for (auto& each : entries_) {
    if (&each.number == &number) each.read = std::move(read);
  }
}

std::vector<sample> registry::collect() const {
  std::vector<sample> samples;
  std::vector<std::pair<std::size_t, std::function<double()>>> computed;
  {
    const std::lock_guard lock(mutex_);
    samples.reserve(entries_.size());
    for (const auto& each : entries_) {
      if (each.read) computed.emplace_back(samples.size(), each.read);
      samples.push_back({each.name, each.help, each.type, each.labelled, each.number.get()});
    }
  }
  // Outside the lock: what is asked may itself make a cell.
  for (const auto& [index, read] : computed) samples[index].amount = read();
  return samples;
}

}  // namespace fanfare::metrics
