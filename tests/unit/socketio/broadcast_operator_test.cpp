#include <fanfare/socketio/broadcast_operator.hpp>

#include <gtest/gtest.h>

#include "socketio/rig.hpp"

namespace fanfare::socketio {
namespace {

using texts = std::vector<std::string>;

struct operator_test : testing::Test {
  void start(unsigned workers, std::size_t sockets, server_options options = {}) {
    io.emplace(std::move(options), workers);
    io->watch();
    for (std::size_t i = 0; i < sockets; ++i) engines.push_back(io->join("/", static_cast<unsigned>(i) % workers));
    root = &io->core->of("/");
  }
  socket& at(std::size_t index) { return *io->joined.at(index); }

  std::optional<test::rig> io;
  std::vector<test::fake_engine_ptr> engines;
  name_space* root = nullptr;
};

/// Keeps what it was asked to do.
class noting_adapter final : public adapter {
 public:
  explicit noting_adapter(executor_pool& pool) : pool_(pool) {}
  void broadcast(const packet& out, const broadcast_options& options) override {
    packets.push_back(out);
    chosen = options;
  }
  void broadcast_with_ack(const packet&, const broadcast_options&, milliseconds,
                          std::function<void(std::size_t)> counted, std::function<void(array)> answered) override {
    count = std::move(counted);
    answer = std::move(answered);
  }
  void add_sockets(const broadcast_options&, const std::vector<std::string>&) override {}
  void remove_sockets(const broadcast_options&, const std::vector<std::string>&) override {}
  void disconnect_sockets(const broadcast_options&, bool) override {}
  void fetch_sockets(const broadcast_options&, std::function<void(std::vector<remote_socket>)>) override {}
  void server_side_emit(std::string_view, const array&) override {}
  void server_side_emit_with_ack(std::string_view, const array&, milliseconds,
                                 std::function<void(result<std::vector<value>>)>) override {}
  void count_nodes(std::function<void(std::size_t)> done) override { nodes = std::move(done); }
  void list_rooms(std::function<void(std::vector<std::pair<std::string, std::size_t>>)>) override {}
  [[nodiscard]] std::size_t room_size(std::string_view) const override { return 0; }
  void watch_rooms(std::function<void(const std::string&, bool)>) override {}
  [[nodiscard]] executor_pool& workers() noexcept override { return pool_; }

  std::vector<packet> packets;
  broadcast_options chosen;
  std::function<void(std::size_t)> count, nodes;
  std::function<void(array)> answer;

 private:
  executor_pool& pool_;
};

TEST(broadcast_operator, each_call_gives_a_new_one) {
  fanfare::test::fake_pool pool(1);
  const auto target = std::make_shared<noting_adapter>(pool);
  const broadcast_operator all(target);
  const auto chosen = all.to("a").in("b").to(texts{"c", "d"}).except("e").except(texts{"f"});
  chosen.volatile_().compress(false).local().conflate("k").sequence(7).emit("x", 1, array{2});
  EXPECT_EQ(target->chosen.rooms, (texts{"a", "b", "c", "d"}));
  EXPECT_EQ(target->chosen.except, (texts{"e", "f"}));
  EXPECT_TRUE(target->chosen.is_volatile);
  EXPECT_FALSE(target->chosen.compress);
  EXPECT_TRUE(target->chosen.local);
  EXPECT_EQ(target->chosen.conflate_key, "k");
  EXPECT_EQ(target->chosen.sequence, 7U);
  EXPECT_EQ(target->packets.back().data, value(array{"x", 1, array{2}}));
  all.emit_list("y", {3});
  EXPECT_TRUE(target->chosen.rooms.empty());
  EXPECT_EQ(target->chosen.sequence, 0U);
  all.emit("disconnect");
  EXPECT_EQ(target->packets.size(), 2U);
}

TEST(broadcast_operator, answers_are_awaited_from_every_node) {
  fanfare::test::fake_pool pool(1);
  const auto target = std::make_shared<noting_adapter>(pool);
  std::optional<broadcast_operator::acks> result;
  broadcast_operator(target).timeout(milliseconds{50}).emit_with_ack("q", {}, [&](auto acks) {
    result = std::move(acks);
  });
  target->answer({1});  // may come before anybody has been counted
  target->count(1);
  EXPECT_FALSE(result);
  target->nodes(2);
  EXPECT_FALSE(result);
  target->count(2);
  target->answer({2});
  EXPECT_FALSE(result);
  target->answer({3});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->answers, (std::vector<value>{1, 2, 3}));
  EXPECT_EQ(pool.at(0).timers(), 0U);

  result.reset();
  broadcast_operator(target).timeout(milliseconds{50}).emit_with_ack("q", {}, [&](auto acks) {
    result = std::move(acks);
  });
  target->nodes(2);
  target->count(0);
  pool.advance(milliseconds{50});  // the other node is silent
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->timed_out);
  target->count(0);
}

TEST_F(operator_test, gathers_acknowledgements) {
  start(2, 4);
  std::optional<broadcast_operator::acks> result;
  const auto take = [&](broadcast_operator::acks acks) { result = std::move(acks); };
  root->all().timeout(milliseconds{100}).emit_with_ack("q", {1}, take);
  io->pool.run();
  for (const auto& engine : engines) EXPECT_EQ(engine->take(), texts{R"(420["q",1])"});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(result);
    engines[i]->receive("30[" + std::to_string(i) + ",\"more\"]");
    engines[i]->receive("30[\"again\"]");
  }
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->timed_out);
  EXPECT_EQ(result->answers, (std::vector<value>{0, 1, 2, 3}));

  result.reset();
  root->all().timeout(milliseconds{100}).emit_with_ack("q", {}, take);
  io->pool.run();
  engines[2]->receive("31[]");
  io->pool.advance(milliseconds{100});
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->answers, std::vector<value>{nullptr});
  engines[3]->receive("31[7]");  // too late
  EXPECT_EQ(result->answers.size(), 1U);

  result.reset();
  root->to("nobody").emit_with_ack("q", {}, take);
  io->pool.run();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->timed_out);
  EXPECT_TRUE(result->answers.empty());

  result.reset();
  root->to(at(0).id()).local().emit_with_ack("q", {}, [&](const auto&) { throw 1; });
  io->pool.run();
  engines[0]->receive("33[]");
  EXPECT_EQ(io->pool.at(0).timers() + io->pool.at(1).timers(), 0U);
}

TEST_F(operator_test, a_socket_with_too_many_pending_is_not_asked) {
  server_options options;
  options.pending_acks_max = 1;
  start(1, 2, options);
  at(0).emit_with_ack("own", {}, milliseconds{0}, [](const result<array>&) {});
  engines[0]->take();
  std::optional<broadcast_operator::acks> result;
  root->all().emit_with_ack("q", {}, [&](broadcast_operator::acks acks) { result = std::move(acks); });
  EXPECT_TRUE(engines[0]->take().empty());
  engines[1]->receive("31[5]");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->answers, std::vector<value>{5});
}

}  // namespace
}  // namespace fanfare::socketio
