#include <future>

#include "engineio/support/server_fixture.hpp"

// Case by case the public test suite of the Engine.IO protocol v4, with one worker and with four, where the requests
// of one session come in on any of them.

namespace fanfare::engineio {
namespace {

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

}  // namespace
}  // namespace fanfare::engineio
