#include "net/listener.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "net/socket_pair.hpp"

namespace fanfare::net {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

struct listening : testing::Test {
  listening() { pool.start(); }
  ~listening() override {
    std::promise<void> closed;
    one.close([&] { closed.set_value(); });
    closed.get_future().wait();
    pool.stop();
  }
  unique_fd connect(int family, std::uint16_t port) {
    unique_fd client(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 six{};
    sockaddr_in four{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = four.sin_port = htons(port);
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* const to = family == AF_INET6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four);
    const socklen_t length = family == AF_INET6 ? sizeof six : sizeof four;
    if (::connect(client.get(), to, length) != 0) client.close();
    return client;
  }
  void wait_for(std::size_t count) {
    while (taken() < count) std::this_thread::yield();
  }
  std::size_t taken() {
    const std::lock_guard lock(mutex);
    return sockets.size();
  }

  metrics::registry numbers;
  std::mutex mutex;
  std::vector<unique_fd> sockets;
  std::map<unsigned, int> by_worker;
  worker_pool pool{3, numbers};
  listener one{pool, numbers, [this](worker& owner, unique_fd socket) {
                 EXPECT_TRUE(owner.here());
                 const std::lock_guard lock(mutex);
                 ++by_worker[owner.index()];
                 sockets.push_back(std::move(socket));
               }};
};

TEST_F(listening, hands_out_round_robin) {
  one.bind("127.0.0.1:0");
  one.start();
  EXPECT_NE(one.port(), 0);
  EXPECT_THAT(one.addresses(), ElementsAre("127.0.0.1:" + std::to_string(one.port())));
  std::vector<unique_fd> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(connect(AF_INET, one.port()));
  wait_for(9);
  EXPECT_THAT(by_worker, ElementsAre(testing::Pair(0, 3), testing::Pair(1, 3), testing::Pair(2, 3)));
}

TEST_F(listening, hears_localhost_on_one_port_of_both_families) {
  one.bind("localhost:0");
  one.start();
  EXPECT_EQ(one.addresses().front(), "127.0.0.1:" + std::to_string(one.port()));
  auto four = connect(AF_INET, one.port());
  EXPECT_GE(four.get(), 0);
  if (one.addresses().size() == 2) {
    EXPECT_EQ(one.addresses().back(), "[::1]:" + std::to_string(one.port()));
    auto six = connect(AF_INET6, one.port());
    EXPECT_GE(six.get(), 0);
    wait_for(2);
  }
  wait_for(1);
}

TEST_F(listening, hears_both_families_on_the_unspecified_address) {
  try {
    one.bind("[::]:0");
  } catch (const std::system_error&) {
    return;  // a machine without IPv6
  }
  one.start();
  auto four = connect(AF_INET, one.port());
  EXPECT_GE(four.get(), 0);
  wait_for(1);
}

TEST_F(listening, refuses_what_is_no_address) {
  for (const auto* bad : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1"}) {
    EXPECT_THROW(one.bind(bad), std::invalid_argument) << bad;
  }
  EXPECT_THROW(one.bind("no such host:80"), std::runtime_error);
}

TEST_F(listening, refuses_a_port_in_use) {
  one.bind("127.0.0.1:0");
  const auto port = std::to_string(one.port());
  listener two(pool, numbers, [](worker&, unique_fd) {});
  EXPECT_THROW(two.bind("127.0.0.1:" + port), std::system_error);
  EXPECT_THROW(two.bind("localhost:" + port), std::system_error);
  try {
    two.bind("127.0.0.1:" + port);
  } catch (const std::system_error& failure) {
    EXPECT_THAT(failure.what(), StartsWith("listen on 127.0.0.1:" + port));
  }
}

TEST_F(listening, stops_accepting) {
  one.bind("127.0.0.1:0");
  one.start();
  std::promise<void> closed;
  one.close([&] { closed.set_value(); });
  closed.get_future().wait();
  EXPECT_LT(connect(AF_INET, one.port()).get(), 0);
}

// Out of descriptors it pauses, counts, and goes on when there are some again.
TEST_F(listening, waits_for_descriptors) {
  one.bind("127.0.0.1:0");
  one.start();
  // One comes in first: UBSan needs a descriptor itself when it meets a type of handler for the first time.
  const auto earlier = connect(AF_INET, one.port());
  wait_for(1);
  unique_fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(one.port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  auto& refused = numbers.counter("fanfare_connections_refused_total", "", {{"cause", "out_of_descriptors"}});
  while (refused.get() == 0) std::this_thread::yield();
  ::setrlimit(RLIMIT_NOFILE, &before);
  wait_for(2);
  EXPECT_LE(refused.get(), 50) << "pauses, and does not spin";
}

}  // namespace
}  // namespace fanfare::net
