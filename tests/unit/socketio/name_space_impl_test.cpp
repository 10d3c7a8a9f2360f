#include "socketio/name_space_impl.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;
using texts = std::vector<std::string>;

TEST(name_space, answers_the_connect_before_anything_else) {
  rig io;
  io.core->of("/").on_connection([](const socket_ptr& socket) { socket->emit("auth", socket->handshake().auth); });
  const auto engine = io.connect();
  engine->receive(R"(0{"token":"123"})");
  EXPECT_EQ(engine->take(), (texts{R"(40{"sid":"id1"})", R"(42["auth",{"token":"123"}])"}));
}

TEST(name_space, middlewares_run_in_order) {
  rig io;
  texts seen;
  auto& root = io.core->of("/");
  root.use([&](const socket_ptr& socket, const name_space::next& next) {
    EXPECT_FALSE(socket->connected());
    socket->data() = 5;
    EXPECT_TRUE(socket->join("early"));
    EXPECT_TRUE(socket->join("early"));
    EXPECT_TRUE(socket->join("left"));
    socket->leave("left");
    EXPECT_EQ(socket->rooms(), texts{"early"});
    seen.emplace_back("first");
    next(std::nullopt);
    next(rejection{"too late", {}});
  });
  root.use([&](const socket_ptr&, const name_space::next& next) {
    seen.emplace_back("second");
    next(std::nullopt);
  });
  io.watch();
  const auto engine = io.join();
  EXPECT_EQ(seen, (texts{"first", "second"}));
  ASSERT_EQ(io.joined.size(), 1U);
  EXPECT_EQ(io.joined[0]->rooms(), (texts{"early", "id1"}));
  root.to("early").emit("x");
  EXPECT_EQ(engine->take(), texts{R"(42["x"])"});
}

TEST(name_space, a_middleware_may_bring_a_session_back) {
  rig io;
  io.watch();
  io.core->of("/").use([](const socket_ptr& socket, const name_space::next& next) {
    const auto* pid = socket->handshake().auth.find("pid");
    socket->identify(pid != nullptr ? "theirs" : "new", pid != nullptr ? "before" : "");
    next(std::nullopt);
  });
  const auto engine = io.connect();
  engine->receive("0");
  EXPECT_EQ(engine->take(), texts{R"(40{"sid":"id1","pid":"new"})"});
  EXPECT_FALSE(io.joined[0]->recovered());
  const auto next = io.connect();
  next->receive(R"(0{"pid":"theirs"})");
  EXPECT_EQ(next->take(), texts{R"(40{"sid":"before","pid":"theirs"})"});
  EXPECT_TRUE(io.joined[1]->recovered());
  EXPECT_EQ(io.joined[1]->rooms(), texts{"before"});
  io.joined[1]->identify("late", "late");
  EXPECT_EQ(io.joined[1]->id(), "before") << "once connected it is who it is";
}

TEST(name_space, middleware_refuses) {
  rig io;
  io.watch();
  io.core->of("/").use([](const socket_ptr& socket, const name_space::next& next) {
    socket->on_any_outgoing([keep = socket](std::string_view, const array&) {});
    const auto* data = socket->handshake().auth.find("data");
    next(rejection{"not you", data != nullptr ? *data : value()});
  });
  const auto engine = io.connect();
  engine->receive("0");
  engine->receive(R"(0{"data":{"code":"forbidden"}})");
  EXPECT_EQ(engine->take(),
            (texts{R"(44{"message":"not you"})", R"(44{"message":"not you","data":{"code":"forbidden"}})"}));
  EXPECT_TRUE(io.joined.empty());
  EXPECT_FALSE(engine->closed);
  EXPECT_EQ(io.metric("fanfare_socketio_connect_errors_total", "middleware"), 2);
}

TEST(name_space, a_middleware_that_throws_lets_nobody_in) {
  rig io;
  io.core->of("/").use([](const socket_ptr&, const name_space::next&) { throw 1; });
  const auto engine = io.connect();
  engine->receive("0");
  EXPECT_EQ(engine->take(), texts{R"(44{"message":"Internal error"})"});
  EXPECT_EQ(io.metric("fanfare_socketio_handler_errors_total"), 1);
}

TEST(name_space, waits_for_a_middleware_that_takes_its_time) {
  rig io;
  io.watch();
  std::vector<name_space::next> waiting;
  io.core->of("/").use([&](const socket_ptr&, name_space::next next) { waiting.push_back(std::move(next)); });
  const auto engine = io.connect();
  const auto leaving = io.connect();
  engine->receive("0");
  leaving->receive("0");
  leaving->end(engineio::close_reason::transport_close);
  EXPECT_TRUE(engine->take().empty());
  for (const auto& next : waiting) next(std::nullopt);
  EXPECT_EQ(engine->take(), texts{R"(40{"sid":"id1"})"});
  EXPECT_TRUE(leaving->take().empty());
  EXPECT_EQ(io.joined.size(), 1U);
  EXPECT_EQ(io.core->of("/").size(), 1U);

  const auto rejected = io.connect();
  rejected->receive("0");
  rejected->end(engineio::close_reason::transport_close);
  waiting.back()(rejection{"no", {}});
  EXPECT_TRUE(rejected->take().empty());
}

TEST(name_space, a_connection_handler_may_end_the_connection) {
  rig io;
  int later = 0;
  io.core->of("/").on_connection([](const socket_ptr& socket) { socket->disconnect(true); });
  io.core->of("/").on_connection([&](const socket_ptr&) { ++later; });
  const auto engine = io.connect();
  engine->receive("0");
  EXPECT_EQ(engine->take(), (texts{R"(40{"sid":"id1"})", "41"}));
  EXPECT_TRUE(engine->closed);
  EXPECT_EQ(later, 0);
  EXPECT_EQ(io.core->of("/").size(), 0U);
}

TEST(name_space, what_is_set_up_later_holds_for_those_who_come_later) {
  rig io;
  io.join();
  int seen = 0;
  io.core->of("/").on_connection([&](const socket_ptr&) { ++seen; });
  io.join();
  EXPECT_EQ(seen, 1);
}

TEST(name_space, server_side_events_reach_their_listeners) {
  rig io;
  texts seen;
  auto& root = io.core->of("/");
  root.on("a", [&](const event& in) { seen.push_back(in.name + " " + std::to_string(in.args.size())); });
  root.on("a", [&](const event&) { throw 1; });
  root.on("b", [&](const event&) { seen.emplace_back("b"); });
  root.deliver_server_side({"a", {1, 2}, {}});
  EXPECT_EQ(seen, texts{"a 2"});
  EXPECT_EQ(io.metric("fanfare_socketio_handler_errors_total"), 1);
  root.server_side_emit("a", {});  // to other nodes, of which there are none
  EXPECT_EQ(seen.size(), 1U);
}

TEST(name_space, a_fleet_wraps_the_adapter_of_the_node) {
  server_options options;
  std::shared_ptr<adapter> seen;
  std::string name;
  options.adapter = [&](name_space& nsp, std::shared_ptr<adapter> node) {
    name = nsp.name();
    seen = node;
    return node;
  };
  rig io(options);
  EXPECT_EQ(name, "/");
  EXPECT_EQ(io.core->of("/").adapter(), seen);
}

}  // namespace
}  // namespace fanfare::socketio
