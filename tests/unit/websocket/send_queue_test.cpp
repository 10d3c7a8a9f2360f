#include "websocket/send_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace fanfare::websocket {
namespace {

TEST(send_queue, gives_what_was_pushed_whatever_each_write_takes) {
  std::string expected;
  for (int i = 0; i < 300; ++i)
    expected += std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
  for (std::size_t step = 1; step < 40; ++step) {
    send_queue queue;
    std::string got;
    for (int i = 0; i < 300; ++i) {
      queue.push(shared_bytes(std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26))));
      if (i % 3 != 0) continue;  // pushing and writing take turns
      send_queue::gathered buffers;
      if (queue.gather(buffers) == 0) continue;
      const auto taken = buffers[0].substr(0, step);
      got += taken;
      queue.consume(taken.size());
    }
    while (!queue.empty()) {
      send_queue::gathered buffers;
      const auto count = queue.gather(buffers);
      ASSERT_LE(count, send_queue::gather_max);
      std::string all;
      for (std::size_t i = 0; i < count; ++i) all += buffers[i];
      const auto taken = std::min(step * 3, all.size());
      got += all.substr(0, taken);
      queue.consume(taken);
    }
    EXPECT_EQ(got, expected) << step;
    EXPECT_EQ(queue.bytes(), 0U);
  }
}

TEST(send_queue, stays_in_order_when_it_never_runs_empty) {
  send_queue queue;
  queue.push(shared_bytes(std::string("first")));
  std::string last = "first";
  for (int i = 0; i < 1000; ++i) {
    const auto next = std::to_string(i);
    queue.push(shared_bytes(next));
    send_queue::gathered buffers;
    ASSERT_EQ(queue.gather(buffers), 2U);
    ASSERT_EQ(buffers[0], last);
    queue.consume(last.size());
    last = next;
  }
  EXPECT_EQ(queue.bytes(), last.size());
}

TEST(send_queue, counts_bytes_and_forgets_when_cleared) {
  send_queue queue;
  queue.push(shared_bytes(std::string("abc")));
  queue.push(shared_bytes(std::string("defg")));
  EXPECT_EQ(queue.bytes(), 7U);
  queue.consume(2);
  EXPECT_EQ(queue.bytes(), 5U);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  send_queue::gathered buffers;
  EXPECT_EQ(queue.gather(buffers), 0U);
}

TEST(send_queue, lets_go_of_a_frame_once_it_has_left) {
  send_queue queue;
  shared_bytes frame(std::string("abc"));
  const auto* data = frame.data();
  queue.push(frame);
  queue.push(shared_bytes(std::string("x")));
  queue.consume(3);
  send_queue::gathered buffers;
  ASSERT_EQ(queue.gather(buffers), 1U);
  EXPECT_NE(buffers[0].data(), data);
  EXPECT_EQ(buffers[0], "x");
}

}  // namespace
}  // namespace fanfare::websocket
