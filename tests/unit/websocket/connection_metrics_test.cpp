#include "websocket/connection_metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fanfare::websocket {
namespace {

TEST(connection_metrics, counts_nothing_without_a_registry) {
  connection_metrics metrics(nullptr);
  metrics.received(1);
  metrics.sent(1);
  metrics.closed(close_cause::peer);
}

TEST(connection_metrics, counts_messages_bytes_and_causes) {
  metrics::registry registry;
  connection_metrics metrics(&registry);
  metrics.received(10);
  metrics.received(5);
  metrics.sent(7);
  metrics.closed(close_cause::overload);
  EXPECT_EQ(registry.counter("fanfare_websocket_messages_total", "", {{"direction", "in"}}).get(), 2);
  EXPECT_EQ(registry.counter("fanfare_websocket_message_bytes_total", "", {{"direction", "in"}}).get(), 15);
  EXPECT_EQ(registry.counter("fanfare_websocket_messages_total", "", {{"direction", "out"}}).get(), 1);
  EXPECT_EQ(registry.counter("fanfare_websocket_message_bytes_total", "", {{"direction", "out"}}).get(), 7);
  EXPECT_EQ(registry.counter("fanfare_websocket_closes_total", "", {{"cause", "overload"}}).get(), 1);
}

TEST(connection_metrics, labels_every_cause_differently) {
  std::set<std::string_view> labels;
  for (unsigned i = 0; i <= static_cast<unsigned>(close_cause::handler_error); ++i) {
    labels.insert(label(static_cast<close_cause>(i)));
  }
  EXPECT_EQ(labels.size(), static_cast<std::size_t>(close_cause::handler_error) + 1);
  EXPECT_FALSE(labels.contains("unknown"));
  EXPECT_EQ(label(static_cast<close_cause>(200)), "unknown");
}

}  // namespace
}  // namespace fanfare::websocket
