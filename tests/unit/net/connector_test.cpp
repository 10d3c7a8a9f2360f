#include <fanfare/net/connector.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <thread>

#include "net/listener.hpp"
#include "net/socket_pair.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_client_context.hpp"
#include "net/tls_peer.hpp"
#include "net/tls_stream.hpp"

namespace fanfare::net {
namespace {

using test::on;

struct outgoing : testing::Test {
  outgoing() { pool.start(); }
  ~outgoing() override {
    on(home(), [&] {
      under_way.reset();
      stream.reset();
      accepted.reset();
    });
    pool.stop();
  }
  worker& home() { return pool.at(0); }
  // Greets whom it accepts, over TLS if `context` is set.
  void listen(const std::string& address = "127.0.0.1:0") {
    ear = std::make_unique<listener>(pool, numbers, [this](worker& owner, unique_fd socket) {
      if (context) {
        accepted = tls_stream::accept(owner, std::move(socket), *context);
      } else {
        accepted = std::make_unique<tcp_stream>(owner, std::move(socket));
      }
      greet();
    });
    ear->bind(address);
    ear->start();
  }
  void greet() {
    const std::string_view hello = "hello";
    const auto wrote = accepted->write_some(std::span(&hello, 1));
    if (wrote.status == io_status::would_block) accepted->wait_writable([this] { greet(); });
  }
  // "connected", or what failed.
  std::string connect(const endpoint& to, milliseconds timeout = milliseconds{20000}) {
    std::promise<std::string> outcome;
    home().post([&] {
      under_way = maker->connect(home(), to, timeout, [&](result<std::unique_ptr<byte_stream>> made) {
        if (made) stream = std::move(*made);
        detail = made ? "" : made.error().detail;
        outcome.set_value(made ? "connected" : std::string(describe(made.error().code).metric_label));
      });
    });
    return outcome.get_future().get();
  }
  std::string read() {
    std::promise<std::string> got;
    std::function<void()> again = [&] {
      std::array<char, 16> part;
      const auto one = stream->read_some(part);
      if (one.status == io_status::would_block) return stream->wait_readable(again);
      got.set_value(std::string(part.data(), one.bytes));
    };
    home().post(again);
    return got.get_future().get();
  }
  void trust(const std::string& ca, const std::string& name = {}) {
    maker = make_connector(tls_client_options{ca, "", "", name});
  }

  metrics::registry numbers;
  worker_pool pool{1, numbers};
  test::tls_files files;
  std::unique_ptr<tls_context> context;
  std::unique_ptr<listener> ear;
  std::unique_ptr<byte_stream> accepted, stream;
  std::unique_ptr<connector> maker = make_connector();
  std::shared_ptr<void> under_way;
  std::string detail;
};

TEST_F(outgoing, connects_by_name_and_address) {
  listen("localhost:0");
  for (const auto* host : {"localhost", "127.0.0.1"}) {
    EXPECT_EQ(connect({host, ear->port()}), "connected") << detail;
    EXPECT_EQ(read(), "hello");
    on(home(), [&] { EXPECT_FALSE(stream->secure()); });
  }
}

TEST_F(outgoing, says_which_step_failed) {
  auto [ours, theirs] = test::socket_pair();
  sockaddr_in own{};
  socklen_t length = sizeof own;
  ::getsockname(ours.get(), reinterpret_cast<sockaddr*>(&own), &length);
  const auto port = ntohs(own.sin_port);  // connected, and nobody listens there any more
  EXPECT_EQ(connect({"127.0.0.1", port}), "unavailable");
  EXPECT_EQ(detail, "127.0.0.1:" + std::to_string(port) + ": Connection refused");
  EXPECT_EQ(connect({"no such host", 1}), "unavailable");
  EXPECT_THAT(detail, testing::StartsWith("no such host:1: cannot resolve: "));
}

TEST_F(outgoing, shakes_hands_and_verifies) {
  context = std::make_unique<tls_context>(files.cert(), files.key());
  listen();
  trust(files.cert(), "localhost");
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "connected") << detail;
  EXPECT_EQ(read(), "hello");
  on(home(), [&] { EXPECT_TRUE(stream->secure()); });

  trust(files.cert(), "other.example");
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "unavailable");
  EXPECT_THAT(detail, testing::HasSubstr("TLS handshake: hostname mismatch"));
  trust(files.cert());
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "unavailable");
  EXPECT_THAT(detail, testing::HasSubstr("TLS handshake: IP address mismatch"));
  trust("");
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "unavailable");
  EXPECT_THAT(detail, testing::HasSubstr("TLS handshake: self-signed certificate"));
}

TEST_F(outgoing, gives_up_at_the_deadline) {
  // Accepts by its queue alone and never shakes hands.
  unique_fd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&at), length), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  ::getsockname(silent.get(), reinterpret_cast<sockaddr*>(&at), &length);
  trust(files.cert());
  EXPECT_EQ(connect({"127.0.0.1", ntohs(at.sin_port)}, milliseconds{50}), "timeout");
}

TEST_F(outgoing, fails_on_what_is_no_tls) {
  listen();  // greets in plain
  trust(files.cert());
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "unavailable");
  EXPECT_THAT(detail, testing::HasSubstr("TLS handshake: wrong version number"));
}

TEST_F(outgoing, tells_nobody_once_dropped) {
  listen();
  bool told = false;
  for (int i = 0; i < 3; ++i) {
    on(home(), [&] {
      under_way = maker->connect(home(), {"127.0.0.1", ear->port()}, milliseconds{20000}, [&](auto) { told = true; });
      under_way.reset();
    });
  }
  EXPECT_EQ(connect({"127.0.0.1", ear->port()}), "connected") << "and what was begun before is over by now";
  EXPECT_FALSE(told);
}

TEST(tls_client_context, says_what_is_wrong) {
  const test::tls_files one, two;
  const auto says = [](const tls_client_options& options) -> std::string {
    try {
      const tls_client_context made(options);
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
    return "nothing";
  };
  EXPECT_EQ(says({}), "nothing");
  EXPECT_EQ(says({one.cert(), one.cert(), one.key(), ""}), "nothing");
  EXPECT_EQ(says({"/nowhere/ca.pem", "", "", ""}), "TLS authority /nowhere/ca.pem: No such file or directory");
  EXPECT_EQ(says({"", "/nowhere/cert.pem", one.key(), ""}),
            "TLS certificate /nowhere/cert.pem: No such file or directory");
  EXPECT_THAT(says({"", one.cert(), two.key(), ""}), testing::StartsWith("TLS key " + two.key()));
}

TEST(endpoint, is_shown_with_brackets_where_ipv6_needs_them) {
  EXPECT_EQ(shown({"localhost", 1}), "localhost:1");
  EXPECT_EQ(shown({"::1", 1}), "[::1]:1");
}

}  // namespace
}  // namespace fanfare::net
