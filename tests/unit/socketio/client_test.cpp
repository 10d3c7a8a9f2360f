#include "socketio/client.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;
using texts = std::vector<std::string>;

TEST(client, joins_a_namespace) {
  rig io;
  const auto engine = io.connect();
  EXPECT_TRUE(engine->take().empty());
  engine->receive("0");
  EXPECT_EQ(engine->take(), texts{R"(40{"sid":"id1"})"});
  EXPECT_EQ(io.metric("fanfare_socketio_sockets"), 1);
  EXPECT_EQ(io.metric("fanfare_socketio_packets_total", "in"), 1);
  EXPECT_EQ(io.metric("fanfare_socketio_packets_total", "out"), 1);
}

TEST(client, several_namespaces_share_a_connection) {
  rig io;
  io.watch();
  io.core->of("/custom");
  io.watch("/custom");
  const auto engine = io.join();
  engine->receive(R"(0/custom,{"token":"abc"})");
  EXPECT_EQ(engine->take(), texts{R"(40/custom,{"sid":"id2"})"});
  ASSERT_EQ(io.joined.size(), 2U);
  EXPECT_EQ(io.joined[0]->handshake().auth, value(object{}));
  EXPECT_EQ(io.joined[1]->handshake().auth, value(object{{"token", "abc"}}));
  io.joined[1]->emit("x");
  EXPECT_EQ(engine->take(), texts{R"(42/custom,["x"])"});

  engine->receive("1/custom,");
  EXPECT_FALSE(io.joined[1]->connected());
  EXPECT_TRUE(io.joined[0]->connected());
  engine->receive("0/custom,");
  EXPECT_EQ(engine->take(), texts{R"(40/custom,{"sid":"id3"})"});
}

TEST(client, a_query_makes_another_name_as_in_node) {
  rig io;
  io.core->of("/admin");
  const auto engine = io.connect();
  engine->receive("0/admin?token=1,");
  EXPECT_EQ(engine->take(), texts{R"(44/admin?token=1,{"message":"Invalid namespace"})"});
  EXPECT_EQ(io.core->of("/admin").size(), 0U);
}

TEST(client, refuses_an_unknown_namespace_and_lives) {
  rig io;
  const auto engine = io.join();
  engine->receive("0/random");
  EXPECT_EQ(engine->take(), texts{R"(44/random,{"message":"Invalid namespace"})"});
  EXPECT_FALSE(engine->closed);
  EXPECT_EQ(io.metric("fanfare_socketio_connect_errors_total", "invalid_namespace"), 1);
}

TEST(client, refuses_namespaces_past_the_bound) {
  server_options options;
  options.namespaces_per_connection_max = 2;
  rig io(options);
  for (const auto* name : {"/a", "/b", "/c"}) io.core->of(name);
  const auto engine = io.connect();
  engine->receive("0/a,");
  engine->receive("0/b,");
  engine->take();
  engine->receive("0/c,");
  EXPECT_EQ(engine->take(), texts{R"(44/c,{"message":"Too many namespaces"})"});
  EXPECT_EQ(io.metric("fanfare_socketio_refused_total", "namespaces"), 1);
  engine->receive("1/a,");
  engine->receive("0/c,");
  EXPECT_EQ(engine->take().size(), 1U);
  EXPECT_EQ(io.core->of("/c").size(), 1U);
}

TEST(client, connects_under_way_count_against_the_bound) {
  server_options options;
  options.namespaces_per_connection_max = 1;
  rig io(options);
  io.core->of("/").use([](const socket_ptr&, const name_space::next&) {});
  io.core->of("/b");
  const auto engine = io.connect();
  engine->receive("0");
  engine->receive("0/b,");
  EXPECT_EQ(engine->take(), texts{R"(44/b,{"message":"Too many namespaces"})"});
}

// Node's Client: "invalid state".
TEST(client, closes_on_packets_that_make_no_sense_in_its_state) {
  for (const auto* text : {"0", "4{}", R"(2/x,["a"])", "1/x,", "3/x,1[]"}) {
    rig io;
    io.watch();
    const auto engine = io.join();
    std::string reason;
    io.joined[0]->on_disconnect([&reason](std::string_view why) { reason = why; });
    engine->receive(text);
    EXPECT_TRUE(engine->closed) << text;
    EXPECT_EQ(reason, "forced server close") << text;
    EXPECT_EQ(io.metric("fanfare_socketio_refused_total", "invalid_state"), 1) << text;
    EXPECT_EQ(io.metric("fanfare_socketio_sockets"), 0) << text;
  }
}

TEST(client, closes_on_a_second_connect_while_the_first_is_under_way) {
  rig io;
  io.core->of("/").use([](const socket_ptr&, const name_space::next&) {});
  const auto engine = io.connect();
  engine->receive("0");
  engine->receive("0");
  EXPECT_TRUE(engine->closed);
}

TEST(client, closes_on_what_it_cannot_decode) {
  rig io;
  io.watch();
  const auto engine = io.join();
  std::string reason, fault;
  io.joined[0]->on_disconnect([&reason](std::string_view why) { reason = why; });
  io.joined[0]->on_error([&fault](const rejection& why) { fault = why.message; });
  engine->receive("abc");
  EXPECT_TRUE(engine->closed);
  EXPECT_EQ(reason, "forced close");  // as Node 4.8 has it, not "parse error"
  EXPECT_EQ(fault, "unknown packet type");
  EXPECT_EQ(io.metric("fanfare_socketio_refused_total", describe(errc::bad_request).metric_label), 1);
  engine->receive("2[\"late\"]");
}

TEST(client, gives_up_on_one_that_joins_nothing) {
  server_options options;
  options.connect_timeout = milliseconds{500};
  rig io(options);
  const auto idle = io.connect();
  const auto busy = io.join();
  const auto refused = io.connect();
  refused->receive("0/nowhere");
  io.pool.advance(milliseconds{499});
  EXPECT_FALSE(idle->closed);
  io.pool.advance(milliseconds{1});
  EXPECT_TRUE(idle->closed);
  EXPECT_TRUE(refused->closed);
  EXPECT_FALSE(busy->closed);
  EXPECT_EQ(io.metric("fanfare_socketio_refused_total", "connect_timeout"), 2);
  EXPECT_EQ(io.pool.at(0).timers(), 0U);
}

TEST(client, its_timer_ends_with_it) {
  rig io;
  io.connect()->end(engineio::close_reason::transport_close);
  EXPECT_EQ(io.pool.at(0).timers(), 0U);
}

TEST(client, its_sockets_learn_why_it_ended) {
  using enum engineio::close_reason;
  for (const auto why : {transport_error, transport_close, ping_timeout, parse_error, forced_close, server_shutdown}) {
    rig io;
    io.watch();
    const auto engine = io.join();
    texts seen;
    io.joined[0]->on_disconnecting([&](std::string_view reason) {
      seen.push_back("disconnecting " + std::string(reason) + " " + std::to_string(io.joined[0]->rooms().size()));
    });
    io.joined[0]->on_disconnect([&](std::string_view reason) {
      seen.push_back("disconnect " + std::string(reason) + " " + std::to_string(io.joined[0]->rooms().size()));
    });
    engine->end(why);
    const std::string word(engineio::to_string(why));
    EXPECT_EQ(seen, (texts{"disconnecting " + word + " 1", "disconnect " + word + " 0"}));
  }
}

TEST(client, takes_binary_events_apart_and_together) {
  rig io;
  io.watch();
  const auto engine = io.join();
  io.joined[0]->on("message", [&](event in) { io.joined[0]->emit_list("back", std::move(in.args)); });
  engine->receive(R"(51-["message",{"_placeholder":true,"num":0}])");
  EXPECT_TRUE(engine->take().empty());
  engine->receive_bytes("\1\2\3");
  EXPECT_EQ(engine->take(), (texts{R"(451-["back",{"_placeholder":true,"num":0}])", "b010203"}));
}

TEST(client, a_handler_may_end_the_connection_it_runs_for) {
  rig io;
  io.watch();
  const auto engine = io.join();
  io.joined[0]->on("bye", [&](const event&) { io.joined[0]->disconnect(true); });
  auto kept = std::exchange(io.joined, {});
  io.joined.push_back(kept[0]);
  engine->receive(R"(2["bye"])");
  EXPECT_EQ(engine->take(), texts{"41"});
  EXPECT_TRUE(engine->closed);
}

TEST(client, an_engine_that_ends_while_sent_to_harms_nothing) {
  rig io;
  io.watch();
  const auto engine = io.connect();
  engine->fails_on_send = true;
  engine->receive("0");
  EXPECT_EQ(io.metric("fanfare_socketio_sockets"), 0);
  EXPECT_TRUE(io.joined.empty());
}

TEST(client, a_connect_held_up_in_middleware_is_timed_out) {
  server_options options;
  options.connect_timeout = milliseconds{500};
  rig io(options);
  name_space::next held;
  io.core->of("/").use([&held](const socket_ptr&, const name_space::next& next) { held = next; });
  const auto engine = io.connect();
  engine->receive("0");
  io.pool.advance(milliseconds{499});
  EXPECT_FALSE(engine->closed);
  io.pool.advance(milliseconds{1});
  EXPECT_TRUE(engine->closed);
  EXPECT_EQ(io.metric("fanfare_socketio_refused_total", "connect_timeout"), 1);
  held(std::nullopt);  // too late
  io.pool.run();
  EXPECT_EQ(engine->take(), texts{});
}

}  // namespace
}  // namespace fanfare::socketio
