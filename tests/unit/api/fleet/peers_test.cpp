#include "api/fleet/peers.hpp"

#include <gtest/gtest.h>

#include <future>

#include "api/fleet/two_nodes.hpp"

namespace fanfare::test {
namespace {

struct peers_test : testing::Test {
  fleet_of_two fleet;

  result<http::response> ask(const domain::node_info& node) {
    std::promise<result<http::response>> came;
    auto& home = fleet.a.web.workers().at(0);
    std::shared_ptr<void> handle;
    home.post([&] {
      http::request what;
      what.method = "GET";
      what.target = "/x";
      what.headers.add("Host", "b");
      handle = fleet.a.others->ask(home, node, what, "", milliseconds{10000},
                                   [&](auto answer) { came.set_value(std::move(answer)); });
    });
    return came.get_future().get();
  }
};

TEST_F(peers_test, know_the_other_nodes_that_live) {
  fleet.start();
  const auto others = fleet.a.others->others();
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].name, "b");
  EXPECT_EQ(others[0].tag, fleet_of_two::tag_of_b);
}

TEST_F(peers_test, show_a_ticket_that_the_other_believes) {
  std::promise<std::optional<domain::ticket>> shown;
  fleet.b.web.route("GET", "/x", [&](const http::exchange_ptr& exchange) {
    const auto read = fleet.b.others->check(exchange->request());
    shown.set_value(read ? *read : std::nullopt);
    exchange->respond(http::response::text(200, "yes"));
  });
  fleet.start();
  const auto answer = ask(fleet.a.others->others().at(0));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body.view(), "yes");
  const auto ticket = shown.get_future().get();
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->node, "a");
  EXPECT_EQ(ticket->client_address, "");
}

TEST_F(peers_test, of_another_fleet_do_not_believe_it) {
  std::promise<result<std::optional<domain::ticket>>> shown;
  fleet.b.web.route("GET", "/x", [&](const http::exchange_ptr& exchange) {
    shown.set_value(fleet.b.others->check(exchange->request()));
    exchange->respond(http::response::text(200, ""));
  });
  fleet.start("another secret, 32 bytes or more!");
  ASSERT_TRUE(ask(fleet.a.others->others().at(0)));
  const auto read = shown.get_future().get();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::forbidden);
}

TEST_F(peers_test, without_an_address_cannot_be_asked) {
  fleet.start();
  EXPECT_EQ(ask({"c", 3, "", false}).error().code, errc::unavailable);
  EXPECT_EQ(ask({"c", 3, "[::1]", false}).error().code, errc::unavailable);
}

}  // namespace
}  // namespace fanfare::test
