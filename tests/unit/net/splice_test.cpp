#include <fanfare/net/splice.hpp>

#include <gtest/gtest.h>

#include <string>

#include "net/memory_stream.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::net {
namespace {

struct splice_test : testing::Test {
  test::fake_executor home;
  memory_stream::pair left = memory_stream::make(home, home, 40000), right = memory_stream::make(home, home, 40000);
  memory_stream& client = *left.first;
  memory_stream& server = *right.first;
  std::shared_ptr<memory_stream::end_state> at_client = left.second->state(), at_server = right.second->state();
  int ended = 0;
  std::shared_ptr<splice> spliced;

  void open(std::string to_server = {}) {
    spliced = make_splice(home, {std::move(left.second)}, {std::move(right.second), std::move(to_server)},
                          [this] { ++ended; });
    home.run();
  }
  void write(memory_stream& to, std::string_view bytes) {
    EXPECT_EQ(to.write_some(std::span(&bytes, 1)).bytes, bytes.size());
    home.run();
  }
  std::string read(memory_stream& from) {
    std::string out, part(65536, '\0');
    for (;;) {
      const auto got = from.read_some(part);
      if (got.status == io_status::end) return out + "<end>";
      if (got.status == io_status::failed) return out + "<failed>";
      if (got.status == io_status::would_block) return out;
      out.append(part, 0, got.bytes);
      home.run();
    }
  }
};

TEST_F(splice_test, carries_both_ways_behind_what_goes_first) {
  open("GET / ");
  write(client, "one");
  EXPECT_EQ(read(server), "GET / one");
  write(server, "two");
  write(client, "three");
  EXPECT_EQ(read(client), "two");
  EXPECT_EQ(read(server), "three");
}

TEST_F(splice_test, reads_no_faster_than_the_other_end_takes) {
  at_client->capacity = 1 << 20;
  left.first->state()->write_max = 1 << 20;
  open();
  std::string much(200000, 'x');
  for (std::size_t i = 0; i < much.size(); ++i) much[i] = static_cast<char>('a' + i % 26);
  write(client, much);
  EXPECT_EQ(right.first->state()->inbox.size(), 40000U);
  EXPECT_GE(at_client->inbox.size(), much.size() - 40000U - 16384U) << "read more than 16 KiB ahead";
  EXPECT_EQ(read(server), much);
}

TEST_F(splice_test, hands_on_the_end_of_a_direction_and_waits_for_the_other) {
  open();
  write(client, "last");
  client.shutdown_write();
  home.run();
  EXPECT_EQ(read(server), "last<end>");
  write(server, "answer");
  EXPECT_EQ(read(client), "answer");
  EXPECT_EQ(ended, 0);
  server.shutdown_write();
  home.run();
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(at_client->closed);
  EXPECT_TRUE(at_server->closed);
}

TEST_F(splice_test, who_does_not_end_in_turn_is_closed) {
  open();
  client.shutdown_write();
  home.advance(milliseconds{9999});
  EXPECT_EQ(ended, 0);
  home.advance(milliseconds{1});
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(at_server->closed);
}

TEST_F(splice_test, a_failure_of_one_ends_both) {
  open();
  client.reset();
  home.run();
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(at_server->closed);
}

TEST_F(splice_test, any_failing_step_ends_it_once) {
  for (std::size_t step = 1; step < 12; ++step) {
    auto one = memory_stream::make(home, home), other = memory_stream::make(home, home);
    const auto state = one.second->state();
    state->fail_at = step;
    int done = 0;
    const auto both = make_splice(home, {std::move(one.second)}, {std::move(other.second)}, [&] { ++done; });
    std::string_view text = "text";
    for (int i = 0; i < 4; ++i) {
      one.first->write_some(std::span(&text, 1));
      home.run();
      other.first->write_some(std::span(&text, 1));
      home.run();
    }
    EXPECT_EQ(done, state->steps >= step ? 1 : 0) << step;
    EXPECT_GE(state->steps, std::min<std::size_t>(step, 8)) << "the step was never reached";
  }
}

TEST_F(splice_test, closed_it_carries_and_tells_nothing_more) {
  open();
  spliced->close();
  home.run();
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(read(client), "<end>");
  EXPECT_EQ(home.timers(), 0U);
}

TEST_F(splice_test, dropped_it_closes_both) {
  open();
  spliced.reset();
  home.run();
  EXPECT_TRUE(at_client->closed);
  EXPECT_TRUE(at_server->closed);
}

}  // namespace
}  // namespace fanfare::net
