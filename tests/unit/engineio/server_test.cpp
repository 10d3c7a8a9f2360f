#include <fanfare/engineio/server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engineio/raw_client.hpp"

// The whole floor over real sockets, with one worker and with four, where the requests of one session come in on
// any of them. `protocol_suite` follows, case by case, the public test suite of the Engine.IO protocol v4.

namespace fanfare::engineio {
namespace {

using test::raw_answer;
using test::raw_client;

class server_fixture : public testing::TestWithParam<unsigned> {
 protected:
  ~server_fixture() override {
    if (web) web->stop(milliseconds{100});
  }
  void start() {
    http::server_options on;
    on.listen = {"127.0.0.1:0"};
    on.workers = GetParam();
    web = std::make_unique<http::server>(on);
    io = std::make_unique<server>(*web, options);
    io->on_connection([this](const socket_ptr& socket) {
      auto* const raw = socket.get();
      socket->on_message([raw](socket::message in) {
        if (in.bytes == "close me") return raw->close();
        raw->send(in.binary ? encode_binary(in.bytes) : encode_text(in.bytes));
      });
      socket->on_close([this](close_reason reason) { note(std::string(to_string(reason))); });
    });
    web->start();
    port = web->port();
  }

  void note(std::string text) {
    const std::lock_guard lock(mutex);
    notes.push_back(std::move(text));
    noted.notify_all();
  }
  /// Waits until so many sessions have ended.
  std::vector<std::string> closed(std::size_t count) {
    std::unique_lock lock(mutex);
    noted.wait_for(lock, std::chrono::seconds{30}, [&] { return notes.size() >= count; });
    return notes;
  }

  raw_answer ask(std::string_view method, std::string_view query, std::string_view body = {}) {
    return raw_client(port).ask(method, query, body);
  }
  std::string open() {
    const auto answer = ask("GET", "EIO=4&transport=polling");
    const auto at = answer.body.find("\"sid\":\"");
    return at == std::string::npos ? "" : answer.body.substr(at + 7, 20);
  }
  static std::string poll_of(const std::string& sid) { return "EIO=4&transport=polling&sid=" + sid; }
  static std::string upgrade_of(const std::string& sid) { return "EIO=4&transport=websocket&sid=" + sid; }
  raw_answer get(const std::string& sid) { return ask("GET", poll_of(sid)); }
  raw_answer post(const std::string& sid, std::string_view body) { return ask("POST", poll_of(sid), body); }
  std::unique_ptr<raw_client> upgraded(const std::string& sid) {
    auto client = std::make_unique<raw_client>(port);
    EXPECT_EQ(client->open_websocket(upgrade_of(sid)).status, 101U);
    client->send_frame("2probe");
    EXPECT_EQ(client->frame(), "3probe");
    return client;
  }

  server_options options;
  std::unique_ptr<http::server> web;
  std::unique_ptr<server> io;
  std::uint16_t port = 0;
  std::mutex mutex;
  std::condition_variable noted;
  std::vector<std::string> notes;
};

class protocol_suite : public server_fixture {
 protected:
  protocol_suite() { start(); }
};
class heartbeat_suite : public server_fixture {
 protected:
  void start(milliseconds ping_interval, milliseconds ping_timeout) {
    options.ping_interval = ping_interval;
    options.ping_timeout = ping_timeout;
    server_fixture::start();
  }
};

TEST_P(protocol_suite, polling_opens_a_session) {
  const auto answer = ask("GET", "EIO=4&transport=polling");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.has("content-type: text/plain; charset=utf-8\r\n"));
  EXPECT_TRUE(answer.has("cache-control: no-store\r\n"));
  EXPECT_THAT(answer.body,
              testing::MatchesRegex("0[{]\"sid\":\"[-_A-Za-z0-9]+\",\"upgrades\":[[]\"websocket\"[]],"
                                    "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000[}]"));
}

TEST_P(protocol_suite, polling_fails_with_an_invalid_eio) {
  EXPECT_EQ(ask("GET", "transport=polling").status, 400U);
  const auto answer = ask("GET", "EIO=abc&transport=polling");
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, R"({"code":5,"message":"Unsupported protocol version"})");
}

TEST_P(protocol_suite, polling_fails_with_an_invalid_transport) {
  EXPECT_EQ(ask("GET", "EIO=4").body, R"({"code":0,"message":"Transport unknown"})");
  EXPECT_EQ(ask("GET", "EIO=4&transport=abc").status, 400U);
}

TEST_P(protocol_suite, polling_fails_with_an_invalid_method) {
  EXPECT_EQ(ask("POST", "EIO=4&transport=polling").body, R"({"code":2,"message":"Bad handshake method"})");
  EXPECT_EQ(ask("PUT", "EIO=4&transport=polling").status, 400U);
}

TEST_P(protocol_suite, websocket_opens_a_session) {
  raw_client client(port);
  EXPECT_EQ(client.open_websocket("EIO=4&transport=websocket").status, 101U);
  EXPECT_THAT(client.frame(),
              testing::MatchesRegex("0[{]\"sid\":\"[-_A-Za-z0-9]+\",\"upgrades\":[[][]],"
                                    "\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000[}]"));
}

TEST_P(protocol_suite, websocket_fails_with_an_invalid_eio) {
  for (const auto* query : {"transport=websocket", "EIO=abc&transport=websocket"}) {
    const auto answer = raw_client(port).open_websocket(query);
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(answer.body, "Unsupported protocol version");
    EXPECT_TRUE(answer.has("connection: close"));
  }
}

TEST_P(protocol_suite, websocket_fails_with_an_invalid_transport) {
  for (const auto* query : {"EIO=4", "EIO=4&transport=abc"}) {
    const auto answer = raw_client(port).open_websocket(query);
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(answer.body, "Transport unknown");
  }
}

TEST_P(protocol_suite, polling_echoes_one_packet) {
  const auto sid = open();
  const auto sent = post(sid, "4hello");
  EXPECT_EQ(sent.status, 200U);
  EXPECT_EQ(sent.body, "ok");
  EXPECT_EQ(get(sid).body, "4hello");
}

TEST_P(protocol_suite, polling_echoes_several_packets) {
  const auto sid = open();
  EXPECT_EQ(post(sid,
                 "4test1\x1e"
                 "4test2\x1e"
                 "4test3")
                .body,
            "ok");
  EXPECT_EQ(get(sid).body,
            "4test1\x1e"
            "4test2\x1e"
            "4test3");
}

TEST_P(protocol_suite, polling_echoes_text_and_binary) {
  const auto sid = open();
  EXPECT_EQ(post(sid,
                 "4hello\x1e"
                 "bAQIDBA==")
                .body,
            "ok");
  EXPECT_EQ(get(sid).body,
            "4hello\x1e"
            "bAQIDBA==");
}

TEST_P(protocol_suite, polling_closes_upon_an_invalid_packet) {
  const auto sid = open();
  EXPECT_EQ(post(sid, "abc").status, 200U);  // as Node
  EXPECT_EQ(get(sid).status, 400U);
}

TEST_P(protocol_suite, polling_closes_upon_a_duplicate_poll) {
  const auto sid = open();
  raw_client first(port), second(port);
  first.request("GET", poll_of(sid));
  second.request("GET", poll_of(sid));
  // Whichever arrives first is the one that is parked.
  const auto one = first.answer(), other = second.answer();
  EXPECT_THAT((std::vector{one.status, other.status}), testing::UnorderedElementsAre(200U, 400U));
  EXPECT_EQ(one.status == 200 ? one.body : other.body, "1");
  EXPECT_EQ(get(sid).status, 400U);
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport error"});
}

TEST_P(protocol_suite, polling_closes_upon_a_cancelled_poll) {
  const auto sid = open();
  raw_client poll(port);
  poll.request("GET", poll_of(sid));
  // Until the echo comes back through the poll, the server has it for certain.
  EXPECT_EQ(post(sid, "4x").body, "ok");
  EXPECT_EQ(poll.answer().body, "4x");
  poll.request("GET", poll_of(sid));
  poll.close();
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport error"});
  EXPECT_EQ(get(sid).status, 400U);
}

TEST_P(protocol_suite, websocket_echoes_text_and_binary) {
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame("4hello");
  EXPECT_EQ(client.frame(), "4hello");
  client.send_frame("\x01\x02\x03\x04", true);
  EXPECT_EQ(client.frame(), "\x01\x02\x03\x04");
}

TEST_P(protocol_suite, websocket_closes_upon_an_invalid_packet) {
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame("abc");
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(1), std::vector<std::string>{"parse error"});
}

TEST_P(heartbeat_suite, polling_heartbeat) {
  start(milliseconds{50}, milliseconds{20000});
  const auto sid = open();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(sid).body, "2");
    EXPECT_EQ(post(sid, "3").status, 200U);
  }
}

TEST_P(heartbeat_suite, polling_closes_upon_ping_timeout) {
  start(milliseconds{30}, milliseconds{20});
  const auto sid = open();
  EXPECT_EQ(closed(1), std::vector<std::string>{"ping timeout"});
  const auto answer = get(sid);
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_P(heartbeat_suite, websocket_heartbeat_and_ping_timeout) {
  start(milliseconds{50}, milliseconds{2000});
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.frame(), "2");
    client.send_frame("3");
  }
  EXPECT_EQ(client.frame(), "2");
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(1), std::vector<std::string>{"ping timeout"});
}

TEST_P(protocol_suite, polling_is_closed_by_the_client) {
  const auto sid = open();
  raw_client poll(port);
  poll.request("GET", poll_of(sid));
  EXPECT_EQ(post(sid, "4x").body, "ok");
  EXPECT_EQ(poll.answer().body, "4x");
  // The same connection, and so the same worker: what comes after is handled after.
  poll.request("GET", poll_of(sid));
  auto confirmed = std::async(std::launch::async, [&] { return post(sid, "1").body; });
  EXPECT_EQ(confirmed.get(), "ok");
  const auto answer = poll.answer();
  EXPECT_TRUE(answer.body == "6" || answer.status == 400) << answer.body;  // 400: the POST was faster
  EXPECT_EQ(get(sid).status, 400U);
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport close"});
}

TEST_P(protocol_suite, websocket_is_closed_by_the_client) {
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame("1");
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport close"});
}

TEST_P(protocol_suite, upgrades) {
  const auto sid = open();
  const auto client = upgraded(sid);
  const auto poll = get(sid);
  EXPECT_EQ(poll.status, 200U);
  EXPECT_EQ(poll.body, "6");
  client->send_frame("5");
  client->send_frame("4hello");
  EXPECT_EQ(client->frame(), "4hello");
}

TEST_P(protocol_suite, ignores_polls_after_the_upgrade) {
  const auto sid = open();
  const auto client = upgraded(sid);
  client->send_frame("5");
  client->send_frame("4first");
  EXPECT_EQ(client->frame(), "4first");
  const auto answer = get(sid);
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, R"({"code":3,"message":"Bad request"})");
  client->send_frame("4hello");
  EXPECT_EQ(client->frame(), "4hello");
}

TEST_P(protocol_suite, ignores_websockets_after_the_upgrade) {
  const auto sid = open();
  const auto client = upgraded(sid);
  client->send_frame("5");
  raw_client second(port);
  second.open_websocket(upgrade_of(sid));
  EXPECT_EQ(second.frame(), "close");
  client->send_frame("4hello");
  EXPECT_EQ(client->frame(), "4hello");
}

INSTANTIATE_TEST_SUITE_P(workers, protocol_suite, testing::Values(1U, 4U));
INSTANTIATE_TEST_SUITE_P(workers, heartbeat_suite, testing::Values(1U, 4U));

class server_test : public server_fixture {};

TEST_P(server_test, many_sessions_on_connections_of_their_own) {
  start();
  std::vector<std::string> sids;
  for (int i = 0; i < 20; ++i) sids.push_back(open());
  EXPECT_EQ(io->sessions(), 20U);
  EXPECT_EQ(io->sessions("polling"), 20U);
  for (const auto& sid : sids) EXPECT_EQ(post(sid, "4" + sid).body, "ok");
  for (const auto& sid : sids) EXPECT_EQ(get(sid).body, "4" + sid);
  std::list<std::unique_ptr<raw_client>> clients;
  for (const auto& sid : sids) {
    clients.push_back(upgraded(sid));
    clients.back()->send_frame("5");
  }
  for (auto& client : clients) {
    client->send_frame("4after");
    EXPECT_EQ(client->frame(), "4after");
  }
  EXPECT_EQ(io->sessions("websocket"), 20U);
  EXPECT_EQ(io->sessions("polling"), 0U);
  EXPECT_EQ(io->sessions("other"), 0U);
}

TEST_P(server_test, serves_its_paths_with_and_without_the_slash) {
  options.paths = {"/socket.io/", "/ws/socket.io"};
  start();
  for (const auto* path : {"/socket.io/", "/socket.io", "/ws/socket.io/", "/ws/socket.io"}) {
    raw_client client(port);
    client.write("GET " + std::string(path) + "?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.answer().status, 200U) << path;
  }
  EXPECT_EQ(ask("GET", "EIO=4&transport=polling").status, 404U);
}

TEST_P(server_test, asks_before_every_handshake) {
  std::thread elsewhere;
  options.allow_request = [&](const http::request& request, auto done) {
    if (request.query.find("token=late") != std::string::npos) {
      elsewhere = std::thread([done] {
        done(std::nullopt);
        done(refusal{});  // a second answer is ignored
      });
    } else if (request.query.find("token=good") != std::string::npos) {
      done(std::nullopt);
    } else if (request.query.find("token=custom") != std::string::npos) {
      done(refusal{401, 4, "who are you?"});
    } else if (request.query.find("token=lost") == std::string::npos) {
      done(refusal{});
    }
  };
  options.headers = [](http::fields& fields, const http::request&) { fields.add("x-every", "yes"); };
  start();
  EXPECT_EQ(ask("GET", "EIO=4&transport=polling&token=good").status, 200U);
  EXPECT_EQ(ask("GET", "EIO=4&transport=polling&token=late").status, 200U);
  elsewhere.join();
  const auto refused = ask("GET", "EIO=4&transport=polling");
  EXPECT_EQ(refused.status, 403U);
  EXPECT_EQ(refused.body, R"({"code":4,"message":"Forbidden"})");
  EXPECT_TRUE(refused.has("x-every: yes"));
  const auto custom = raw_client(port).open_websocket("EIO=4&transport=websocket&token=custom");
  EXPECT_EQ(custom.status, 401U);
  EXPECT_EQ(custom.body, "who are you?");
  EXPECT_EQ(ask("GET", "EIO=4&transport=polling&token=lost").status, 500U);
  EXPECT_EQ(io->sessions(), 2U);
}

TEST_P(server_test, headers_of_the_101) {
  options.cookie = "io";
  options.initial_headers = [](http::fields& fields, const http::request&) { fields.add("x-initial", "yes"); };
  options.headers = [](http::fields& fields, const http::request&) { fields.add("x-every", "yes"); };
  start();
  const auto direct = raw_client(port).open_websocket("EIO=4&transport=websocket");
  EXPECT_TRUE(direct.has("x-initial: yes"));
  EXPECT_TRUE(direct.has("x-every: yes"));
  const auto handshake = ask("GET", "EIO=4&transport=polling");
  EXPECT_TRUE(handshake.has("set-cookie: io="));
  const auto upgrade =
      raw_client(port).open_websocket(upgrade_of(handshake.body.substr(handshake.body.find("\"sid\":\"") + 7, 20)));
  EXPECT_FALSE(upgrade.has("x-initial"));
  EXPECT_TRUE(upgrade.has("x-every: yes"));
}

TEST_P(server_test, sessions_are_bounded) {
  options.sessions_max = 1;
  start();
  // A handshake that fails gives its place back.
  EXPECT_EQ(raw_client(port)
                    .ask("GET", "EIO=4&transport=websocket", {}, "Connection: Upgrade\r\nUpgrade: websocket\r\n")
                    .status /
                100,
            4U);
  const auto sid = open();
  EXPECT_EQ(sid.size(), 20U);
  const auto full = ask("GET", "EIO=4&transport=polling");
  EXPECT_EQ(full.status, 503U);
  EXPECT_EQ(full.body, R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(raw_client(port).open_websocket("EIO=4&transport=websocket").status, 503U);
  EXPECT_EQ(post(sid, "1").body, "ok");
  closed(1);
  EXPECT_EQ(open().size(), 20U);
}

TEST_P(server_test, bodies_past_the_bound) {
  options.max_payload_bytes = 100;
  start();
  const auto sid = open();
  const auto near = post(sid, std::string(101, '4'));
  EXPECT_EQ(near.status, 413U);
  EXPECT_EQ(near.body, "");
  raw_client far(port);
  far.write("POST /engine.io/?" + poll_of(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(far.answer().status, 413U);
  EXPECT_EQ(post(sid, "4x").body, "ok");
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame(std::string(101, '4'));
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport error"});
}

TEST_P(server_test, unknown_and_foreign_session_ids) {
  start();
  const auto sid = open();
  for (const std::string& other : {std::string("zz"), std::string("hfwnmxPJpBii0FIyAAAA"), sid.substr(1) + "A"}) {
    EXPECT_EQ(get(other).body, R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(raw_client(port).open_websocket(upgrade_of(other)).body, "Session ID unknown");
  }
  EXPECT_EQ(ask("GET", upgrade_of(sid)).body, R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(ask("PUT", poll_of(sid), "x").status, 500U);
}

TEST_P(server_test, an_upgrade_request_that_names_polling_is_closed) {
  start();
  raw_client fresh(port), named(port);
  EXPECT_EQ(fresh.open_websocket("EIO=4&transport=polling").status, 101U);
  EXPECT_EQ(fresh.frame(), "close");
  EXPECT_EQ(named.open_websocket(poll_of(open())).status, 101U);
  EXPECT_EQ(named.frame(), "close");
  EXPECT_EQ(io->sessions("websocket"), 0U);
}

TEST_P(server_test, a_plain_request_for_a_websocket_session) {
  start();
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  const auto opened = client.frame();
  const auto sid = opened.substr(opened.find("\"sid\":\"") + 7, 20);
  EXPECT_EQ(ask("GET", upgrade_of(sid)).body, R"({"code":3,"message":"Bad request"})");
  client.send_frame("4alive");
  EXPECT_EQ(client.frame(), "4alive");
}

TEST_P(server_test, server_closes_one_session) {
  start();
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame("4close me");
  EXPECT_EQ(client.frame(), "close");
  const auto sid = open();
  EXPECT_EQ(post(sid, "4close me").body, "ok");
  EXPECT_EQ(get(sid).body,
            "6\x1e"
            "1");
  EXPECT_EQ(closed(2), (std::vector<std::string>{"forced close", "forced close"}));
}

TEST_P(server_test, reaches_every_session) {
  start();
  std::vector<std::string> sids = {open(), open(), open()};
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  const auto news = encode_text("news");
  io->for_each([news](const socket_ptr& socket) { socket->send(news); });
  for (const auto& sid : sids) EXPECT_EQ(get(sid).body, "4news");
  EXPECT_EQ(client.frame(), "4news");
  io->close_all();
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(4), (std::vector<std::string>(4, "forced server close")));
  EXPECT_EQ(io->sessions(), 0U);
}

TEST_P(server_test, stopping_the_http_server_ends_sessions) {
  start();
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  open();
  web->stop(milliseconds{1000});
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(2), (std::vector<std::string>(2, "forced server close")));
}

TEST_P(server_test, counts) {
  start();
  const auto sid = open();
  post(sid, "4x");
  get("zz");
  const auto client = upgraded(sid);
  client->send_frame("5");
  client->send_frame("1");
  closed(1);
  double found = 0;
  for (const auto& one : web->metrics().collect()) {
    const auto label = one.labelled.empty() ? "" : one.labelled.front().second;
    const auto is = [&](std::string_view name, std::string_view with) { return one.name == name && label == with; };
    if (is("fanfare_engineio_sessions_opened_total", "") || is("fanfare_engineio_upgrades_total", "") ||
        is("fanfare_engineio_closes_total", "transport_close") ||
        is("fanfare_engineio_errors_total", "session_unknown")) {
      EXPECT_EQ(one.amount, 1) << one.name;
      ++found;
    }
    if (is("fanfare_engineio_sessions", "polling") || is("fanfare_engineio_sessions", "websocket")) {
      EXPECT_EQ(one.amount, 0) << one.name << label;
      ++found;
    }
  }
  EXPECT_EQ(found, 6);
}

INSTANTIATE_TEST_SUITE_P(workers, server_test, testing::Values(1U, 4U));

}  // namespace
}  // namespace fanfare::engineio
