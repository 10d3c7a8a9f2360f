// GCC 12 sees uninitialised functions inside libstdc++'s <regex> when sanitizers are on (GCC bug 105562).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "socketio/server_core.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;
using texts = std::vector<std::string>;

TEST(server_core, a_name_is_one_namespace) {
  rig io;
  EXPECT_EQ(&io.core->of("chat"), &io.core->of("/chat"));
  EXPECT_EQ(io.core->of("chat").name(), "/chat");
  EXPECT_EQ(&io.core->of(""), &io.core->of("/"));
}

TEST(server_core, closing_tells_every_socket) {
  rig io({}, 3);
  io.watch();
  std::vector<test::fake_engine_ptr> engines;
  for (unsigned worker = 0; worker < 3; ++worker) engines.push_back(io.join("/", worker));
  texts reasons;
  for (const auto& socket : io.joined) {
    socket->on_disconnect([&](std::string_view why) { reasons.emplace_back(why); });
  }
  io.core->close();
  io.pool.run();
  EXPECT_EQ(reasons, texts(3, "server shutting down"));
  for (const auto& engine : engines) engine->end(engineio::close_reason::server_shutdown);
  EXPECT_EQ(reasons.size(), 3U);
}

TEST(server_core, makes_namespaces_that_match) {
  rig io;
  texts made;
  io.core->on_new_namespace([&](name_space& nsp) { made.push_back(nsp.name()); });
  auto& dynamic = io.core->of(std::regex("^/dyn-\\d+$"));
  texts joined;
  int through = 0;
  dynamic.use([&](const socket_ptr&, const name_space::next& next) {
    ++through;
    next(std::nullopt);
  });
  dynamic.on_connection([&](const socket_ptr& socket) { joined.push_back(socket->nsp().name()); });
  int told = 0;
  dynamic.on("told", [&](const event&) { ++told; });

  const auto engine = io.connect();
  engine->receive("0/dyn-1,");
  engine->receive("0/dyn-2,");
  engine->receive("0/dyn-x,");
  EXPECT_EQ(engine->take(), (texts{R"(40/dyn-1,{"sid":"id1"})", R"(40/dyn-2,{"sid":"id2"})",
                                   R"(44/dyn-x,{"message":"Invalid namespace"})"}));
  EXPECT_EQ(joined, (texts{"/dyn-1", "/dyn-2"}));
  EXPECT_EQ(made, joined);
  EXPECT_EQ(through, 2);
  EXPECT_EQ(&io.core->of("/dyn-3"), &io.core->of("/dyn-3"));
  EXPECT_EQ(made.size(), 3U);
  io.core->of("/dyn-3").deliver_server_side({"told", {}, {}});
  dynamic.deliver_server_side({"told", {}, {}});  // not to a parent
  EXPECT_EQ(told, 1);

  EXPECT_EQ(dynamic.size(), 2U);
  dynamic.emit("x", 1);
  EXPECT_EQ(engine->take(), (texts{R"(42/dyn-1,["x",1])", R"(42/dyn-2,["x",1])"}));
}

TEST(server_core, asks_matchers_in_order_however_long_they_take) {
  rig io;
  texts asked;
  std::function<void(bool)> answer;
  io.core->of([&](const std::string& name, const value& auth, const std::function<void(bool)>& next) {
    asked.push_back("first " + name);
    EXPECT_EQ(auth, value(object{{"a", 1}}));
    answer = next;
  });
  io.core->of([&](const std::string& name, const value&, const std::function<void(bool)>& next) {
    asked.push_back("second " + name);
    next(name == "/yes");
    next(true);
  });
  io.core->of([](const std::string&, const value&, const std::function<void(bool)>&) { throw 1; });
  const auto engine = io.connect();
  engine->receive(R"(0/yes,{"a":1})");
  EXPECT_EQ(asked, texts{"first /yes"});
  answer(false);
  answer(true);
  EXPECT_EQ(asked, (texts{"first /yes", "second /yes"}));
  EXPECT_EQ(engine->take(), texts{R"(40/yes,{"sid":"id1"})"});
  engine->receive(R"(0/no,{"a":1})");
  answer(false);
  EXPECT_EQ(engine->take(), texts{R"(44/no,{"message":"Invalid namespace"})"});
  EXPECT_EQ(io.metric("fanfare_socketio_handler_errors_total"), 1);

  engine->receive(R"(0/late,{"a":1})");
  engine->end(engineio::close_reason::transport_close);
  answer(true);
  EXPECT_EQ(io.core->of("/late").size(), 0U);
}

TEST(server_core, two_who_ask_at_once_share_a_namespace) {
  rig io;
  std::vector<std::function<void(bool)>> answers;
  int made = 0;
  io.core->on_new_namespace([&](name_space&) { ++made; });
  io.core->of(
      [&](const std::string&, const value&, const std::function<void(bool)>& next) { answers.push_back(next); });
  const auto one = io.connect(), two = io.connect();
  one->receive("0/a,");
  two->receive("0/a,");
  for (const auto& answer : answers) answer(true);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(io.core->of("/a").size(), 2U);
}

TEST(server_core, a_refused_connect_leaves_no_empty_namespace) {
  server_options options;
  options.cleanup_empty_child_namespaces = true;
  rig io(options);
  int made = 0;
  io.core->on_new_namespace([&](name_space&) { ++made; });
  io.core->of(std::regex("^/dyn")).use([](const socket_ptr&, const name_space::next& next) {
    next(rejection{"no", {}});
  });
  io.join("/dyn");
  io.join("/dyn");
  EXPECT_EQ(made, 2);
}

}  // namespace
}  // namespace fanfare::socketio
