#include "socketio/socket_impl.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using texts = std::vector<std::string>;

/// One server, one connection, its socket.
struct socket_test : testing::Test {
  void start(server_options options = {}) {
    io.emplace(std::move(options));
    io->watch();
    engine = io->join();
    socket = io->joined.at(0);
  }
  void broadcast(const char* name, int n) {
    io->core->of("/").all().emit(name, n);
    io->pool.run();
  }
  std::optional<test::rig> io;
  test::fake_engine_ptr engine;
  socket_ptr socket;
};

TEST_F(socket_test, emits_and_listens) {
  start();
  std::vector<event> seen;
  socket->on("a", [&](event in) { seen.push_back(std::move(in)); });
  socket->on("a", [&](event in) { seen.push_back(std::move(in)); });
  engine->receive(R"(2["a",1,{"b":[true]}])");
  engine->receive(R"(2["unheard"])");
  engine->receive("2");  // an event without data: Node's parser lets it pass, and nobody listens
  engine->receive("22");
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].name, "a");
  EXPECT_EQ(seen[1].args, (array{1, object{{"b", array{true}}}}));
  EXPECT_FALSE(seen[0].ack);

  socket->emit("b", 1, "two", nullptr);
  socket->emit_list("c", {value(array{1})}, {.is_volatile = true, .compress = false, .conflate_key = "k"});
  EXPECT_EQ(engine->take(), (texts{R"(42["b",1,"two",null])", R"(42["c",[1]])"}));
  EXPECT_TRUE(engine->how.back().is_volatile);
  EXPECT_FALSE(engine->how.back().compress);
  EXPECT_EQ(engine->how.back().conflate_key, "k");

  socket->off("a");
  socket->off("never");
  engine->receive(R"(2["a"])");
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(socket_test, holds_broadcasts_back_until_it_is_released) {
  start();
  int overflows = 0;
  socket->hold(1000, [&] { ++overflows; });
  broadcast("held", 1);
  broadcast("held", 2);
  socket->emit("own");
  EXPECT_EQ(engine->take(), texts{R"(42["own"])"});
  socket->release();
  EXPECT_EQ(engine->take(), (texts{R"(42["held",1])", R"(42["held",2])"}));
  socket->release();
  broadcast("live", 3);
  EXPECT_EQ(engine->take(), texts{R"(42["live",3])"});
  EXPECT_EQ(overflows, 0);
}

TEST_F(socket_test, what_is_for_it_alone_passes_the_gate) {
  server_options options;
  options.recovery.emplace();
  start(std::move(options));
  socket->hold(1000, [] {});
  broadcast("held", 1);
  socket->emit("own");  // by way of its own room, as all that recovery keeps
  io->pool.run();
  const auto first = engine->take();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(first[0].starts_with(R"(42["own")")) << first[0];
  socket->release();
  EXPECT_EQ(engine->take().size(), 1U);
}

TEST_F(socket_test, what_is_held_back_has_a_bound) {
  start();
  socket->hold(1000, [&] { socket->release(); });
  for (int n = 0; n < 10; ++n) broadcast("held", n);
  const auto first = engine->take();
  EXPECT_EQ(first.size(), 10U) << "nothing is lost, and the gate stays open";
  for (int n = 0; n < 10; ++n) EXPECT_EQ(first[static_cast<std::size_t>(n)], "42[\"held\"," + std::to_string(n) + "]");
}

TEST_F(socket_test, numbers_are_names_too) {
  start();
  int heard = 0;
  socket->on("5", [&](const event&) { ++heard; });
  engine->receive("2[5]");
  EXPECT_EQ(heard, 1);
}

TEST_F(socket_test, tells_of_itself) {
  start();
  EXPECT_EQ(socket->id(), "id1");
  EXPECT_EQ(socket->nsp().name(), "/");
  EXPECT_EQ(&socket->worker(), &io->pool.at(0));
  EXPECT_EQ(socket->transport(), "websocket");
  EXPECT_EQ(socket->queued_bytes(), 7U);
  EXPECT_TRUE(socket->connected());
  EXPECT_FALSE(socket->recovered());
  socket->data() = "mine";
  EXPECT_EQ(socket->data(), value("mine"));
  socket->close_transport();
  EXPECT_TRUE(engine->transport_closed);
}

TEST_F(socket_test, answers_an_event_once) {
  start();
  ack kept;
  socket->on("a", [&](const event& in) {
    kept = in.ack;
    in.ack({1, "2"});
  });
  engine->receive(R"(256["a"])");
  kept({3});
  EXPECT_EQ(engine->take(), texts{R"(4356[1,"2"])"});
}

TEST_F(socket_test, an_answer_after_the_end_goes_nowhere) {
  start();
  ack kept;
  socket->on("a", [&](const event& in) { kept = in.ack; });
  engine->receive(R"(21["a"])");
  engine->end(engineio::close_reason::transport_close);
  kept({1});
  io->pool.run();
  EXPECT_TRUE(engine->take().empty());

  ack outlives;
  start();
  socket->on("a", [&](const event& in) { outlives = in.ack; });
  engine->receive(R"(21["a"])");
  socket.reset();
  io.reset();
  outlives({1});
}

TEST_F(socket_test, asks_for_answers) {
  start();
  std::vector<array> answers;
  std::vector<errc> failures;
  const auto note = [&](result<array> answer) {
    answer ? answers.push_back(*answer) : failures.push_back(answer.error().code);
  };
  socket->emit_with_ack("q", {1}, milliseconds{100}, note);
  socket->emit_with_ack("r", {}, milliseconds{100}, note);
  socket->emit_with_ack("s", {}, milliseconds{0}, note);
  EXPECT_EQ(engine->take(), (texts{R"(420["q",1])", R"(421["r"])", R"(422["s"])"}));
  engine->receive(R"(30["yes"])");
  engine->receive(R"(30["again"])");
  engine->receive("3999[]");
  engine->receive("3[]");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0], array{"yes"});
  io->pool.advance(milliseconds{100});
  EXPECT_EQ(failures, std::vector{errc::timeout});
  engine->end(engineio::close_reason::transport_close);
  EXPECT_EQ(failures, (std::vector{errc::timeout, errc::closed}));
  socket->emit_with_ack("t", {}, milliseconds{0}, note);
  io->pool.run();
  EXPECT_EQ(failures.size(), 3U);
}

TEST_F(socket_test, waits_for_no_more_answers_than_the_bound) {
  server_options options;
  options.pending_acks_max = 1;
  start(options);
  std::vector<errc> failures;
  const auto note = [&](const result<array>& answer) { failures.push_back(answer.error().code); };
  socket->emit_with_ack("q", {}, milliseconds{0}, note);
  socket->emit_with_ack("q", {}, milliseconds{0}, note);
  EXPECT_TRUE(failures.empty());  // never from inside the call
  io->pool.run();
  EXPECT_EQ(failures, std::vector{errc::over_limit});
  EXPECT_EQ(engine->take().size(), 1U);
  EXPECT_EQ(io->metric("fanfare_socketio_refused_total", "pending_acks"), 1);
}

TEST_F(socket_test, does_not_emit_reserved_names) {
  start();
  socket->emit("connect");
  socket->emit("disconnect", 1);
  std::optional<errc> failure;
  socket->emit_with_ack("newListener", {}, milliseconds{0}, [&](const result<array>& a) { failure = a.error().code; });
  io->pool.run();
  EXPECT_TRUE(engine->take().empty());
  EXPECT_EQ(failure, errc::bad_request);
  EXPECT_EQ(io->metric("fanfare_socketio_refused_total", "reserved_event"), 3);
}

TEST_F(socket_test, listeners_to_everything) {
  start();
  texts seen;
  socket->on("a", [&](const event& in) { seen.push_back("own " + in.name); });
  socket->on_any([&](const event& in) { seen.push_back("any " + in.name); });
  socket->on_any_outgoing([&](std::string_view name, const array& args) {
    seen.push_back("out " + std::string(name) + " " + std::to_string(args.size()));
  });
  engine->receive(R"(2["a"])");
  engine->receive(R"(2["b"])");
  socket->emit("c", 1, 2);
  socket->emit_with_ack("d", {1}, milliseconds{0}, [](const result<array>&) {});
  io->core->of("/").emit("e");
  EXPECT_EQ(seen, (texts{"any a", "own a", "any b", "out c 2", "out d 1", "out e 0"}));
}

TEST_F(socket_test, middleware_sees_each_event_first) {
  start();
  texts seen;
  socket::next later;
  socket->use([&](event& in, socket::next next) {
    in.args.emplace_back("seen");
    if (in.name == "late") {
      later = std::move(next);
    } else if (in.name == "bad") {
      next(rejection{"no", 5});
      next(std::nullopt);  // too late
    } else {
      next(std::nullopt);
    }
  });
  socket->use([&](event& in, const socket::next& next) {
    seen.push_back("second " + in.name);
    next(std::nullopt);
  });
  socket->on_error([&](const rejection& why) { seen.push_back("error " + why.message); });
  for (const auto* name : {"a", "late", "bad"}) {
    socket->on(name, [&](const event& in) { seen.push_back(in.name + " " + std::to_string(in.args.size())); });
  }
  engine->receive(R"(2["late"])");
  engine->receive(R"(2["a",1])");
  engine->receive(R"(2["bad"])");
  EXPECT_EQ(seen, (texts{"second a", "a 2", "error no"}));
  later(std::nullopt);
  later(std::nullopt);
  EXPECT_EQ(seen, (texts{"second a", "a 2", "error no", "second late", "late 1"}));

  engine->receive(R"(2["late"])");
  engine->end(engineio::close_reason::transport_close);
  later(std::nullopt);
  EXPECT_EQ(seen.back(), "late 1");
}

TEST_F(socket_test, what_handlers_throw_is_counted) {
  start();
  int heard = 0;
  socket->on("a", [](const event&) { throw std::runtime_error("x"); });
  socket->on("a", [&](const event&) { ++heard; });
  socket->on_any([](const event&) { throw 1; });
  socket->use([](event& in, const socket::next& next) {
    if (in.name == "thrown") throw 1;
    next(std::nullopt);
  });
  socket->on_disconnect([](std::string_view) { throw 1; });
  engine->receive(R"(2["a"])");
  engine->receive(R"(2["thrown"])");
  EXPECT_EQ(heard, 1);
  socket->emit_with_ack("q", {}, milliseconds{0}, [](const result<array>&) { throw 1; });
  engine->receive("30[]");
  engine->end(engineio::close_reason::transport_close);
  EXPECT_EQ(io->metric("fanfare_socketio_handler_errors_total"), 6);
}

TEST_F(socket_test, is_in_the_rooms_it_joined) {
  start();
  EXPECT_EQ(socket->rooms(), texts{"id1"});
  EXPECT_TRUE(socket->join("a"));
  EXPECT_TRUE(socket->join("b"));
  EXPECT_TRUE(socket->join("a"));
  EXPECT_EQ(socket->rooms(), (texts{"id1", "a", "b"}));
  socket->leave("a");
  socket->leave("never");
  EXPECT_EQ(socket->rooms(), (texts{"id1", "b"}));
  engine->end(engineio::close_reason::transport_close);
  EXPECT_TRUE(socket->rooms().empty());
  EXPECT_EQ(socket->join("c").error().code, errc::closed);
  socket->leave("b");
}

TEST_F(socket_test, joins_no_more_rooms_than_the_bound) {
  server_options options;
  options.rooms_per_socket_max = 2;
  start(options);
  EXPECT_TRUE(socket->join("a"));
  EXPECT_TRUE(socket->join("b"));
  EXPECT_TRUE(socket->join("b"));
  EXPECT_EQ(socket->join("c").error().code, errc::over_limit);
  EXPECT_EQ(io->metric("fanfare_socketio_refused_total", "rooms"), 1);
  io->core->of("/").all().sockets_join({"d", "e"});
  EXPECT_EQ(socket->rooms().size(), 3U);
  EXPECT_EQ(io->metric("fanfare_socketio_refused_total", "rooms"), 3);
}

TEST_F(socket_test, leaves_its_namespace_when_told) {
  start();
  std::string reason;
  socket->on_disconnect([&](std::string_view why) { reason = why; });
  engine->receive("1");
  EXPECT_EQ(reason, "client namespace disconnect");
  EXPECT_FALSE(engine->closed);
  EXPECT_TRUE(engine->take().empty());
  socket->emit("late");
  socket->disconnect();
  EXPECT_TRUE(engine->take().empty());

  start();
  socket->on_disconnect([&](std::string_view why) { reason = why; });
  socket->emit("bye");
  socket->disconnect();
  EXPECT_EQ(reason, "server namespace disconnect");
  EXPECT_EQ(engine->take(), (texts{R"(42["bye"])", "41"}));
  EXPECT_FALSE(engine->closed);
  EXPECT_FALSE(socket->connected());
}

TEST_F(socket_test, may_be_disconnected_while_disconnecting) {
  start();
  texts reasons;
  socket->on_disconnecting([&](std::string_view) { socket->disconnect(); });
  socket->on_disconnect([&](std::string_view why) { reasons.emplace_back(why); });
  engine->end(engineio::close_reason::ping_timeout);
  EXPECT_EQ(reasons, texts{"ping timeout"});
}

TEST_F(socket_test, listeners_that_hold_the_socket_end_with_it) {
  start();
  socket->on("a", [keep = socket](const event&) {});
  socket->on_disconnect([keep = socket](std::string_view) {});
  const std::weak_ptr<class socket> weak = socket;
  socket.reset();
  io->joined.clear();
  engine->end(engineio::close_reason::transport_close);
  io->pool.run();
  EXPECT_TRUE(weak.expired());
}

TEST_F(socket_test, an_event_held_by_middleware_is_dropped_with_the_socket) {
  start();
  socket::next held;
  int heard = 0;
  socket->use([&held](event&, const socket::next& next) { held = next; });
  socket->on("a", [&heard](const event&) { ++heard; });
  engine->receive(R"(2["a"])");
  // What waits for the middleware's answer is often let go when the socket ends, by those who are told of it.
  socket->on_disconnect([&held](std::string_view) { held(std::nullopt); });
  socket->disconnect();
  io->pool.run();
  EXPECT_EQ(heard, 0);
}

}  // namespace
}  // namespace fanfare::socketio
