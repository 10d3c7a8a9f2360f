#include "http/open_count.hpp"

namespace fanfare::http {

open_count::open_count(metrics::registry& metrics, std::shared_ptr<metrics::registry> keep, std::size_t connections_max)
    : keep_(std::move(keep)),
      gauge_(metrics.gauge("fanfare_http_connections", "TCP connections open, upgraded ones included.")),
      refused_(metrics.counter("fanfare_connections_refused_total", "Connections refused, by cause.",
                               {{"cause", "over_limit"}})),
      connections_max_(connections_max) {}

open_count::admission open_count::admit() {
  const auto token = [this](std::atomic<std::size_t>& count) {
    return std::shared_ptr<void>(&count, [self = shared_from_this(), &count](void*) { self->left(count); });
  };
  if (open_.fetch_add(1) < connections_max_) {
    gauge_.add();
    return {decision::serve, token(open_)};
  }
  open_.fetch_sub(1);
  refused_.add();
  if (refusing_.fetch_add(1) < refusals_max) return {decision::refuse, token(refusing_)};
  refusing_.fetch_sub(1);
  return {decision::drop, nullptr};
}

void open_count::left(std::atomic<std::size_t>& count) {
  if (&count == &open_) gauge_.add(-1);
  if (count.fetch_sub(1) != 1) return;
  const std::lock_guard lock(mutex_);
  none_.notify_all();
}

void open_count::wait_for_none(steady_time until) {
  std::unique_lock lock(mutex_);
  none_.wait_until(lock, until, [this] { return open_ == 0 && refusing_ == 0; });
}

}  // namespace fanfare::http
