#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <fanfare/http/server.hpp>

#include "http/blocking_client.hpp"
#include "net/byte_stream.hpp"

namespace fanfare::http {
namespace {

using test::blocking_client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

server_options local(unsigned workers) {
  server_options options;
  options.listen = {"127.0.0.1:0"};
  options.workers = workers;
  return options;
}

double metric(server& web, std::string_view name, const metrics::labels& labelled = {}) {
  double sum = 0;
  for (const auto& each : web.metrics().collect()) {
    if (each.name == name && (labelled.empty() || each.labelled == labelled)) sum += each.amount;
  }
  return sum;
}

// Waits on the thing itself, not on a time: fails through the test's own timeout.
template <class Condition>
void until(Condition&& met) {
  while (!met()) std::this_thread::yield();
}

class server_over_sockets : public testing::TestWithParam<unsigned> {
 protected:
  server web{local(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(workers, server_over_sockets, testing::Values(1U, 3U));

TEST_P(server_over_sockets, keeps_a_connection_alive) {
  web.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  web.route("POST", "/echo", [](exchange_ptr asked) {
    asked->respond(response::text(200, asked->request().body + asked->request().remote_address));
  });
  web.start();
  blocking_client client(web.port());
  for (int i = 0; i < 3; ++i) EXPECT_THAT(client.exchange(get_root), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(client.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
              EndsWith("abc127.0.0.1"));
  EXPECT_EQ(web.connections(), 1U);
  client.close();
  until([&] { return web.connections() == 0; });
}

TEST_P(server_over_sockets, answers_pipelined_requests_in_order) {
  std::mutex mutex;
  std::vector<std::thread> answerers;
  web.route("GET", "/{n}", [&](exchange_ptr asked) {
    const auto n = std::string(asked->request().param("n"));
    if (n.back() % 2 == 0) return asked->respond(response::text(200, n));
    const std::lock_guard lock(mutex);
    answerers.emplace_back([asked, n] { asked->respond(response::text(200, n)); });
  });
  web.start();
  blocking_client client(web.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 50; ++i) EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\n" + std::to_string(i)));
  for (auto& each : answerers) each.join();
}

TEST_P(server_over_sockets, hands_an_upgrade_to_another_worker) {
  std::promise<std::string> told;
  std::unique_ptr<net::byte_stream> kept;
  executor* owner = nullptr;
  web.route("GET", "/up", [&](exchange_ptr asked) {
    auto& target = web.workers().at((asked->worker().index() + 1) % web.workers().size());
    asked->upgrade(target, [&](std::unique_ptr<net::byte_stream> stream, std::string leftover) {
      EXPECT_TRUE(target.here());
      kept = std::move(stream);
      owner = &target;
      const std::string_view reply = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
      kept->write_some(std::span(&reply, 1));
      kept->wait_readable([&, leftover] {
        char bytes[16];
        const auto got = kept->read_some(bytes);
        told.set_value(leftover + std::string(bytes, got.bytes));
      });
    });
  });
  web.start();
  blocking_client client(web.port());
  client.send("GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly");
  EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 101"));
  client.send("late");
  EXPECT_EQ(told.get_future().get(), "earlylate");
  EXPECT_EQ(web.connections(), 1U);
  owner->post([&] { kept.reset(); });
  EXPECT_EQ(client.read_all(), "");
  until([&] { return web.connections() == 0; });
}

TEST_P(server_over_sockets, tells_a_parked_request_that_its_peer_left) {
  std::promise<void> parked, aborted;
  exchange_ptr held;
  web.route("GET", "/poll", [&](exchange_ptr asked) {
    held = asked;
    asked->on_abort([&] { aborted.set_value(); });
    parked.set_value();
  });
  web.start();
  blocking_client client(web.port());
  client.send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n");
  parked.get_future().wait();
  client.close();
  aborted.get_future().wait();
  until([&] { return web.connections() == 0; });
  held->respond(response::text(200, "too late"));
  held.reset();
}

TEST_P(server_over_sockets, serves_a_thousand_connections) {
  web.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  web.start();
  std::vector<blocking_client> clients;
  for (int i = 0; i < 450; ++i) clients.emplace_back(web.port());
  for (int round = 0; round < 3; ++round) {
    for (auto& each : clients) ASSERT_TRUE(each.send(get_root));
    for (auto& each : clients) ASSERT_THAT(each.read_response(), EndsWith("hello"));
  }
  EXPECT_EQ(web.connections(), clients.size());
  EXPECT_EQ(metric(web, "fanfare_connections"), static_cast<double>(clients.size()));
  EXPECT_EQ(metric(web, "fanfare_http_requests_total", {{"method", "GET"}, {"status", "2xx"}}), 3.0 * 450);
}

}  // namespace
}  // namespace fanfare::http
