#include "api/gateway/subscriptions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

int number_of(const value& envelope) { return static_cast<int>(envelope.at_pointer("/data/changes/n")->as_double(-1)); }

/// A client that is in project:p2, and asks for what it missed of project:p1 while the log takes its time.
struct replaying {
  explicit replaying(std::function<void(api::floor&)> adjust = {}) : host(std::move(adjust)) {
    peer.emplace(host, rig::token("u1", {"p1", "p2"}));
    peer->ask("subscribe", object{{"room", "project:p2"}});
    start = host.events.head_cursor();
    publish("p1", 1);
    publish("p1", 2);
    host.history.hold();
    peer->emit("subscribe", object{{"room", "project:p1"}, {"since", start}});
    wait_for_reads(1);
  }
  ~replaying() {
    while (host.history.waiting() > 0) host.history.settle();
  }
  void publish(const std::string& project, int number) const {
    ASSERT_EQ(host.publish(rig::project_updated(project, number)).status, 202u);
  }
  void wait_for_reads(std::size_t count) const {
    while (host.history.waiting() < count) std::this_thread::yield();
  }
  void expect(std::initializer_list<int> numbers) {
    for (const int n : numbers) EXPECT_EQ(number_of(peer->event("project.updated")), n);
  }
  rig host;
  std::optional<guest> peer;
  std::string start;
};

TEST(Subscriptions, WhatComesLiveWaitsForTheReplay) {
  replaying it;
  it.publish("p2", 3);  // of another room: its cursor would say that 1 and 2 had been seen
  it.publish("p1", 4);
  EXPECT_TRUE(it.peer->ask("ping", object{}).find("ok") == nullptr) << "other commands are answered";
  it.host.history.settle();
  it.expect({1, 2});
  EXPECT_TRUE(it.peer->event("subscribed").at_pointer("/data/recovered")->as_bool());
  it.expect({3, 4});
}

TEST(Subscriptions, WhatComesLiveWaitsWithinItsBound) {
  replaying it([](api::floor& shared) { shared.door.held_bytes_max = 2000; });
  for (int n = 3; n < 13; ++n) it.publish("p1", n);
  const auto answer = it.peer->event("subscribed");
  EXPECT_FALSE(answer.at_pointer("/data/recovered")->as_bool());
  it.expect({3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  it.host.history.settle();
  it.publish("p2", 13);
  it.expect({13});
}

TEST(Subscriptions, ALogThatFailsIsNoRecovery) {
  replaying it;
  it.publish("p1", 3);
  it.host.history.settle(false);
  EXPECT_FALSE(it.peer->event("subscribed").at_pointer("/data/recovered")->as_bool());
  it.expect({3});
}

TEST(Subscriptions, CommandsWaitForEachOther) {
  replaying it;
  it.peer->emit("unsubscribe", object{{"room", "project:p2"}});
  it.peer->emit("subscribe", object{{"room", "project:p2"}, {"since", it.start}});
  it.publish("p2", 3);
  it.host.history.settle();
  it.expect({1, 2});
  it.peer->event("subscribed");
  it.expect({3});
  it.peer->event("unsubscribed");
  it.wait_for_reads(1);
  it.host.history.settle();
  it.expect({3});
  EXPECT_TRUE(it.peer->event("subscribed").at_pointer("/data/recovered")->as_bool());
}

TEST(Subscriptions, CommandsThatWaitAreBounded) {
  replaying it([](api::floor& shared) {
    auto next = *shared.live.current();
    next.commands_burst = 1000;
    shared.live.replace(next);
  });
  for (int n = 0; n < 100; ++n) it.peer->emit("unsubscribe", object{{"room", "project:p2"}});
  EXPECT_EQ(it.peer->ask("unsubscribe", object{{"room", "project:p2"}}).at_pointer("/error/code")->as_string(),
            "over_limit");
}

TEST(Subscriptions, LeavingTheRoomEndsItsReplay) {
  replaying it;
  it.publish("p1", 3);
  it.peer->emit("unsubscribe", object{{"room", "project:p1"}});
  EXPECT_FALSE(it.peer->event("subscribed").at_pointer("/data/recovered")->as_bool());
  it.expect({3});
  it.peer->event("unsubscribed");
  it.host.history.settle();
  it.publish("p1", 4);
  it.publish("p2", 5);
  it.expect({5});
}

TEST(Subscriptions, ATokenThatLosesTheRoomEndsItsReplay) {
  replaying it;
  it.peer->emit("subscribe", object{{"room", "project:p1"}, {"last", 2}});  // waits, and may not when its turn comes
  const auto refreshed = it.peer->ask("auth.refresh", object{{"token", rig::token("u1", {"p2"})}});
  EXPECT_TRUE(refreshed.find("ok")->as_bool());
  EXPECT_FALSE(it.peer->event("subscribed").at_pointer("/data/recovered")->as_bool());
  EXPECT_EQ(it.peer->event("connection.error").at_pointer("/data/code")->as_string(), "forbidden");
  it.host.history.settle();
  it.publish("p1", 3);
  it.publish("p2", 4);
  it.expect({4});
  EXPECT_EQ(it.host.shared.connections.members("project:p1").size(), 0U);
}

TEST(Subscriptions, AClientThatGoesLeavesNothingBehind) {
  replaying it;
  it.peer->emit("subscribe", object{{"room", "project:p1"}, {"filter", object{{"exact", object{{"type", "x"}}}}}});
  it.peer.reset();
  while (it.host.shared.connections.size() != 0) std::this_thread::yield();
  it.host.history.settle();
  EXPECT_EQ(it.host.events.active_filters(), 0U);
}

}  // namespace
}  // namespace fanfare::test
