#include "socketio/codec/packet_rules.hpp"

#include <gtest/gtest.h>

namespace fanfare::socketio {
namespace {

TEST(packet_rules, some_names_are_reserved) {
  for (const auto* name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_TRUE(is_reserved_event(name)) << name;
  }
  for (const auto* name : {"", "error", "connection", "Connect", "message"})
    EXPECT_FALSE(is_reserved_event(name)) << name;
}

TEST(packet_rules, names_are_texts) {
  EXPECT_EQ(event_name("a"), "a");
  EXPECT_EQ(event_name(5), "5");
  EXPECT_EQ(event_name(1.5), "1.5");
}

TEST(packet_rules, each_type_has_its_data) {
  using enum packet_type;
  const auto fits = [](packet_type type, const value& data, bool present = true) {
    return bool(check_data(type, data, present, {}));
  };
  EXPECT_TRUE(fits(connect, {}, false));
  EXPECT_TRUE(fits(connect, object{}));
  EXPECT_FALSE(fits(connect, array{}));
  EXPECT_FALSE(fits(connect, nullptr));
  EXPECT_TRUE(fits(disconnect, {}, false));
  EXPECT_FALSE(fits(disconnect, object{}));
  EXPECT_TRUE(fits(connect_error, "text"));
  EXPECT_TRUE(fits(connect_error, object{}));
  EXPECT_FALSE(fits(connect_error, 1));
  for (const auto type : {ack, binary_ack}) {
    EXPECT_TRUE(fits(type, array{}));
    EXPECT_FALSE(fits(type, object{}));
  }
  for (const auto type : {event, binary_event}) {
    EXPECT_TRUE(fits(type, array{"a"}));
    EXPECT_TRUE(fits(type, array{decimal{"1.0"}}));
    EXPECT_FALSE(fits(type, array{"connect"}));
    EXPECT_FALSE(fits(type, array{true}));
    EXPECT_FALSE(fits(type, array{}));
    EXPECT_FALSE(fits(type, "a"));
  }
  EXPECT_FALSE(fits(static_cast<packet_type>(9), {}));
}

TEST(packet_rules, names_have_a_bound) {
  packet_limits limits;
  limits.event_name_bytes_max = 3;
  EXPECT_TRUE(check_data(packet_type::event, array{"abc"}, true, limits));
  EXPECT_EQ(check_data(packet_type::event, array{"abcd"}, true, limits).error().code, errc::over_limit);
}

}  // namespace
}  // namespace fanfare::socketio
