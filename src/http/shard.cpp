#include "http/shard.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "http/connection.hpp"
#include "http/response_codec.hpp"

namespace fanfare::http {

namespace {

// Methods are the peer's text: a label takes only these, so that nobody makes cells without end.
constexpr std::array<std::string_view, 8> method_labels{"GET",   "HEAD",   "POST",    "PUT",
                                                        "PATCH", "DELETE", "OPTIONS", "other"};

}  // namespace

traffic_counters::traffic_counters(metrics::registry& metrics)
    : bytes_in(metrics.counter("fanfare_http_received_bytes_total", "Bytes read as HTTP, TLS not counted.")),
      bytes_out(metrics.counter("fanfare_http_sent_bytes_total", "Bytes written as HTTP, TLS not counted.")),
      metrics_(metrics) {
  static_assert(method_labels.size() == methods);
}

void traffic_counters::count_request(std::string_view method, unsigned status) {
  const auto found = std::find(method_labels.begin(), method_labels.end() - 1, method);
  const auto row = static_cast<std::size_t>(found - method_labels.begin());
  const auto column = std::min<std::size_t>(status / 100, classes - 1);
  auto* cell = requests_[row][column].load(std::memory_order_acquire);
  if (cell == nullptr) {
    cell = &metrics_.counter("fanfare_http_requests_total", "Requests answered, by method and class of status.",
                             {{"method", std::string(*found)}, {"status", std::to_string(column) + "xx"}});
    requests_[row][column].store(cell, std::memory_order_release);
  }
  cell->add();
}

void traffic_counters::count_error(std::string_view cause) {
  metrics_
      .counter("fanfare_http_errors_total", "Requests and connections that failed, by cause.",
               {{"cause", std::string(cause)}})
      .add();
}

void shard::drain() {
  draining = true;
  const auto all = open;  // connections leave the set as they close
  for (const auto& each : all) each->drain();
}

void shard::close_all() {
  const auto all = open;
  for (const auto& each : all) each->close();
}

std::string_view shard::date() {
  const auto now = static_cast<long long>(std::chrono::system_clock::to_time_t(options.around->now()));
  if (now != date_at_) {
    date_at_ = now;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace fanfare::http
