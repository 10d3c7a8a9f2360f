#include "engineio/send_queue.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace fanfare::engineio {
namespace {

using list = std::vector<std::string>;
constexpr auto all = std::numeric_limits<std::size_t>::max();

std::size_t size_of(const websocket::framed_message& packet) noexcept { return packet.message().size(); }

list texts(const send_queue::batch& batch) {
  list out;
  for (const auto& one : batch.packets) out.emplace_back(one->message());
  return out;
}

list take(send_queue& queue, std::size_t bytes = all, std::size_t packets = all, bool uniform = false) {
  return texts(queue.take(bytes, packets, &size_of, uniform));
}

std::size_t push(send_queue& queue, std::string_view text, std::string_view key = {}, bool compress = true) {
  return queue.push(encode_text(text), compress, key);
}

TEST(send_queue, keeps_order_and_counts) {
  send_queue queue;
  EXPECT_TRUE(queue.empty());
  push(queue, "a");
  queue.push({encode_text("b"), encode_binary("c")}, true);
  queue.push(std::vector<outbound>{}, true);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.bytes(), 5U);
  EXPECT_EQ(take(queue), (list{"4a", "4b", "c"}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_EQ(take(queue), list{});
}

TEST(send_queue, batches_by_bytes_and_packets_but_at_least_one) {
  send_queue queue;
  for (const auto* text : {"aaaa", "b", "c", "d"}) push(queue, text);
  EXPECT_EQ(take(queue, 3), (list{"4aaaa"}));
  EXPECT_EQ(take(queue, 4), (list{"4b", "4c"}));
  EXPECT_EQ(take(queue, all, 1), (list{"4d"}));
}

TEST(send_queue, splits_batches_where_compression_changes) {
  send_queue queue;
  push(queue, "a", {}, true);
  push(queue, "b", {}, true);
  push(queue, "c", {}, false);
  push(queue, "d", {}, true);
  auto first = queue.take(all, all, &size_of, true);
  EXPECT_EQ(texts(first), (list{"4a", "4b"}));
  EXPECT_TRUE(first.compress);
  const auto second = queue.take(all, all, &size_of, true);
  EXPECT_EQ(texts(second), (list{"4c"}));
  EXPECT_FALSE(second.compress);
  push(queue, "e", {}, false);
  EXPECT_TRUE(queue.take(all, all, &size_of, false).compress);
}

TEST(send_queue, a_batch_ends_with_packets_that_ask_for_a_pause) {
  send_queue queue;
  const auto fill = [&] {
    push(queue, "a");
    for (const auto* reply : {"r", "s"}) queue.push(encode_text(reply), true, {}, true);
    push(queue, "b");
    push(queue, "c");
  };
  fill();
  EXPECT_EQ(take(queue), (list{"4a", "4r", "4s", "4b", "4c"})) << "a poll takes them all";
  fill();
  auto batch = queue.take(all, all, &size_of, true);
  EXPECT_EQ(texts(batch), (list{"4a", "4r", "4s"}));
  EXPECT_TRUE(batch.pause_after);
  batch = queue.take(all, all, &size_of, true);
  EXPECT_EQ(texts(batch), (list{"4b", "4c"}));
  EXPECT_FALSE(batch.pause_after);
}

TEST(send_queue, newest_of_a_key_stands_at_its_own_place) {
  send_queue queue;
  EXPECT_EQ(push(queue, "1", "k"), 0U);
  EXPECT_EQ(push(queue, "2"), 0U);
  EXPECT_EQ(push(queue, "3", "other"), 0U);
  EXPECT_EQ(push(queue, "4", "k"), 1U);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.bytes(), 6U);
  EXPECT_EQ(take(queue), (list{"42", "43", "44"}));
}

TEST(send_queue, conflates_whole_groups) {
  send_queue queue;
  EXPECT_EQ(queue.push({encode_text("1"), encode_binary("x"), encode_binary("y")}, true, "k"), 0U);
  push(queue, "2");
  EXPECT_EQ(queue.push({encode_text("3"), encode_binary("z")}, true, "k"), 3U);
  EXPECT_EQ(take(queue), (list{"42", "43", "z"}));
}

TEST(send_queue, leaves_a_group_alone_once_its_first_packet_has_left) {
  send_queue queue;
  queue.push({encode_text("1"), encode_binary("x")}, true, "k");
  EXPECT_EQ(take(queue, all, 1), (list{"41"}));
  EXPECT_EQ(push(queue, "2", "k"), 0U);
  EXPECT_EQ(take(queue), (list{"x", "42"}));
}

TEST(send_queue, conflating_the_only_packet_leaves_the_new_one) {
  send_queue queue;
  push(queue, "1", "k");
  EXPECT_EQ(push(queue, "2", "k"), 1U);
  EXPECT_EQ(take(queue), (list{"42"}));
  EXPECT_EQ(push(queue, "3", "k"), 0U);
  EXPECT_EQ(take(queue), (list{"43"}));
}

TEST(send_queue, holes_do_not_pile_up_and_keys_survive_compaction) {
  send_queue queue;
  push(queue, "first", "rare");
  for (int i = 0; i < 10000; ++i) push(queue, std::to_string(i), "k" + std::to_string(i % 3));
  EXPECT_EQ(queue.size(), 4U);
  EXPECT_EQ(push(queue, "last", "rare"), 1U);
  EXPECT_EQ(take(queue), (list{"49997", "49998", "49999", "4last"}));
}

TEST(send_queue, survives_being_taken_from_while_it_grows) {
  send_queue queue;
  std::size_t next_in = 0, next_out = 0;
  for (int round = 0; round < 500; ++round) {
    for (int i = 0; i < 5; ++i) push(queue, std::to_string(next_in++));
    for (const auto& text : take(queue, all, 4)) EXPECT_EQ(text, "4" + std::to_string(next_out++));
  }
  EXPECT_EQ(queue.size(), next_in - next_out);
}

TEST(send_queue, bound_counts_bytes_and_bookkeeping) {
  send_queue queue;
  EXPECT_FALSE(queue.would_pass(100, 36, 1));
  EXPECT_TRUE(queue.would_pass(100, 37, 1));
  push(queue, "a");
  EXPECT_TRUE(queue.would_pass(100, 1, 1));
  EXPECT_FALSE(queue.would_pass(2 + 1 + 2 * send_queue::entry_overhead_bytes, 1, 1));
  queue.clear();
  EXPECT_FALSE(queue.would_pass(100, 36, 1));
}

}  // namespace
}  // namespace fanfare::engineio
