#include "net/memory_stream.hpp"

#include <gtest/gtest.h>

#include "support/fake_executor.hpp"

namespace fanfare::net {
namespace {

struct in_memory : testing::Test {
  test::fake_executor here, there{1};
  memory_stream::pair pair = memory_stream::make(here, there, 4);
  memory_stream& a = *pair.first;
  memory_stream& b = *pair.second;

  io_result write(memory_stream& to, std::string_view bytes) { return to.write_some(std::span(&bytes, 1)); }
  std::string read(memory_stream& from) {
    char bytes[16];
    const auto got = from.read_some(bytes);
    return got.status == io_status::ok ? std::string(bytes, got.bytes) : "status " + std::to_string(int(got.status));
  }
};

TEST_F(in_memory, carries_bytes_up_to_its_capacity) {
  EXPECT_EQ(write(a, "abcdef").bytes, 4U);
  EXPECT_EQ(write(a, "ef").status, io_status::would_block);
  bool writable = false;
  a.wait_writable([&] { writable = true; });
  here.run();
  EXPECT_FALSE(writable);
  EXPECT_EQ(read(b), "abcd");
  EXPECT_EQ(b.read_some({}).status, io_status::would_block);
  here.run();
  EXPECT_TRUE(writable);
}

TEST_F(in_memory, tells_readiness_once_and_on_its_own_executor) {
  int told = 0;
  b.wait_readable([&] { ++told; });
  write(a, "x");
  here.run();
  EXPECT_EQ(told, 0);
  there.run();
  EXPECT_EQ(told, 1);
  write(a, "y");
  there.run();
  EXPECT_EQ(told, 1);
  b.wait_readable([&] { ++told; });
  EXPECT_EQ(told, 1) << "never inline";
  there.run();
  EXPECT_EQ(told, 2);
}

TEST_F(in_memory, ends_and_breaks) {
  write(a, "x");
  a.shutdown_write();
  EXPECT_EQ(read(b), "x");
  EXPECT_EQ(b.read_some({}).status, io_status::end);
  EXPECT_EQ(write(b, "y").status, io_status::ok) << "half closed";
  bool told = false;
  b.wait_readable([&] { told = true; });
  a.reset();
  a.reset();
  there.run();
  EXPECT_TRUE(told);
  EXPECT_EQ(b.read_some({}).status, io_status::failed);
  EXPECT_EQ(write(b, "y").status, io_status::failed);
  EXPECT_EQ(write(a, "y").status, io_status::failed);
}

TEST_F(in_memory, drops_its_handlers_when_closed) {
  bool told = false;
  b.wait_readable([&] { told = true; });
  write(a, "x");
  b.close();
  b.wait_readable([&] { told = true; });
  b.wait_writable([&] { told = true; });
  there.run();
  EXPECT_FALSE(told);
  EXPECT_EQ(write(a, "y").status, io_status::failed);
}

TEST_F(in_memory, fails_at_the_step_asked_for) {
  a.state()->fail_at = 2;
  EXPECT_EQ(write(a, "x").status, io_status::ok);
  EXPECT_EQ(write(a, "x").status, io_status::failed);
  EXPECT_EQ(a.read_some({}).status, io_status::failed);
}

TEST_F(in_memory, moves_to_another_executor) {
  write(b, "x");
  bool before = false, after = false;
  a.wait_readable([&] { before = true; });
  auto moved = a.detach()->attach(there);
  moved->wait_readable([&] { after = true; });
  here.run();
  there.run();
  EXPECT_FALSE(before);
  EXPECT_TRUE(after);
  EXPECT_EQ(moved->remote_address(), "192.0.2.1");
  EXPECT_FALSE(moved->secure());
  moved.reset();
  EXPECT_EQ(b.read_some({}).status, io_status::end);
}

}  // namespace
}  // namespace fanfare::net
