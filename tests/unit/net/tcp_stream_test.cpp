#include "net/tcp_stream.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <future>
#include <vector>

#include "net/socket_pair.hpp"

namespace fanfare::net {
namespace {

using test::on;

struct over_tcp : testing::Test {
  over_tcp() {
    pool.start();
    auto [ours, theirs] = test::socket_pair();
    peer = std::move(theirs);
    token = std::make_shared<int>(0);
    on(home(), [&, mine = std::make_shared<unique_fd>(std::move(ours))] {
      stream = std::make_unique<tcp_stream>(home(), std::move(*mine), token);
    });
  }
  ~over_tcp() override {
    on(home(), [&] { stream.reset(); });
  }
  worker& home() { return pool.at(0); }
  worker& away() { return pool.at(1); }
  void peer_sends(std::string_view bytes) {
    EXPECT_EQ(::send(peer.get(), bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
  }
  // Waits for readiness and reads once.
  std::pair<io_status, std::string> read(worker& where) {
    std::promise<std::pair<io_status, std::string>> got;
    where.post([&] {
      stream->wait_readable([&] {
        char bytes[64];
        const auto one = stream->read_some(bytes);
        got.set_value({one.status, std::string(bytes, one.bytes)});
      });
    });
    return got.get_future().get();
  }

  metrics::registry numbers;
  worker_pool pool{2, numbers};
  unique_fd peer;
  std::shared_ptr<int> token;
  std::unique_ptr<byte_stream> stream;
};

TEST_F(over_tcp, reads_when_readable) {
  on(home(), [&] {
    char bytes[4];
    EXPECT_EQ(stream->read_some(bytes).status, io_status::would_block);
    EXPECT_EQ(stream->remote_address(), "127.0.0.1");
    EXPECT_FALSE(stream->secure());
  });
  peer_sends("hello");
  EXPECT_EQ(read(home()), std::pair(io_status::ok, std::string("hello")));
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(read(home()).first, io_status::end);
}

TEST_F(over_tcp, gathers_buffers_into_one_write) {
  on(home(), [&] {
    std::vector<std::string_view> parts(100, "ab");
    parts[0] = "";
    EXPECT_EQ(stream->write_some(parts).bytes, 128U) << "64 that are not empty";
    stream->shutdown_write();
  });
  std::array<char, 256> bytes;
  EXPECT_EQ(::recv(peer.get(), bytes.data(), bytes.size(), MSG_WAITALL), 128);
}

TEST_F(over_tcp, waits_for_room) {
  const std::string much(1 << 20, 'x');
  std::size_t sent = 0;
  std::promise<void> writable;
  on(home(), [&] {
    const std::string_view part = much;
    for (;;) {
      const auto wrote = stream->write_some(std::span(&part, 1));
      if (wrote.status == io_status::would_block) break;
      sent += wrote.bytes;
    }
    stream->wait_writable([&] { writable.set_value(); });
  });
  auto ready = writable.get_future();
  std::vector<char> sink(1 << 16);
  while (sent != 0) {
    const auto got = ::recv(peer.get(), sink.data(), sink.size(), 0);
    ASSERT_GT(got, 0);
    sent -= static_cast<std::size_t>(got);
  }
  ready.wait();
}

TEST_F(over_tcp, moves_to_another_worker_with_its_token) {
  bool stale = false;
  std::shared_ptr<byte_stream::detached> held;
  on(home(), [&] {
    stream->wait_readable([&] { stale = true; });
    held = stream->detach();
    stream->close();
  });
  peer_sends("hello");
  on(away(), [&] { stream = held->attach(away()); });
  EXPECT_EQ(read(away()).second, "hello");
  on(home(), [] {});
  EXPECT_FALSE(stale);
  EXPECT_EQ(token.use_count(), 2);
  on(away(), [&] { stream->close(); });
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(over_tcp, drops_handlers_when_closed_or_replaced) {
  bool stale = false;
  on(home(), [&] {
    stream->wait_readable([&] { stale = true; });
    stream->wait_writable([&] { stale = true; });
    stream->wait_writable(nullptr);
    stream->close();
    stream->close();
    stream->wait_readable([&] { stale = true; });
    char bytes[4];
    EXPECT_EQ(stream->read_some(bytes).status, io_status::failed);
  });
  on(home(), [] {});
  EXPECT_FALSE(stale);
  char byte;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), 0);
}

TEST_F(over_tcp, resets) {
  on(home(), [&] { stream->reset(); });
  char byte;
  EXPECT_EQ(::recv(peer.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(over_tcp, survives_writing_to_one_who_left) {
  reset_on_close(peer.get());
  peer.close();
  EXPECT_EQ(read(home()).first, io_status::failed);
  on(home(), [&] {
    const std::string_view part = "x";
    EXPECT_EQ(stream->write_some(std::span(&part, 1)).status, io_status::failed);
    EXPECT_EQ(stream->write_some(std::span(&part, 1)).status, io_status::failed);
  });
}

TEST_F(over_tcp, can_be_destroyed_by_its_own_handler) {
  std::promise<void> gone;
  on(home(), [&] {
    stream->wait_readable([&] {
      stream.reset();
      gone.set_value();
    });
  });
  peer_sends("x");
  gone.get_future().wait();
}

TEST(tcp_stream, has_no_address_without_a_peer) { EXPECT_EQ(peer_address(-1), ""); }

}  // namespace
}  // namespace fanfare::net
