#include "api/status.hpp"

#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <fanfare/base/rfc3339.hpp>

#include "api/answers.hpp"

namespace fanfare::api {

namespace {

double since_start_s(const status& at) {
  return std::chrono::duration<double>(at.says.around.steady_now() - at.started).count();
}

// The format wants these two escaped in HELP, which the serializer leaves to its caller.
std::string escaped_help(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\')
      out += "\\\\";
    else if (letter == '\n')
      out += "\\n";
    else
      out += letter;
  }
  return out;
}

object totals_of(const std::vector<metrics::sample>& samples) {
  std::map<std::string, double> sums;
  for (const auto& sample : samples) {
    if (sample.type == metrics::kind::counter) sums[sample.name] += sample.amount;
  }
  object out;
  for (const auto& [name, sum] : sums) out.set(name, sum);
  return out;
}

/// The counters that have one label, by its values: causes, codes, types.
object by_label(const std::vector<metrics::sample>& samples) {
  object out;
  for (const auto& sample : samples) {
    if (sample.type != metrics::kind::counter || sample.labelled.size() != 1) continue;
    auto& amounts = out[sample.name];
    if (amounts.is_null()) amounts = object{};
    amounts.if_object()->set(sample.labelled.front().second, sample.amount);
  }
  return out;
}

}  // namespace

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  if (!(statm >> total_pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void observe_status(const status& at) {
  auto& all = at.says.metrics;
  all.observe("fanfare_connections", "Clients connected, per namespace connection.",
              [&at] { return static_cast<double>(at.connections.size()); });
  all.observe("fanfare_rooms", "Rooms with somebody in them.",
              [&at] { return static_cast<double>(at.connections.room_count()); });
  all.observe("fanfare_filters", "Distinct pairs of room and filter in use.",
              [&at] { return static_cast<double>(at.events.active_filters()); });
  all.observe("fanfare_history_entries", "Events in the log.",
              [&at] { return static_cast<double>(at.log.used().entries); });
  all.observe("fanfare_history_bytes", "Bytes of events in the log.",
              [&at] { return static_cast<double>(at.log.used().bytes); });
  all.observe("fanfare_history_ready", "1 while the history takes events; 0 while its disk refuses.",
              [&at] { return at.log.ready() ? 1.0 : 0.0; });
  all.observe("fanfare_draining", "1 while the server is shutting down.",
              [&at] { return at.live.draining.load() ? 1.0 : 0.0; });
  for (const auto& [quantile, take] :
       {std::pair{"0.5", &delivery_latency::summary::p50_ms}, std::pair{"0.99", &delivery_latency::summary::p99_ms}}) {
    const auto lately = [&at, take = take] { return at.latency.lately(at.says.around.steady_now()).*take / 1000; };
    all.observe(
        "fanfare_delivery_seconds",
        "From an event's place in the log until a worker has handed it to its sockets, of the last half minute.",
        lately, {{"quantile", quantile}});
  }
  all.observe("fanfare_uptime_seconds", "Since the start.", [&at] { return since_start_s(at); });
  all.observe("process_resident_memory_bytes", "Resident memory size in bytes.",
              [] { return static_cast<double>(resident_bytes()); });
}

std::string exposition(const std::vector<metrics::sample>& samples) {
  std::vector<prometheus::MetricFamily> families;
  std::map<std::string, std::size_t> places;  // a family's samples must stand together
  for (const auto& sample : samples) {
    const auto [place, fresh] = places.try_emplace(sample.name, families.size());
    const bool counter = sample.type == metrics::kind::counter;
    if (fresh) {
      auto& family = families.emplace_back();
      family.name = sample.name;
      family.help = escaped_help(sample.help);
      family.type = counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    }
    auto& metric = families[place->second].metric.emplace_back();
    for (const auto& [name, content] : sample.labelled) metric.label.push_back({name, content});
    (counter ? metric.counter.value : metric.gauge.value) = sample.amount;
  }
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, families);
  return out.str();
}

void get_metrics(const status& at, const http::exchange_ptr& exchange, const credential&) {
  auto answer = http::response::text(200, exposition(at.says.metrics.collect()));
  answer.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  exchange->respond(std::move(answer), true);
}

void get_health(const status&, const http::exchange_ptr& exchange, const credential&) {
  exchange->respond(http::response::text(200, "ok\n"));
}

void get_readiness(const status& at, const http::exchange_ptr& exchange, const credential&) {
  if (at.live.draining.load()) return exchange->respond(http::response::text(503, "draining\n"));
  if (!at.log.ready()) return exchange->respond(http::response::text(503, "history is down\n"));
  exchange->respond(http::response::text(200, "ready\n"));
}

void get_stats(const status& at, const http::exchange_ptr& exchange, const credential&) {
  const auto samples = at.says.metrics.collect();
  const auto totals = totals_of(samples);
  const auto latency = at.latency.lately(at.says.around.steady_now());
  const auto uptime = since_start_s(at);
  const auto* published = totals.find("fanfare_events_published_total");
  auto& engine = at.io.engine();
  const auto log = at.log.used();
  array nodes;
  for (const auto& each : at.connections.nodes()) {
    nodes.emplace_back(object{{"name", each.name}, {"address", each.address}, {"draining", each.draining}});
  }
  exchange->respond(json_answer(
      200,
      object{
          {"version", at.version},
          {"time", format_rfc3339(at.says.around.now())},
          {"uptime_s", uptime},
          {"draining", at.live.draining.load()},
          {"workers", at.web.workers().size()},
          {"connections", object{{"total", at.connections.size()},
                                 {"sessions", engine.sessions()},
                                 {"websocket", engine.sessions("websocket")},
                                 {"polling", engine.sessions("polling")},
                                 {"tcp", at.web.connections()}}},
          {"node", at.connections.node()},
          {"nodes", std::move(nodes)},
          {"rooms", at.connections.room_count()},
          {"filters", at.events.active_filters()},
          {"events", object{{"published", published ? published->as_double() : 0.0},
                            {"published_per_second", published && uptime > 0 ? published->as_double() / uptime : 0.0}}},
          {"latency", object{{"p50_ms", latency.p50_ms}, {"p99_ms", latency.p99_ms}, {"samples", latency.samples}}},
          {"history", object{{"backend", at.backend},
                             {"ready", at.log.ready()},
                             {"entries", log.entries},
                             {"bytes", log.bytes},
                             {"rooms", log.rooms},
                             {"trimmed", log.trimmed},
                             {"cursor", at.events.head_cursor()}}},
          {"memory", object{{"resident_bytes", resident_bytes()}}},
          {"totals", totals},
          {"by_label", by_label(samples)}}));
}

}  // namespace fanfare::api
