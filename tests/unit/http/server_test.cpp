#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <fanfare/http/server.hpp>

#include <fanfare/net/byte_stream.hpp>
#include "http/blocking_client.hpp"
#include "net/memory_stream.hpp"
#include "net/tls_peer.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::http {
namespace {

using test::blocking_client;
using testing::AllOf;
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
  for (int i = 0; i < 1000; ++i) clients.emplace_back(web.port());
  for (int round = 0; round < 3; ++round) {
    for (auto& each : clients) ASSERT_TRUE(each.send(get_root));
    for (auto& each : clients) ASSERT_THAT(each.read_response(), EndsWith("hello"));
  }
  EXPECT_EQ(web.connections(), clients.size());
  EXPECT_EQ(metric(web, "fanfare_http_connections"), static_cast<double>(clients.size()));
  EXPECT_EQ(metric(web, "fanfare_http_requests_total", {{"method", "GET"}, {"status", "2xx"}}), 3.0 * 1000);
}

TEST_P(server_over_sockets, refuses_connections_past_its_bound) {
  auto options = local(GetParam());
  options.connections_max = 2;
  server small(options);
  small.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  small.start();
  blocking_client one(small.port()), two(small.port());
  EXPECT_THAT(one.exchange(get_root), EndsWith("hello"));
  EXPECT_THAT(two.exchange(get_root), EndsWith("hello"));
  blocking_client three(small.port());
  EXPECT_THAT(three.read_all(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(metric(small, "fanfare_connections_refused_total", {{"cause", "over_limit"}}), 1);
  one.close();
  until([&] { return small.connections() == 1; });
  blocking_client four(small.port());
  EXPECT_THAT(four.exchange(get_root), EndsWith("hello"));
  small.set_connections_max(3);
  blocking_client five(small.port());
  EXPECT_THAT(five.exchange(get_root), EndsWith("hello"));
}

TEST_P(server_over_sockets, changes_its_cors_policy_while_it_runs) {
  web.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  web.start();
  blocking_client client(web.port());
  EXPECT_THAT(client.exchange(get_root), Not(HasSubstr("Access-Control")));
  web.set_cors({{"*"}});
  EXPECT_THAT(client.exchange(get_root), HasSubstr("Access-Control-Allow-Origin: *\r\n"));
}

TEST_P(server_over_sockets, stops_under_load_and_answers_what_is_under_way) {
  std::mutex mutex;
  std::vector<exchange_ptr> parked;
  std::atomic<std::size_t> waiting = 0;
  std::vector<int> hooks;
  web.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  web.route("GET", "/poll", [&](exchange_ptr asked) {
    const std::lock_guard lock(mutex);
    parked.push_back(asked);
    ++waiting;
  });
  web.on_stop([&] { hooks.push_back(1); });
  web.on_stop([&] { throw std::runtime_error("a hook's own trouble"); });
  web.on_stop([&] {
    hooks.push_back(2);
    web.stop();
    const std::lock_guard lock(mutex);
    for (auto& each : parked) each->respond(response::text(200, "late"));
    parked.clear();
  });
  web.start();
  std::vector<blocking_client> idle, polling;
  for (int i = 0; i < 50; ++i) {
    idle.emplace_back(web.port());
    EXPECT_THAT(idle.back().exchange(get_root), EndsWith("hello"));
    polling.emplace_back(web.port());
    polling.back().send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  until([&] { return waiting == 50; });
  std::atomic<bool> stopping = false;
  std::thread busy([&] {
    try {
      while (!stopping) blocking_client(web.port()).exchange(get_root);
    } catch (const std::runtime_error&) {  // refused: the listener is closed
    }
  });
  // Hooks answer while the server waits for its connections; the peers leave when they have been answered.
  std::thread readers([&] {
    for (auto& each : polling) {
      EXPECT_THAT(each.read_all(), EndsWith("late"));
      each.close();
    }
    for (auto& each : idle) EXPECT_EQ(each.read_all(), "");
  });
  web.stop(milliseconds{20000});
  stopping = true;
  busy.join();
  readers.join();
  EXPECT_EQ(hooks, (std::vector{2, 1}));
  EXPECT_EQ(web.connections(), 0U);
  web.stop();
}

TEST_P(server_over_sockets, closes_those_who_do_not_finish_in_time) {
  std::promise<void> parked, aborted;
  exchange_ptr held;
  web.route("GET", "/", [&](exchange_ptr asked) {
    held = asked;
    parked.set_value();
  });
  web.start();
  blocking_client client(web.port());
  client.send(get_root);
  parked.get_future().wait();
  web.stop(milliseconds{1});
  EXPECT_EQ(client.read_all(), "");
  held->respond(response::text(200, "nobody"));
}

TEST_P(server_over_sockets, can_be_stopped_by_a_handler) {
  web.route("GET", "/", [&](exchange_ptr asked) {
    web.stop();
    asked->respond(response::text(200, "bye"));
  });
  web.start();
  blocking_client client(web.port());
  client.send(get_root);
  EXPECT_THAT(client.read_all(), EndsWith("bye"));
  client.close();
  web.stop();
}

TEST_P(server_over_sockets, runs_until_a_signal_comes) {
  web.route("GET", "/", [&](exchange_ptr asked) {
    asked->respond_and_close(response::text(200, "hello"));
    ::kill(::getpid(), SIGTERM);
  });
  std::promise<std::uint16_t> started;
  web.workers().at(0).post([&] { started.set_value(web.port()); });
  std::thread client([&] {
    const auto port = started.get_future().get();
    try {
      blocking_client asks(port);
      asks.send(get_root);
      EXPECT_THAT(asks.read_all(), EndsWith("hello"));
    } catch (const std::runtime_error& failure) {
      ADD_FAILURE() << failure.what();
      web.stop();
    }
  });
  web.run();
  client.join();
  EXPECT_THROW(web.start(), std::logic_error);
}

TEST_P(server_over_sockets, serves_tls) {
  const test::tls_files files;
  auto options = local(GetParam());
  options.tls_cert = files.cert();
  options.tls_key = files.key();
  server safe(options);
  safe.route("GET", "/", [](exchange_ptr asked) {
    asked->respond(response::text(200, asked->request().secure ? std::string(100000, 's') : "plain"));
  });
  safe.start();
  for (int i = 0; i < 4; ++i) {
    blocking_client socket(safe.port());
    test::tls_peer peer(socket.fd());
    ASSERT_TRUE(peer.handshake());
    peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(peer.read(200000), AllOf(StartsWith("HTTP/1.1 200 "), EndsWith("sss")));
  }
}

TEST(server, refuses_unusable_options) {
  const auto with = [](auto change) {
    server_options options;
    options.listen = {"127.0.0.1:0"};
    change(options);
    return options;
  };
  EXPECT_THROW(server(with([](auto& o) { o.listen.clear(); })), std::runtime_error);
  EXPECT_THROW(server(with([](auto& o) { o.tls_cert = "/x"; })), std::runtime_error);
  EXPECT_THROW(server(with([](auto& o) { o.tls_cert = o.tls_key = "/nowhere"; })), std::runtime_error);
  EXPECT_THROW(server(with([](auto& o) { o.connections_max = 0; })), std::runtime_error);
  server wrong(with([](auto& o) { o.listen = {"nonsense"}; }));
  EXPECT_THROW(wrong.start(), std::exception);
}

TEST(server, counts_into_a_registry_it_is_given) {
  metrics::registry numbers;
  auto options = local(1);
  options.metrics = &numbers;
  server web(options);
  EXPECT_EQ(&web.metrics(), &numbers);
  EXPECT_EQ(web.options().workers, 1U);
  web.stop();
  web.run();
  EXPECT_THROW(web.start(), std::logic_error);
}

TEST(server, runs_after_it_was_started) {
  server web(local(1));
  web.start();
  web.workers().at(0).post([&] { web.stop(); });
  web.run();
  EXPECT_EQ(web.connections(), 0U);
}

TEST(server, hears_localhost) {
  auto options = local(1);
  options.listen = {"localhost:0", "127.0.0.1:0"};
  server web(options);
  web.route("GET", "/", [](exchange_ptr asked) { asked->respond(response::text(200, "hello")); });
  web.start();
  EXPECT_THAT(web.addresses().front(), StartsWith("127.0.0.1:"));
  EXPECT_GE(web.addresses().size(), 2U);
  blocking_client client(web.port());
  EXPECT_THAT(client.exchange(get_root), EndsWith("hello"));
}

// --- on workers of the program's own ---

TEST(server_on_others_workers, serves_what_it_is_given_and_waits_for_nothing) {
  fanfare::test::fake_pool pool(3, 7);
  server_options options;
  options.listen.clear();
  options.connections_max = 1;
  server web(std::move(options), pool);
  bool stopped = false;
  web.on_stop([&stopped] { stopped = true; });
  web.route("GET", "/", [&pool](exchange_ptr asked) {
    EXPECT_EQ(pool.current(), &pool.at(2));
    asked->respond(response::text(200, "hello"));
  });
  EXPECT_THROW(web.start(), std::logic_error);
  EXPECT_EQ(&web.workers(), &pool);
  EXPECT_EQ(web.addresses().size(), 0U);
  std::vector<std::shared_ptr<void>> tokens;
  const auto connect = [&] {
    auto pair = net::memory_stream::make(pool.at(2), pool.at(2));
    pool.at(2).post([&, served = std::make_shared<std::unique_ptr<net::memory_stream>>(std::move(pair.second))] {
      web.serve(pool.at(2), [&](std::shared_ptr<void> token) {
        tokens.push_back(std::move(token));
        return std::move(*served);
      });
    });
    const std::string_view asked[] = {get_root};
    (void)pair.first->write_some(asked);
    pool.run();
    return std::move(pair.first);
  };
  const auto first = connect();
  EXPECT_THAT(first->state()->inbox, AllOf(StartsWith("HTTP/1.1 200"), EndsWith("hello")));
  EXPECT_EQ(web.connections(), 1U);
  const auto second = connect();
  EXPECT_THAT(second->state()->inbox, StartsWith("HTTP/1.1 503")) << "past connections_max";
  web.stop();
  pool.run();
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(first->state()->ended);
}

}  // namespace
}  // namespace fanfare::http
