#include "server/listen_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/served.hpp"

namespace fanfare::test {
namespace {

using server::listen_client;
using server::listen_options;
using testing::Contains;
using testing::HasSubstr;

std::string url_of(served& host) { return "http://127.0.0.1:" + std::to_string(host.port()); }

/// A client of project:p1.
listen_options project_of(served& host) {
  listen_options options;
  options.url = url_of(host);
  options.token = host.token("u1");
  options.rooms = {"project:p1"};
  return options;
}

TEST(ListenClient, SubscribesAndHandsEventsOut) {
  served host;
  listen_client* running = nullptr;
  std::vector<double> numbers;
  auto options = project_of(host);
  options.on_subscribed = [&host] { host.publish("p1", 1), host.publish("p1", 2); };
  options.on_event = [&](const value& event) {
    numbers.push_back(event.at_pointer("/data/changes/n")->as_double());
    if (numbers.size() == 2) running->stop();
  };
  listen_client client(options);
  running = &client;
  EXPECT_TRUE(client.run());
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2));
}

TEST(ListenClient, GoesOnFromACursor) {
  served host;
  host.publish("p1", 1);
  const auto page = call(host.port(), "GET", "/api/v1/rooms/project:p1/history", {{"X-API-Key", "key-of-the-served"}});
  host.publish("p1", 2);
  listen_client* running = nullptr;
  std::vector<double> numbers;
  auto options = project_of(host);
  options.since = page.json().find("cursor")->as_string();
  options.on_event = [&](const value& event) {
    numbers.push_back(event.at_pointer("/data/changes/n")->as_double());
    running->stop();
  };
  listen_client client(options);
  running = &client;
  EXPECT_TRUE(client.run());
  EXPECT_THAT(numbers, testing::ElementsAre(2));
}

TEST(ListenClient, BeginsWithTheNewest) {
  served host;
  for (int n = 1; n <= 3; ++n) host.publish("p1", n);
  listen_client* running = nullptr;
  std::vector<double> numbers;
  auto options = project_of(host);
  options.last = 2;
  options.on_subscribed = [&host] { host.publish("p1", 4); };
  options.on_event = [&](const value& event) {
    numbers.push_back(event.at_pointer("/data/changes/n")->as_double());
    if (numbers.size() == 3) running->stop();
  };
  listen_client client(options);
  running = &client;
  EXPECT_TRUE(client.run());
  EXPECT_THAT(numbers, testing::ElementsAre(2, 3, 4));
}

TEST(ListenClient, ComesBackWithTheLastCursor) {
  served host;
  listen_client* running = nullptr;
  std::vector<double> numbers;
  int subscriptions = 0;
  auto options = project_of(host);
  options.retry_min = milliseconds{1};
  options.on_subscribed = [&] {
    if (++subscriptions == 1) host.publish("p1", 1);
  };
  options.on_event = [&](const value& event) {
    numbers.push_back(event.at_pointer("/data/changes/n")->as_double());
    if (numbers.size() == 2) return running->stop();
    // Cut off, then something happens that only recovery can bring.
    call(host.port(), "DELETE", "/api/v1/users/u1/connections", {{"X-API-Key", "key-of-the-served"}});
    host.publish("p1", 2);
  };
  listen_client client(options);
  running = &client;
  EXPECT_TRUE(client.run());
  EXPECT_THAT(numbers, testing::ElementsAre(1, 2));
}

TEST(ListenClient, GivesUpWhenItIsRefusedForGood) {
  served host;
  std::vector<std::string> notices;
  listen_options options;
  options.url = url_of(host);
  options.on_notice = [&notices](std::string_view text) { notices.emplace_back(text); };
  options.token = "nonsense";
  EXPECT_FALSE(listen_client(options).run());
  EXPECT_THAT(notices, Contains("refused: token_invalid"));
  options.token = host.token("u1");
  options.rooms = {"project:secret"};
  EXPECT_FALSE(listen_client(options).run());
  EXPECT_THAT(notices, Contains(HasSubstr("subscribe: forbidden")));
  options.url = "nonsense";
  EXPECT_FALSE(listen_client(options).run());
  EXPECT_THAT(notices, Contains(HasSubstr("http://")));
}

TEST(ListenClient, TriesAgainWhileNobodyListens) {
  std::uint16_t port = 0;
  {
    served gone;
    port = gone.port();
  }
  listen_client* running = nullptr;
  int notices = 0;
  listen_options options;
  options.url = "http://127.0.0.1:" + std::to_string(port);
  options.token = "t";
  options.retry_min = milliseconds{1};
  options.retry_max = milliseconds{2};
  options.on_notice = [&](std::string_view text) {
    EXPECT_EQ(text, "not connected: Connection refused; trying again in 1 s");
    if (++notices == 3) running->stop();
  };
  listen_client client(options);
  running = &client;
  EXPECT_TRUE(client.run());
  EXPECT_EQ(notices, 3);

  std::vector<std::string> told;
  options.on_notice = [&told](std::string_view text) { told.emplace_back(text); };
  options.retries = 0;
  EXPECT_FALSE(listen_client(options).run());
  EXPECT_THAT(told, testing::ElementsAre("not connected: Connection refused"));
}

}  // namespace
}  // namespace fanfare::test
