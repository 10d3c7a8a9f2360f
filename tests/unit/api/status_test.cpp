#include "api/status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <regex>
#include <set>
#include <sstream>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

using testing::HasSubstr;

/// Each line is a comment or a sample (exposition format 0.0.4), each family's samples stand together after its TYPE.
void expect_exposition(const std::string& text) {
  const std::regex sample(R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? (\S+))re");
  std::istringstream lines(text);
  std::set<std::string> finished;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(finished.insert(family).second) << family;
    }
    if (line.starts_with('#')) continue;
    std::smatch found;
    ASSERT_TRUE(std::regex_match(line, found, sample)) << line;
    EXPECT_EQ(found[1], family) << line;
    EXPECT_NO_THROW(static_cast<void>(std::stod(found[5]))) << line;
  }
}

TEST(Status, WritesTheExpositionFormat) {
  metrics::registry all;
  all.counter("fanfare_a_total", "A \\ help\nof two lines.", {{"cause", "quote \" slash \\ line\n"}}).add(2);
  all.gauge("fanfare_b", "B.").set(1.5);
  all.counter("fanfare_a_total", "A.", {{"cause", "y"}}).add();
  const auto text = api::exposition(all.collect());
  expect_exposition(text);
  EXPECT_THAT(text, HasSubstr("# TYPE fanfare_a_total counter\n"));
  EXPECT_THAT(text, HasSubstr("fanfare_a_total{cause=\"y\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("fanfare_b 1.5\n"));
}

TEST(Status, ServesMetrics) {
  rig host;
  guest peer(host, rig::token("u1"));
  const auto answer = host.get("/metrics", {});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  expect_exposition(answer.body);
  EXPECT_THAT(answer.body, HasSubstr("\nfanfare_connections 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("\nfanfare_rooms 2\n"));
  EXPECT_THAT(answer.body, HasSubstr("\nfanfare_history_bytes 0\n"));
}

TEST(Status, TellsLivenessFromReadiness) {
  rig host;
  EXPECT_EQ(host.get("/readyz", {}).status, 200u);
  host.history.refuse();
  EXPECT_EQ(host.get("/readyz", {}).status, 503u);
  host.history.refuse(false);
  host.shared.live.draining = true;
  EXPECT_EQ(host.get("/readyz", {}).body, "draining\n");
  EXPECT_EQ(host.get("/healthz", {}).status, 200u);
}

TEST(Status, CountsWhatIsThere) {
  rig host;
  guest peer(host, rig::token("u1"));
  ASSERT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  EXPECT_EQ(host.get("/api/v1/websocket/stats", {}).status, 401u);
  const auto stats = host.get("/api/v1/websocket/stats").json();
  EXPECT_EQ(stats.at_pointer("/connections/total")->as_double(), 1);
  EXPECT_EQ(stats.at_pointer("/connections/websocket")->as_double(), 1);
  EXPECT_EQ(stats.at_pointer("/connections/polling")->as_double(), 0);
  EXPECT_EQ(stats.find("workers")->as_double(), 2);
  EXPECT_EQ(stats.find("rooms")->as_double(), 2);
  EXPECT_EQ(stats.at_pointer("/history/entries")->as_double(), 1);
  EXPECT_EQ(stats.at_pointer("/history/cursor")->as_string(), host.events.head_cursor());
  EXPECT_GT(stats.at_pointer("/memory/resident_bytes")->as_double(), 1e6);
  EXPECT_FALSE(stats.find("draining")->as_bool());
  EXPECT_TRUE(stats.at_pointer("/history/ready")->as_bool());
  EXPECT_EQ(stats.at_pointer("/history/backend")->as_string(), "memory");
  EXPECT_EQ(*stats.at_pointer("/by_label/fanfare_events_delivered_total"), value(object{{"project.updated", 1.0}}));
}

TEST(Status, TellsHowLongDeliveryTakes) {
  rig host;
  guest peer(host, rig::token("u1", {"p1"}));
  peer.ask("subscribe", object{{"room", "project:p1"}});
  ASSERT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  peer.event("project.updated");
  const auto samples = [&host] { return host.shared.latency.lately(host.around.steady_now()).samples; };
  // Each worker measures by itself, and what is posted to one comes after: another task on each until both have.
  for (int round = 0; round < 1000 && samples() < 2; ++round) {
    for (unsigned i = 0; i < host.web.workers().size(); ++i) {
      std::promise<void> passed;
      auto& worker = host.web.workers().at(i);
      worker.post([&] { worker.defer([&passed] { passed.set_value(); }); });
      passed.get_future().wait();
    }
  }
  EXPECT_EQ(samples(), 2u);
  const auto stats = host.get("/api/v1/websocket/stats").json();
  const auto p50 = stats.at_pointer("/latency/p50_ms")->as_double();
  const auto p99 = stats.at_pointer("/latency/p99_ms")->as_double();
  EXPECT_GT(p50, 0);
  EXPECT_GE(p99, p50);
  EXPECT_THAT(host.get("/metrics", {}).body, HasSubstr("fanfare_delivery_seconds{quantile=\"0.99\"}"));
  host.around.steady_ahead_s = 31;
  EXPECT_EQ(samples(), 0u) << "of the last half minute";
}

}  // namespace
}  // namespace fanfare::test
