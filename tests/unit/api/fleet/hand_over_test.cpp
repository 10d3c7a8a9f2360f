#include "api/fleet/hand_over.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/net/workers.hpp>
#include <future>

#include "api/fleet/two_nodes.hpp"

namespace fanfare::test {
namespace {

/// Node a hands everything to b, which answers as the test says.
struct hand_over_test : testing::Test {
  void open(http::handler answer) {
    auto hand = [this](const http::exchange_ptr& exchange) {
      fleet.a.handing->take(to, exchange, [exchange] { exchange->respond(http::response::text(404, "unknown")); });
    };
    fleet.a.web.route("*", "/s", hand);
    fleet.b.web.route("*", "/s", std::move(answer));
    fleet.start();
  }
  http_answer ask(const std::string& method = "GET", const header_list& headers = {}, const std::string& body = {}) {
    return call(fleet.a.web.port(), method, "/s?q=%20", headers, body);
  }
  fleet_of_two fleet;
  std::uint16_t to = fleet_of_two::tag_of_b;
};

TEST_F(hand_over_test, the_request_arrives_as_it_was_and_the_answer_too) {
  http::request got;
  open([&](const http::exchange_ptr& exchange) {
    got = exchange->request();
    EXPECT_TRUE(fleet.b.handing->admits(got));
    auto answer = http::response::text(201, "done");
    answer.headers.add("Set-Cookie", "a=1");
    answer.headers.add("Set-Cookie", "b=2");
    answer.headers.add("Access-Control-Allow-Origin", "*");
    exchange->respond(std::move(answer));
  });
  const auto answer = ask("POST", {{"Cookie", "c"}, {"X-Own", "x"}, {"Content-Type", "text/plain"}}, "body");
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, "/s?q=%20");
  EXPECT_EQ(got.body, "body");
  EXPECT_EQ(got.headers.get("X-Own"), "x");
  EXPECT_EQ(got.headers.get("Cookie"), "c");
  EXPECT_THAT(std::string(got.headers.get("Host").value_or("")), testing::StartsWith("127.0.0.1"));
  const auto shown = domain::read_ticket(got, fleet_of_two::secret, real_world().unix_ms());
  ASSERT_TRUE(shown && *shown);
  EXPECT_EQ((*shown)->node, "a");
  EXPECT_EQ((*shown)->client_address, "127.0.0.1");
  EXPECT_EQ(answer.status, 201U);
  EXPECT_EQ(answer.body, "done");
  int cookies = 0, dates = 0;
  for (const auto& [name, content] : answer.headers) {
    cookies += name == "Set-Cookie" ? 1 : 0;
    dates += name == "Date" ? 1 : 0;
  }
  EXPECT_EQ(cookies, 2);
  EXPECT_EQ(dates, 1);
  EXPECT_FALSE(answer.headers.get("Access-Control-Allow-Origin")) << "that is for this node to say";
  EXPECT_EQ(fleet.a.counted("request", "ok"), 1);
}

TEST_F(hand_over_test, a_client_that_goes_away_is_gone_there_too) {
  std::promise<void> asked, aborted;
  open([&](const http::exchange_ptr& exchange) {
    exchange->on_abort([&aborted] { aborted.set_value(); });
    asked.set_value();
    // Kept, so that only the client's going ends it.
    exchange->worker().after(milliseconds{60000}, [exchange] {});
  });
  auto gone = std::async(std::launch::async, [&] {
    const auto connector = net::make_connector();
    const auto workers = net::start_workers(1, fleet.a.web.metrics());
    auto& home = workers->pool().at(0);
    std::promise<void> connected;
    std::shared_ptr<void> connecting;
    std::unique_ptr<net::byte_stream> stream;
    home.post([&] {
      connecting = connector->connect(home, {"127.0.0.1", fleet.a.web.port()}, milliseconds{10000}, [&](auto made) {
        stream = std::move(*made);
        const std::string_view text = "GET /s HTTP/1.1\r\nHost: h\r\n\r\n";
        (void)stream->write_some(std::span(&text, 1));
        connected.set_value();
      });
    });
    connected.get_future().wait();
    asked.get_future().wait();
    std::promise<void> closed;
    home.post([&] {
      stream.reset();
      closed.set_value();
    });
    closed.get_future().wait();
  });
  gone.get();
  EXPECT_EQ(aborted.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
}

TEST_F(hand_over_test, what_no_node_holds_or_can_be_asked_is_unknown) {
  open([](const http::exchange_ptr& exchange) { exchange->respond(http::response::text(200, "")); });
  to = 77;
  EXPECT_EQ(ask().status, 404U);
  to = fleet_of_two::tag_of_b;
  for (const auto* address : {"", "nonsense", "host:", "127.0.0.1:99999", "127.0.0.1:1"}) {
    fleet_of_two::meet(fleet.a, fleet.b, to, address);
    EXPECT_EQ(ask().status, 404U) << address;
  }
  EXPECT_EQ(fleet.a.counted("request", "unavailable"), 4);
}

TEST_F(hand_over_test, what_was_handed_over_is_not_handed_on) {
  int reached = 0;
  open([&](const http::exchange_ptr& exchange) {
    ++reached;
    exchange->respond(http::response::text(200, ""));
  });
  EXPECT_EQ(ask("GET", {{"Fanfare-Fleet", "v1 b 0 - x"}}).status, 404U);
  EXPECT_EQ(reached, 0);
}

TEST_F(hand_over_test, a_stop_ends_what_waits) {
  std::promise<void> asked;
  open([&](const http::exchange_ptr& exchange) {
    asked.set_value();
    exchange->worker().after(milliseconds{60000}, [exchange] {});
  });
  auto answer = std::async(std::launch::async, [this] { return ask().status; });
  asked.get_future().wait();
  fleet.a.handing->stop();
  EXPECT_EQ(answer.get(), 500U);
}

}  // namespace
}  // namespace fanfare::test
