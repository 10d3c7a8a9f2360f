#include "domain/fleet/fleet_rates.hpp"

#include <string_view>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {

namespace {
constexpr std::string_view mark = "spent ";  // then the node
}  // namespace

void fleet_rates::add(const std::string& name, rate_limits& limits) {
  limits.share();
  limits_[name] = &limits;
}

void fleet_rates::tick() {
  if (!log_.ready()) return;
  object all;
  for (const auto& [name, limits] : limits_) {
    object keys;
    for (auto& [key, cost] : limits->news(keys_max)) keys.append(std::move(key), cost);
    if (!keys.empty()) all.set(name, std::move(keys));
  }
  if (all.empty()) return;
  // A fact that is over at once: it passes by the others and is not kept.
  log_.keep({std::string(mark) + node_, 0, 0, json::write(all)}, [](const auto&) {});
}

void fleet_rates::hear(const history::fact& item, steady_time now) {
  if (!item.name.starts_with(mark) || item.name.substr(mark.size()) == node_) return;
  const auto all = json::parse(item.content);
  if (!all) return;
  for (const auto& [name, limits] : limits_) {
    const auto* told = all->find(name);
    if (told == nullptr || told->if_object() == nullptr) continue;
    for (const auto& [key, cost] : *told->if_object()) limits->charge(key, now, cost.as_double());
  }
}

}  // namespace fanfare::domain
