#include "socketio/rooms/worker_adapter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using test::rig;
using texts = std::vector<std::string>;

struct adapter_test : testing::Test {
  void start(unsigned workers, std::size_t sockets, server_options options = {}) {
    io.emplace(std::move(options), workers);
    io->watch();
    for (std::size_t i = 0; i < sockets; ++i) engines.push_back(io->join("/", static_cast<unsigned>(i) % workers));
    root = &io->core->of("/");
  }
  /// Who got how many packets since the last call.
  std::vector<std::size_t> got() {
    io->pool.run();
    std::vector<std::size_t> counts;
    for (const auto& engine : engines) counts.push_back(engine->take().size());
    return counts;
  }
  socket& at(std::size_t index) { return *io->joined.at(index); }
  using counts = std::vector<std::size_t>;

  std::optional<rig> io;
  std::vector<test::fake_engine_ptr> engines;
  name_space* root = nullptr;
};

TEST_F(adapter_test, reaches_each_chosen_socket_once) {
  start(3, 6);
  for (const auto i : {0U, 1U, 2U}) ASSERT_TRUE(at(i).join("a"));
  for (const auto i : {2U, 3U}) ASSERT_TRUE(at(i).join("b"));
  root->emit("x");
  EXPECT_EQ(got(), (counts{1, 1, 1, 1, 1, 1}));
  root->to("a").emit("x");
  EXPECT_EQ(got(), (counts{1, 1, 1, 0, 0, 0}));
  root->to("a").to("b").emit("x");
  EXPECT_EQ(got(), (counts{1, 1, 1, 1, 0, 0}));
  root->to("a").except("b").emit("x");
  EXPECT_EQ(got(), (counts{1, 1, 0, 0, 0, 0}));
  root->except("a").emit("x");
  EXPECT_EQ(got(), (counts{0, 0, 0, 1, 1, 1}));
  at(1).broadcast().emit("x");
  EXPECT_EQ(got(), (counts{1, 0, 1, 1, 1, 1}));
  at(2).to("a").emit("x");
  EXPECT_EQ(got(), (counts{1, 1, 0, 0, 0, 0}));
  root->to(at(4).id()).emit("x");
  EXPECT_EQ(got(), (counts{0, 0, 0, 0, 1, 0}));
  root->to("nobody").emit("x");
  root->all().except(texts{"a", "b"}).to(texts{"a", "b"}).emit("x");
  EXPECT_EQ(got(), (counts{0, 0, 0, 0, 0, 0}));
  root->emit("connect");  // reserved
  EXPECT_EQ(got(), (counts{0, 0, 0, 0, 0, 0}));
}

TEST_F(adapter_test, encodes_once_for_all) {
  start(2, 4);
  root->all().volatile_().compress(false).conflate("k").emit("x", shared_bytes(std::string("z")));
  io->pool.run();
  for (const auto& engine : engines) {
    ASSERT_GE(engine->frames.size(), 2U);
    EXPECT_EQ(engine->frames.back(), engines[0]->frames.back());  // the very same object
    EXPECT_EQ(engine->take(), (texts{R"(451-["x",{"_placeholder":true,"num":0}])", "b7a"}));
    EXPECT_TRUE(engine->how.back().is_volatile);
    EXPECT_FALSE(engine->how.back().compress);
    EXPECT_EQ(engine->how.back().conflate_key, "k");
  }
  EXPECT_EQ(io->metric("fanfare_socketio_packets_total", "event"), 4);
}

TEST_F(adapter_test, what_a_handler_broadcasts_and_then_emits_arrives_in_that_order) {
  start(2, 2);
  root->emit("broadcast");
  at(0).emit("direct");
  EXPECT_EQ(engines[0]->take(), (texts{R"(42["broadcast"])", R"(42["direct"])"}));
  EXPECT_TRUE(engines[1]->take().empty());
  EXPECT_EQ(got(), (counts{0, 1}));
}

TEST_F(adapter_test, sequenced_broadcasts_are_posted_to_the_callers_worker_too) {
  start(2, 2);
  ASSERT_TRUE(at(1).join("r"));
  root->to("r").sequence(5).emit("x");
  // A handler that has read the log up to 4 and joins now must get 5.
  ASSERT_TRUE(at(0).join("r", 4));
  EXPECT_TRUE(engines[0]->take().empty());
  EXPECT_EQ(got(), (counts{1, 1}));
}

TEST_F(adapter_test, what_is_ordered_keeps_its_place_among_the_sequenced) {
  start(2, 2);
  ASSERT_TRUE(at(0).join("r"));
  root->to("r").sequence(5).emit("kept");
  root->to("r").ordered().emit("unkept");
  root->to("r").sequence(6).emit("kept");
  EXPECT_TRUE(engines[0]->take().empty()) << "nothing overtakes, not even on the caller's worker";
  io->pool.run();
  EXPECT_EQ(engines[0]->take(), (texts{R"(42["kept"])", R"(42["unkept"])", R"(42["kept"])"}));
}

TEST_F(adapter_test, what_a_replay_may_not_overtake_is_delivered_before_the_join_returns) {
  start(2, 2);
  ASSERT_TRUE(at(0).join("a"));
  root->to("a").sequence(5).emit("x");
  root->to("a").sequence(6).emit("y");
  ASSERT_TRUE(at(0).join("b", 5));  // the caller replays b up to 5 next
  EXPECT_EQ(engines[0]->take(), texts{R"(42["x"])"});
  io->pool.run();
  EXPECT_EQ(engines[0]->take(), texts{R"(42["y"])"});
}

TEST_F(adapter_test, skips_what_was_replayed) {
  start(1, 2);
  ASSERT_TRUE(at(0).join("a", 10));
  ASSERT_TRUE(at(1).join("a", 10));
  ASSERT_TRUE(at(1).join("b", 3));
  const auto reach = [&](std::uint64_t position) {
    root->to("a").to("b").sequence(position).emit("x");
    return got();
  };
  EXPECT_EQ(reach(10), (counts{0, 1}));  // by way of b
  EXPECT_EQ(reach(3), (counts{0, 0}));
  EXPECT_EQ(reach(11), (counts{1, 1}));
  root->to("a").emit("unsequenced");
  EXPECT_EQ(got(), (counts{1, 1}));
  ASSERT_TRUE(at(0).join("a", 20));
  ASSERT_TRUE(at(0).join("a"));  // joining again forgets nothing
  EXPECT_EQ(reach(15), (counts{0, 1}));
  root->all().sequence(1).emit("to everybody");
  EXPECT_EQ(got(), (counts{1, 1}));
}

TEST_F(adapter_test, acts_on_sockets_everywhere) {
  start(3, 6);
  root->all().sockets_join({"a", "b"});
  root->to("a").emit("x");  // in program order, though joins on other workers are still under way
  EXPECT_EQ(got(), (counts{1, 1, 1, 1, 1, 1}));
  root->to("a").except(at(0).id()).sockets_leave({"b", "a"});
  io->pool.run();
  EXPECT_EQ(at(0).rooms().size(), 3U);
  EXPECT_EQ(root->adapter()->room_size("a"), 1U);
  EXPECT_EQ(root->adapter()->room_size(""), 6U);
  EXPECT_EQ(root->adapter()->room_size("none"), 0U);

  std::map<std::string, std::size_t> rooms;
  root->adapter()->list_rooms([&](const auto& list) { rooms = {list.begin(), list.end()}; });
  EXPECT_EQ(rooms.size(), 8U);
  EXPECT_EQ(rooms["b"], 1U);
  EXPECT_EQ(rooms[at(3).id()], 1U);

  root->all().except("a").disconnect_sockets();
  io->pool.run();
  EXPECT_EQ(root->size(), 1U);
  EXPECT_FALSE(engines[1]->closed);
  root->all().disconnect_sockets(true);
  io->pool.run();
  EXPECT_TRUE(engines[0]->closed);
  EXPECT_EQ(root->size(), 0U);
  rooms.clear();
  root->adapter()->list_rooms([&](const auto& list) { rooms = {list.begin(), list.end()}; });
  EXPECT_TRUE(rooms.empty());
}

TEST_F(adapter_test, watches_rooms_come_and_go) {
  io.emplace(server_options{}, 2);
  root = &io->core->of("/");
  texts seen;
  root->adapter()->watch_rooms([&](const std::string& room, bool exists) {
    if (room.size() == 1) seen.push_back((exists ? "+" : "-") + room);
  });
  io->watch();
  io->join("/", 0);
  io->join("/", 1);
  ASSERT_TRUE(at(0).join("a"));
  ASSERT_TRUE(at(1).join("a"));
  at(0).leave("a");
  ASSERT_TRUE(at(1).join("b"));
  at(1).disconnect();
  EXPECT_EQ(seen, (texts{"+a", "+b", "-b", "-a"}));
}

TEST_F(adapter_test, lists_sockets_of_all_workers) {
  start(2, 3);
  ASSERT_TRUE(at(1).join("a"));
  at(1).data() = "d";
  std::optional<std::vector<remote_socket>> found;
  const auto take = [&](std::vector<remote_socket> sockets) { found = std::move(sockets); };
  root->all().fetch_sockets(take);
  EXPECT_FALSE(found);  // never from inside the call
  io->pool.run();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), 3U);
  found.reset();
  root->to("a").fetch_sockets(take);
  io->pool.run();
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().id, at(1).id());
  EXPECT_EQ(found->front().data, value("d"));
  EXPECT_EQ(found->front().rooms, (texts{at(1).id(), "a"}));
  root->to("none").fetch_sockets(take);
  io->pool.run();
  EXPECT_TRUE(found->empty());
  root->all().fetch_sockets([](const auto&) { throw 1; });
  io->pool.run();
  EXPECT_EQ(io->metric("fanfare_socketio_handler_errors_total"), 1);
}

TEST_F(adapter_test, a_lone_node_has_nobody_to_tell) {
  start(1, 1);
  bool done = false;
  root->adapter()->server_side_emit_with_ack("x", {}, milliseconds{10}, [&](const result<std::vector<value>>& answers) {
    done = answers && answers->empty();
  });
  EXPECT_TRUE(done);
  root->adapter()->close();
}

// Random joins, leaves, departures and broadcasts over four workers, against sets.
TEST_F(adapter_test, agrees_with_a_simple_model) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&random](std::size_t below) { return random() % below; };
  start(4, 40);
  std::vector<std::set<std::string>> model(engines.size());
  std::vector<bool> here(engines.size(), true);
  const auto room = [&] { return "r" + std::to_string(pick(8)); };
  std::string chosen_room;
  for (int step = 0; step < 4000; ++step) {
    const auto i = pick(engines.size());
    if (const auto kind = pick(20); kind < 8) {
      EXPECT_EQ(here[i], bool(at(i).join(chosen_room = room())));
      if (here[i]) model[i].insert(chosen_room);
    } else if (kind < 12) {
      at(i).leave(chosen_room = room());
      model[i].erase(chosen_room);
    } else if (kind == 12 && pick(20) == 0) {
      engines[i]->end(engineio::close_reason::transport_close);
      here[i] = false;
      model[i].clear();
    } else {
      std::set<std::string> rooms, except;
      for (std::size_t n = pick(3); n != 0; --n) rooms.insert(room());
      for (std::size_t n = pick(2); n != 0; --n) except.insert(room());
      auto chosen = root->all();
      for (const auto& name : rooms) chosen = chosen.to(name);
      for (const auto& name : except) chosen = chosen.except(name);
      chosen.emit("x");
      const auto in_any = [](const std::set<std::string>& mine, const std::set<std::string>& of) {
        return std::any_of(of.begin(), of.end(), [&](const auto& name) { return mine.contains(name); });
      };
      counts expected;
      for (std::size_t k = 0; k < engines.size(); ++k) {
        expected.push_back(here[k] && (rooms.empty() || in_any(model[k], rooms)) && !in_any(model[k], except) ? 1 : 0);
      }
      ASSERT_EQ(got(), expected) << "step " << step;
    }
  }
}

TEST_F(adapter_test, sockets_may_come_and_go_while_being_sent_to) {
  start(1, 5);
  for (std::size_t i = 0; i < 5; ++i) ASSERT_TRUE(at(i).join("a"));
  at(1).on_any_outgoing([&](std::string_view, const array&) {
    at(3).disconnect();
    at(0).leave("a");
    (void)at(2).join("b");
    root->to("b").emit("nested");
  });
  root->to("a").emit("x");
  EXPECT_EQ(engines[2]->take().size(), 2U);
  EXPECT_EQ(engines[4]->take().size(), 1U);
  EXPECT_LE(engines[3]->take().size(), 2U);
  EXPECT_EQ(root->size(), 4U);

  for (const auto i : {0U, 1U, 2U, 4U}) {
    if (i != 2) engines[i]->fails_on_send = true;
  }
  root->emit("x");
  EXPECT_EQ(root->size(), 1U);
  EXPECT_EQ(engines[2]->take().size(), 2U);
}

// Emits come from any worker, in the order of their sequences; joins are made on the socket's own, after what has been
// emitted. Whatever the workers' turns, each socket gets what is past its join, once and in order.
TEST_F(adapter_test, any_schedule_of_the_workers_keeps_what_is_sequenced_in_order) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    rig io({}, 3, seed);
    io.watch();
    std::vector<test::fake_engine_ptr> engines;
    for (unsigned i = 0; i < 6; ++i) engines.push_back(io.join("/", i % 3));
    auto& root = io.core->of("/");
    std::mt19937_64 random(seed);
    std::uint64_t last = 0;
    std::vector<std::uint64_t> after(6, 1000);
    for (int n = 0; n < 60; ++n) {
      auto& worker = io.pool.at(static_cast<unsigned>(random() % 3));
      worker.post([&] { root.to("r").sequence(++last).ordered().emit("x", last); });
      if (n % 10 != 5) continue;
      const auto who = static_cast<std::size_t>(n) / 10;
      io.joined[who]->worker().post([&, who] { ASSERT_TRUE(io.joined[who]->join("r", after[who] = last)); });
    }
    io.pool.run();
    for (std::size_t i = 0; i < 6; ++i) {
      texts expected;
      for (auto sequence = after[i] + 1; sequence <= last; ++sequence) {
        expected.push_back("42[\"x\"," + std::to_string(sequence) + "]");
      }
      EXPECT_EQ(engines[i]->take(), expected) << "socket " << i;
    }
  }
}

}  // namespace
}  // namespace fanfare::socketio
