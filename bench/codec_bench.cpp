// What one event costs before it is fanned out: JSON, the Socket.IO packet, the WebSocket frame.

#include <benchmark/benchmark.h>

#include <fanfare/base/json.hpp>
#include <fanfare/socketio/packet.hpp>

namespace {

using namespace fanfare;

constexpr std::string_view event_text =
    R"({"specversion":"1.0","id":"8c9f2f0e","type":"workflow.progress","source":"/ci","subject":"project:123",)"
    R"("time":"2025-01-01T12:00:00.000Z","data":{"workflow_id":"w1","project_id":"123","progress":42.5,"step":"test"},)"
    R"("cursor":"k3-184"})";

socketio::packet event_packet() { return {.data = array{"workflow.progress", json::parse(event_text).value()}}; }

void parse_json(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(json::parse(event_text));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * event_text.size()));
}
BENCHMARK(parse_json);

void write_json(benchmark::State& state) {
  const value event = json::parse(event_text).value();
  for (auto _ : state) benchmark::DoNotOptimize(json::write(event));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * event_text.size()));
}
BENCHMARK(write_json);

void encode_packet(benchmark::State& state) {
  const auto parser = socketio::json_parser()->make({});
  const auto out = event_packet();
  for (auto _ : state) benchmark::DoNotOptimize(parser->encode(out));
}
BENCHMARK(encode_packet);

void decode_packet(benchmark::State& state) {
  const auto parser = socketio::json_parser()->make({});
  const std::string text = "2" + json::write(event_packet().data);
  for (auto _ : state) benchmark::DoNotOptimize(parser->decode(text, false));
}
BENCHMARK(decode_packet);

}  // namespace
