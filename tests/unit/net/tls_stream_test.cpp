#include "net/tls_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <future>
#include <thread>
#include <vector>

#include "net/socket_pair.hpp"
#include "net/tls_peer.hpp"

namespace fanfare::net {
namespace {

using test::on;

struct over_tls : testing::Test {
  void connect(int version_max = 0) {
    auto [ours, theirs] = test::socket_pair();
    socket = std::move(theirs);
    peer = std::make_unique<test::tls_peer>(socket.get(), version_max);
    on(home(), [&, mine = std::make_shared<unique_fd>(std::move(ours))] {
      stream = tls_stream::accept(home(), std::move(*mine), context, nullptr);
      echo(*stream);
    });
  }
  // Sends back what comes, as much at a time as it may; counts reads that gave something.
  void echo(byte_stream& at) {
    at.wait_readable([&] {
      char bytes[1000];
      const auto got = at.read_some(bytes);
      last = got.status;
      if (got.status == io_status::ok) pending.append(bytes, got.bytes);
      if (got.status == io_status::end || got.status == io_status::failed) return ended.set_value();
      flush(at);
    });
  }
  void flush(byte_stream& at) {
    while (!pending.empty()) {
      const std::string_view all = pending;
      const std::string_view halves[] = {all.substr(0, all.size() / 2), "", all.substr(all.size() / 2)};
      const auto wrote = at.write_some(halves);
      if (wrote.status == io_status::would_block) return at.wait_writable([&] { flush(at); });
      if (wrote.status != io_status::ok) return;
      pending.erase(0, wrote.bytes);
    }
    echo(at);
  }
  ~over_tls() override {
    on(home(), [&] { stream.reset(); });
    on(away(), [] {});
  }
  worker& home() { return pool.at(0); }
  worker& away() { return pool.at(1); }
  void SetUp() override { pool.start(); }

  test::tls_files files;
  tls_context context{files.cert(), files.key()};
  metrics::registry numbers;
  worker_pool pool{2, numbers};
  unique_fd socket;
  std::unique_ptr<test::tls_peer> peer;
  std::string pending;
  io_status last = io_status::ok;
  std::promise<void> ended;
  std::unique_ptr<byte_stream> stream;
};

TEST_F(over_tls, speaks_1_2_and_1_3) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    connect(version);
    ASSERT_TRUE(peer->handshake());
    EXPECT_EQ(SSL_version(peer->session()), version);
    ASSERT_TRUE(peer->send("hello"));
    EXPECT_EQ(peer->read(5), "hello");
    on(home(), [&] {
      EXPECT_TRUE(stream->secure());
      EXPECT_EQ(stream->remote_address(), "127.0.0.1");
      stream.reset();
    });
  }
}

TEST_F(over_tls, refuses_1_1) {
  connect(TLS1_1_VERSION);
  EXPECT_FALSE(peer->handshake());
}

TEST_F(over_tls, agrees_on_http_1_1) {
  connect();
  const unsigned char offer[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(peer->session(), offer, sizeof offer - 1);
  ASSERT_TRUE(peer->handshake());
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(peer->session(), &chosen, &length);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), length), "http/1.1");
}

// A record of 16 KiB read 1,000 bytes at a time: the rest waits inside OpenSSL, where the kernel shows nothing.
TEST_F(over_tls, is_readable_while_decrypted_bytes_wait) {
  connect();
  ASSERT_TRUE(peer->handshake());
  const std::string record(16384, 'x');
  ASSERT_TRUE(peer->send(record));
  EXPECT_EQ(peer->read(record.size()), record);
}

TEST_F(over_tls, carries_much_both_ways_under_back_pressure) {
  connect();
  ASSERT_TRUE(peer->handshake());
  std::string much;
  for (int i = 0; much.size() < (4U << 20); ++i) much += std::to_string(i);
  std::thread sender([&] {
    for (std::string_view rest = much; !rest.empty();) {
      // OpenSSL's own object is not for two threads: read and write take turns by blocks.
      const auto part = rest.substr(0, 1 << 16);
      EXPECT_TRUE(peer->send(part));
      EXPECT_EQ(peer->read(part.size()), part);
      rest.remove_prefix(part.size());
    }
  });
  sender.join();
}

// The peer takes nothing for a while: writes stop part-way through a record and go on later.
TEST_F(over_tls, goes_on_after_a_full_socket) {
  connect();
  ASSERT_TRUE(peer->handshake());
  const std::string much(8 << 20, 'y');
  std::promise<void> blocked;
  on(home(), [&] {
    stream->wait_readable(nullptr);
    pending = much;
    flush(*stream);
    EXPECT_FALSE(pending.empty());
  });
  EXPECT_EQ(peer->read(much.size()), much);
}

TEST_F(over_tls, ends_with_close_notify_and_without) {
  connect();
  ASSERT_TRUE(peer->handshake());
  ASSERT_TRUE(peer->send("x"));
  EXPECT_EQ(peer->read(1), "x");
  ::shutdown(socket.get(), SHUT_WR);
  ended.get_future().wait();
  EXPECT_EQ(last, io_status::end);
  on(home(), [&] { stream->shutdown_write(); });
  EXPECT_EQ(peer->read(1), "");
  EXPECT_EQ(SSL_get_shutdown(peer->session()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST_F(over_tls, fails_on_what_is_no_tls) {
  connect();
  EXPECT_EQ(::send(socket.get(), "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  ended.get_future().wait();
  EXPECT_EQ(last, io_status::failed);
  on(home(), [&] {
    char bytes[4];
    const std::string_view part = "x";
    EXPECT_EQ(stream->read_some(bytes).status, io_status::failed);
    EXPECT_EQ(stream->write_some(std::span(&part, 1)).status, io_status::failed);
    stream->shutdown_write();
    stream->reset();
    EXPECT_EQ(stream->read_some(bytes).status, io_status::failed);
  });
}

TEST_F(over_tls, moves_to_another_worker_in_mid_session) {
  connect();
  ASSERT_TRUE(peer->handshake());
  ASSERT_TRUE(peer->send("one"));
  EXPECT_EQ(peer->read(3), "one");
  std::shared_ptr<byte_stream::detached> held;
  on(home(), [&] { held = stream->detach(); });
  on(away(), [&] {
    stream = held->attach(away());
    echo(*stream);
  });
  ASSERT_TRUE(peer->send("two"));
  EXPECT_EQ(peer->read(3), "two");
  on(away(), [&] { stream.reset(); });
}

TEST_F(over_tls, runs_no_handler_after_close) {
  connect();
  ASSERT_TRUE(peer->handshake());
  ASSERT_TRUE(peer->send("x"));
  EXPECT_EQ(peer->read(1), "x");
  bool stale = false;
  on(home(), [&] {
    stream->wait_readable([&] { stale = true; });
    stream->wait_writable([&] { stale = true; });
    stream->close();
    stream->wait_readable([&] { stale = true; });
    stream->wait_writable([&] { stale = true; });
  });
  on(home(), [] {});
  EXPECT_FALSE(stale);
}

TEST(tls_context, says_what_is_wrong) {
  const test::tls_files one, two;
  const auto says = [](const std::string& cert, const std::string& key) -> std::string {
    try {
      const tls_context made(cert, key);
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return "nothing";
  };
  EXPECT_EQ(says(one.cert(), one.key()), "nothing");
  EXPECT_EQ(says("/nowhere/cert.pem", one.key()), "TLS certificate /nowhere/cert.pem: No such file or directory");
  EXPECT_EQ(says(one.cert(), "/nowhere/key.pem"), "TLS key /nowhere/key.pem: No such file or directory");
  EXPECT_THAT(says(one.cert(), two.key()), testing::StartsWith("TLS key " + two.key()));
}

}  // namespace
}  // namespace fanfare::net
