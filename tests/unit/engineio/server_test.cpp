#include <fanfare/engineio/server.hpp>

#include <list>
#include <thread>

#include "engineio/support/server_fixture.hpp"

namespace fanfare::engineio {
namespace {

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
  const auto ended = open();
  const auto near = post(ended, std::string(101, '4'));
  EXPECT_EQ(near.status, 413U);
  EXPECT_EQ(near.body, "");
  EXPECT_EQ(closed(1), std::vector<std::string>{"transport error"});
  EXPECT_EQ(get(ended).body, R"({"code":1,"message":"Session ID unknown"})");
  const auto sid = open();
  raw_client far(port);
  far.write("POST /engine.io/?" + poll_of(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_EQ(far.answer().status, 413U);
  EXPECT_EQ(post(sid, "4x").body, "ok");
  raw_client client(port);
  client.open_websocket("EIO=4&transport=websocket");
  client.frame();
  client.send_frame(std::string(101, '4'));
  EXPECT_EQ(client.frame(), "close");
  EXPECT_EQ(closed(2), (std::vector<std::string>{"transport error", "transport error"}));
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

TEST_P(server_test, a_poll_that_arrives_with_the_upgrade_comes_behind_it) {
  start();
  for (int i = 0; i < 20; ++i) {
    const auto sid = open();
    raw_client poller(port);
    EXPECT_EQ(poller.ask("GET", "EIO=4&transport=polling").status, 200U);
    const auto client = upgraded(sid);
    {
      const held_worker hold(*web, sid);
      poller.request("GET", poll_of(sid));
      client->send_frame("5");
    }
    EXPECT_EQ(poller.answer().status, 400U);
    client->send_frame("4after");
    EXPECT_EQ(client->frame(), "4after");
  }
}

TEST_P(server_test, the_answer_to_a_probe_leaves_before_the_refusal_of_a_poll) {
  start();
  for (int i = 0; i < 20; ++i) {
    const auto sid = open();
    raw_client poller(port), client(port);
    EXPECT_EQ(poller.ask("GET", "EIO=4&transport=polling").status, 200U);
    EXPECT_EQ(client.open_websocket(upgrade_of(sid)).status, 101U);
    {
      const held_worker hold(*web, sid);
      client.send_frame("2probe");
      client.send_frame("5");
      poller.request("GET", poll_of(sid));
    }
    EXPECT_EQ(poller.answer().status, 400U);
    EXPECT_TRUE(client.readable());
    EXPECT_EQ(client.frame(), "3probe");
  }
}

TEST_P(server_test, a_parked_poll_ends_when_a_probe_arrives) {
  start();
  const auto sid = open();
  raw_client poller(port), client(port);
  poller.request("GET", poll_of(sid));
  EXPECT_EQ(client.open_websocket(upgrade_of(sid)).status, 101U);
  client.send_frame("2probe");
  EXPECT_EQ(client.frame(), "3probe");
  EXPECT_EQ(poller.answer().body, "6");
  client.send_frame("5");
  poller.request("GET", poll_of(sid));
  EXPECT_EQ(poller.answer().status, 400U);
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
