#include "socketio/counters.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

TEST(counters, count_by_direction_type_and_cause) {
  test::rig io;
  counters count(io.numbers);
  count.received(packet_type::event);
  count.received(packet_type::binary_event);  // an event like any other
  count.sent(packet_type::ack, 3);
  count.sent(packet_type::binary_ack);
  count.refused("rooms");
  count.refused("rooms");
  count.connect_error("middleware");
  EXPECT_EQ(io.metric("fanfare_socketio_packets_total", "in"), 2);
  EXPECT_EQ(io.metric("fanfare_socketio_packets_total", "event"), 2);
  EXPECT_EQ(io.metric("fanfare_socketio_packets_total", "ack"), 4);
  EXPECT_EQ(io.metric("fanfare_socketio_refused_total", "rooms"), 2);
  EXPECT_EQ(io.metric("fanfare_socketio_connect_errors_total", "middleware"), 1);
}

}  // namespace
}  // namespace fanfare::socketio
