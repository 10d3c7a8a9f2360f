#include "socketio/rooms/recovery_store.hpp"

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;
using texts = std::vector<std::string>;

struct store_test : testing::Test {
  void start(recovery_options options = {}) { store.emplace(options, "epoch"); }
  std::string append(broadcast_options options = {}, std::size_t bytes = 1) {
    const auto place = store->reserve();
    store->append(place.position, {engineio::encode_text(std::string(bytes, 'x'))}, options, now_ms);
    return place.offset;
  }
  recovery_store::session lost(const std::string& pid, std::vector<std::string> rooms = {}) const {
    return {"sid-" + pid, pid, std::move(rooms), {}, now_ms};
  }
  std::optional<recovery_store> store;
  std::int64_t now_ms = 1000000;
};

TEST_F(store_test, gives_a_session_back_once) {
  start();
  const auto offset = append();
  EXPECT_FALSE(store->persist(lost("p")));
  EXPECT_FALSE(store->take("q", offset, now_ms));
  const auto taken = store->take("p", offset, now_ms);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->sid, "sid-p");
  EXPECT_FALSE(store->take("p", offset, now_ms));
}

TEST_F(store_test, trusts_no_offset_it_does_not_know) {
  start();
  append();
  store->persist(lost("p"));
  for (const auto* offset : {"", "epoch", "epoch.", "epoch.0", "epoch.2", "epoch.1x", "epoch.-1", "other.1", "1",
                             "epoch.99999999999999999999999"}) {
    EXPECT_FALSE(store->take("p", offset, now_ms)) << offset;
  }
  EXPECT_TRUE(store->take("p", "epoch.1", now_ms));
}

TEST_F(store_test, finds_what_the_rooms_would_have_got) {
  start();
  const auto offset = append();
  append();  // everybody
  append({.rooms = {"a"}});
  append({.rooms = {"z", "b"}});
  append({.rooms = {"z"}});                     // not ours
  append({.rooms = {"a"}, .except = {"sid"}});  // we sent it
  append({.except = {"other"}});
  store->persist(lost("p", {"sid", "a", "b"}));
  const auto taken = store->take("p", offset, now_ms);
  ASSERT_TRUE(taken);
  const auto missed = store->missed_by(*taken);
  ASSERT_TRUE(missed);
  EXPECT_EQ(missed->packets.size(), 4U);
  EXPECT_EQ(missed->last, 7U);
}

TEST_F(store_test, forgets_old_sessions_and_packets) {
  start({.disconnection_max = milliseconds{1000}});
  const auto first = append();
  store->persist(lost("p"));
  now_ms += 1000;
  const auto second = append();
  EXPECT_TRUE(store->take("p", first, now_ms));
  store->persist(lost("q"));
  now_ms += 1001;
  EXPECT_FALSE(store->take("q", second, now_ms));
  store->persist(lost("r"));
  now_ms += 1001;
  append();
  store->persist(lost("s"));
  EXPECT_FALSE(store->take("s", first, now_ms));
  EXPECT_FALSE(store->take("s", second, now_ms));
  EXPECT_FALSE(store->take("r", "epoch.3", now_ms));
  EXPECT_TRUE(store->take("s", "epoch.3", now_ms));
}

TEST_F(store_test, keeps_no_more_bytes_than_the_bound) {
  start({.bytes_max = 10000});
  const auto first = append({}, 1000);
  store->persist(lost("p"));
  auto taken = store->take("p", first, now_ms);
  ASSERT_TRUE(taken);
  for (int i = 0; i < 20; ++i) append({}, 1000);
  EXPECT_FALSE(store->missed_by(*taken));  // some of it has gone
  store->persist(lost("p"));
  EXPECT_FALSE(store->take("p", first, now_ms));
  EXPECT_TRUE(store->take("p", "epoch.20", now_ms));
  append({}, 1000000);  // one past the bound is kept alone: what follows it is whole
  store->persist(lost("p"));
  EXPECT_TRUE(store->take("p", "epoch.22", now_ms));
}

TEST_F(store_test, keeps_no_more_sessions_than_the_bound) {
  start({.sessions_max = 2});
  const auto offset = append();
  EXPECT_FALSE(store->persist(lost("a")));
  EXPECT_FALSE(store->persist(lost("b")));
  EXPECT_TRUE(store->persist(lost("c")));
  EXPECT_FALSE(store->take("a", offset, now_ms));
  EXPECT_TRUE(store->take("b", offset, now_ms));
  EXPECT_FALSE(store->persist(lost("d")));  // b's place
  EXPECT_TRUE(store->take("c", offset, now_ms));
}

// --- over the whole server ---

server_options recovering(bool skip_middlewares = false) {
  server_options options;
  options.recovery = recovery_options{.skip_middlewares = skip_middlewares};
  return options;
}

/// ids: id1 is the store's epoch, then sid and pid by turns.
struct recovery_test : testing::Test {
  void start(server_options options = recovering(), unsigned workers = 1) {
    io.emplace(std::move(options), workers);
    io->watch();
    root = &io->core->of("/");
    engine = io->connect();
    engine->receive("0");
    EXPECT_EQ(engine->take(), texts{R"(40{"sid":"id2","pid":"id3"})"});
  }
  test::fake_engine_ptr again(const std::string& pid = "id3", const std::string& offset = "id1.1") {
    auto next = io->connect();
    next->receive(R"(0{"pid":")" + pid + R"(","offset":")" + offset + R"("})");
    return next;
  }
  std::optional<rig> io;
  name_space* root = nullptr;
  test::fake_engine_ptr engine;
};

TEST_F(recovery_test, brings_back_id_rooms_data_and_what_was_missed) {
  start();
  ASSERT_TRUE(io->joined[0]->join("r"));
  io->joined[0]->data() = "mine";
  root->to("r").emit("first", 1);
  io->joined[0]->emit("own");
  EXPECT_EQ(engine->take(), (texts{R"(42["first",1,"id1.1"])", R"(42["own","id1.2"])"}));
  engine->end(engineio::close_reason::transport_error);
  root->to("r").emit("missed");
  root->to("r").volatile_().emit("not kept");
  root->to("s").emit("not ours");
  root->emit("missed too");

  const auto next = again("id3", "id1.1");
  EXPECT_EQ(next->take(), (texts{R"(42["own","id1.2"])", R"(42["missed","id1.3"])", R"(42["missed too","id1.5"])",
                                 R"(40{"sid":"id2","pid":"id3"})"}));
  ASSERT_EQ(io->joined.size(), 2U);
  EXPECT_TRUE(io->joined[1]->recovered());
  EXPECT_EQ(io->joined[1]->data(), value("mine"));
  EXPECT_EQ(io->joined[1]->rooms(), (texts{"id2", "r"}));
  root->to("r").emit("live");
  EXPECT_EQ(next->take(), texts{R"(42["live","id1.6"])"});
}

TEST_F(recovery_test, starts_anew_when_there_is_nothing_to_recover) {
  start();
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  const auto unknown_offset = again("id3", "id1.9");
  ASSERT_EQ(unknown_offset->take().size(), 1U);
  EXPECT_FALSE(io->joined.back()->recovered());
  EXPECT_NE(io->joined.back()->id(), "id2");
  const auto wrong_types = io->connect();
  wrong_types->receive(R"(0{"pid":5,"offset":["id1.1"]})");
  EXPECT_FALSE(io->joined.back()->recovered());
}

TEST_F(recovery_test, only_some_ends_can_be_recovered_from) {
  for (const bool by_client : {true, false}) {
    start();
    root->emit("x");
    by_client ? engine->receive("1") : io->joined[0]->disconnect();
    again();
    EXPECT_FALSE(io->joined.back()->recovered());
    io->joined.clear();
  }
  using enum engineio::close_reason;
  for (const auto reason : {transport_close, transport_error, ping_timeout, forced_close, server_shutdown}) {
    start();
    root->emit("x");
    engine->end(reason);
    again();
    EXPECT_TRUE(io->joined.back()->recovered());
    io->joined.clear();
  }
}

TEST_F(recovery_test, a_recovered_connection_is_authenticated_like_any_other) {
  start();
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  root->emit("secret");
  bool allow = false;
  root->use([&](const socket_ptr& socket, const name_space::next& next) {
    EXPECT_TRUE(socket->recovered());
    EXPECT_EQ(socket->id(), "id2");
    next(allow ? std::nullopt : std::optional(rejection{"expired", {}}));
  });
  EXPECT_EQ(again()->take(), texts{R"(44{"message":"expired"})"});
  allow = true;
  EXPECT_EQ(again()->take(), (texts{R"(42["secret","id1.2"])", R"(40{"sid":"id2","pid":"id3"})"}));
}

TEST_F(recovery_test, middlewares_may_be_skipped) {
  start(recovering(true));
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  root->use([](const socket_ptr&, const name_space::next& next) { next(rejection{"no", {}}); });
  EXPECT_EQ(again()->take(), texts{R"(40{"sid":"id2","pid":"id3"})"});
}

TEST_F(recovery_test, packets_sent_while_middleware_decides_are_not_lost) {
  start();
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  name_space::next later;
  root->use([&](const socket_ptr&, name_space::next next) { later = std::move(next); });
  const auto next = again();
  root->emit("meanwhile");
  later(std::nullopt);
  EXPECT_EQ(next->take(), (texts{R"(42["meanwhile","id1.2"])", R"(40{"sid":"id2","pid":"id3"})"}));
}

TEST_F(recovery_test, packets_lost_while_middleware_decides_make_a_new_session) {
  auto options = recovering();
  options.recovery->bytes_max = 300;
  start(options);
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  name_space::next later;
  root->use([&](const socket_ptr&, name_space::next next) { later = std::move(next); });
  const auto next = again();
  for (int i = 0; i < 5; ++i) root->emit("flood");
  later(std::nullopt);
  EXPECT_EQ(next->take(), texts{R"(40{"sid":"id2","pid":"id5"})"});
  EXPECT_FALSE(io->joined.back()->recovered());
}

TEST_F(recovery_test, a_packet_on_its_way_is_not_delivered_twice) {
  start(recovering(), 2);
  root->emit("x");
  engine->end(engineio::close_reason::transport_close);
  const auto other = io->join("/", 1);
  // Posted to worker 1 and kept; the session is recovered there before the post runs.
  root->emit("on its way");
  const auto next = io->connect(1);
  next->receive(R"(0{"pid":"id3","offset":"id1.1"})");
  io->pool.run();
  EXPECT_EQ(next->take(), (texts{R"(42["on its way","id1.2"])", R"(40{"sid":"id2","pid":"id3"})"}));
  EXPECT_EQ(other->take(), texts{R"(42["on its way","id1.2"])"});
}

TEST_F(recovery_test, sessions_past_the_bound_are_counted) {
  auto options = recovering();
  options.recovery->sessions_max = 1;
  start(options);
  root->emit("x");
  const auto second = io->join();
  engine->end(engineio::close_reason::transport_close);
  second->end(engineio::close_reason::transport_close);
  EXPECT_EQ(io->metric("fanfare_socketio_refused_total", "recovery_sessions"), 1);
}

TEST_F(recovery_test, sequenced_broadcasts_are_still_posted) {
  start();
  root->all().sequence(3).emit("x");
  EXPECT_TRUE(engine->take().empty());
  io->pool.run();
  EXPECT_EQ(engine->take(), texts{R"(42["x","id1.1"])"});
  io->joined[0]->emit_with_ack("q", {}, milliseconds{0}, [](const result<array>&) {});
  EXPECT_EQ(engine->take(), texts{R"(420["q"])"});
}

}  // namespace
}  // namespace fanfare::socketio
