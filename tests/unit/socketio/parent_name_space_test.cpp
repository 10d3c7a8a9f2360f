// GCC 12 sees uninitialised functions inside libstdc++'s <regex> when sanitizers are on (GCC bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "socketio/parent_name_space.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;

TEST(parent_name_space, a_parent_acts_on_all_its_children) {
  rig io;
  auto& dynamic = io.core->of(std::regex("^/dyn"));
  const auto one = io.join("/dyn-1"), two = io.join("/dyn-2");
  dynamic.all().sockets_join({"r"});
  EXPECT_EQ(dynamic.adapter()->room_size("r"), 2U);
  dynamic.to("r").emit("x");
  EXPECT_EQ(one->take().size() + two->take().size(), 2U);
  dynamic.all().sockets_leave({"r"});
  EXPECT_EQ(dynamic.adapter()->room_size("r"), 0U);

  int answered = 0;
  dynamic.adapter()->count_nodes([&](std::size_t nodes) { answered += static_cast<int>(nodes); });
  dynamic.adapter()->list_rooms([&](const auto& rooms) { answered += static_cast<int>(rooms.size()); });
  dynamic.adapter()->watch_rooms({});
  dynamic.server_side_emit("x", {});
  dynamic.adapter()->server_side_emit_with_ack("x", {}, milliseconds{1},
                                               [&](const auto& all) { EXPECT_TRUE(all->empty()); });
  dynamic.all().fetch_sockets([&](const auto& sockets) { EXPECT_TRUE(sockets.empty()); });
  dynamic.all().emit_with_ack("x", {}, [&](const broadcast_operator::acks& acks) {
    EXPECT_FALSE(acks.timed_out);
    ++answered;
  });
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(dynamic.name(), "/_0");

  dynamic.all().disconnect_sockets();
  EXPECT_EQ(dynamic.size(), 0U);
}

TEST(parent_name_space, cleans_up_empty_dynamic_namespaces_when_told) {
  for (const bool clean_up : {false, true}) {
    server_options options;
    options.cleanup_empty_child_namespaces = clean_up;
    rig io(options);
    int made = 0;
    io.core->on_new_namespace([&](name_space&) { ++made; });
    auto& dynamic = io.core->of(std::regex("^/dyn"));
    io.core->of("/fixed");
    const auto one = io.join("/dyn"), two = io.join("/dyn"), fixed = io.join("/fixed");
    one->receive("1/dyn,");
    const auto three = io.join("/dyn");
    EXPECT_EQ(made, 1);
    three->receive("1/dyn,");
    two->end(engineio::close_reason::transport_close);
    fixed->receive("1/fixed,");
    EXPECT_EQ(dynamic.size(), 0U);
    io.join("/dyn");
    EXPECT_EQ(made, clean_up ? 2 : 1);
    EXPECT_EQ(dynamic.size(), 1U);
    io.join("/fixed");
    EXPECT_EQ(io.core->of("/fixed").size(), 1U);
  }
}

}  // namespace
}  // namespace fanfare::socketio
