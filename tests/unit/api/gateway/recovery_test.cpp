#include "api/gateway/recovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "history/memory_log.hpp"
#include "support/fake_executor.hpp"

namespace fanfare::api {
namespace {

/// Keeps facts as a file would.
class fact_log : public history::memory_log {
 public:
  fact_log() : memory_log("e") {}
  void keep(history::fact item, kept done) override {
    if (refuses) return done(errc::unavailable);
    if (item.until_ms == 0)
      held.erase(item.name);
    else
      held[item.name] = item;
    done({});
  }
  [[nodiscard]] std::vector<history::fact> facts(std::int64_t now_ms) const override {
    std::vector<history::fact> out;
    for (const auto& [name, item] : held) {
      if (item.until_ms >= now_ms) out.push_back(item);
    }
    return out;
  }
  [[nodiscard]] bool shared() const override { return is_shared; }
  void find(std::string name, found done) const override {
    const auto place = held.find(name);
    done(place == held.end() ? std::nullopt : std::optional(place->second));
  }
  std::map<std::string, history::fact> held;
  bool refuses = false;
  bool is_shared = false;
};

struct recovery_test : testing::Test {
  static recovery::session session_of(const std::string& user) {
    const auto only = *domain::filter::parse(object{{"exact", object{{"type", "x"}}}});
    return {"sid-" + user, user, "/", {{"global", nullptr, 3}, {"project:1", only, 7}}};
  }
  static void hold(recovery& tested, const std::string& pid, const std::string& user) {
    ASSERT_TRUE(tested.begin(pid, nullptr));
    tested.keep(pid, session_of(user), 0, [] {});
  }
  std::optional<recovery::session> found(recovery& tested, const std::string& pid, std::int64_t now_ms,
                                         const std::string& user = "ann", const std::string& nsp = "/") {
    std::optional<recovery::session> out;
    bool answered = false;
    tested.find(pid, user, nsp, now_ms, worker, [&](auto came) {
      out = std::move(came);
      answered = true;
    });
    worker.run();
    EXPECT_TRUE(answered);
    return out;
  }
  test::fake_executor worker;
  fact_log log;
  recovery_bounds bounds{.disconnection_max = milliseconds{1000}, .lost_max = 3};
};

TEST_F(recovery_test, a_lost_session_comes_back_to_its_user_for_a_while) {
  recovery tested(log, bounds, 0);
  hold(tested, "p", "ann");
  EXPECT_FALSE(found(tested, "p", 0)) << "it is live, and its socket cannot be reached";
  EXPECT_FALSE(tested.begin("p", nullptr)) << "one socket at a time";
  tested.end("p", true, 5000);
  EXPECT_FALSE(found(tested, "p", 5000, "ben"));
  EXPECT_FALSE(found(tested, "p", 5000, "ann", "/ws"));
  EXPECT_FALSE(found(tested, "q", 5000));
  const auto back = found(tested, "p", 6000);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->sid, "sid-ann");
  ASSERT_EQ(back->rooms.size(), 2U);
  EXPECT_EQ(back->rooms[0].after, 3U);
  EXPECT_EQ(back->rooms[1].name, "project:1");
  EXPECT_EQ(back->rooms[1].only->canonical(), session_of("ann").rooms[1].only->canonical());
  EXPECT_FALSE(found(tested, "p", 6001)) << "too late";
  EXPECT_EQ(tested.lost(), 0U);
}

TEST_F(recovery_test, outlives_a_restart_with_its_time) {
  {
    recovery first(log, bounds, 0);
    hold(first, "live", "ann");
    hold(first, "lost", "ann");
    hold(first, "left", "ann");
    first.end("lost", true, 5000);
    first.end("left", false, 5000);
  }
  log.held["session spoilt"] = {"session spoilt", 0, 9000, "{\"sid\":1"};
  log.held["revoked u"] = {"revoked u", 0, 9000, ""};
  recovery second(log, bounds, 5500);
  EXPECT_EQ(second.lost(), 2U);
  EXPECT_FALSE(found(second, "left", 5500));
  EXPECT_FALSE(found(second, "spoilt", 5500));
  EXPECT_TRUE(found(second, "lost", 6000));
  EXPECT_FALSE(found(second, "lost", 6001)) << "its time went on";
  EXPECT_TRUE(found(second, "live", 6500)) << "its time began with the restart";
  EXPECT_EQ(log.held.at("session live").until_ms, 6500);
}

TEST_F(recovery_test, is_bounded_in_sessions) {
  recovery tested(log, bounds, 0);
  for (int n = 0; n < 5; ++n) {
    const auto pid = "p" + std::to_string(n);
    hold(tested, pid, "ann");
    tested.end(pid, true, 100 + n);
  }
  EXPECT_EQ(tested.lost(), 3U);
  EXPECT_FALSE(found(tested, "p1", 200));
  EXPECT_TRUE(found(tested, "p2", 200));
}

TEST_F(recovery_test, what_cannot_be_kept_is_not_promised) {
  recovery tested(log, bounds, 0);
  ASSERT_TRUE(tested.begin("p", nullptr));
  log.refuses = true;
  bool told = false;
  tested.keep("p", session_of("ann"), 0, [&told] { told = true; });
  EXPECT_TRUE(told);
  log.refuses = false;
  tested.keep("p", session_of("ann"), 0, [] {});
  tested.end("p", true, 1000);
  EXPECT_FALSE(found(tested, "p", 1000));
  EXPECT_TRUE(log.held.empty());
}

TEST_F(recovery_test, a_session_that_came_back_is_live_again) {
  recovery tested(log, bounds, 0);
  hold(tested, "p", "ann");
  tested.end("p", true, 1000);
  const auto before = tested.begin("p", nullptr);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->sid, "sid-ann");
  EXPECT_EQ(tested.lost(), 0U);
  tested.keep("p", *before, 0, [] {});
  EXPECT_EQ(log.held.at("session p").until_ms, history::never);
  tested.drop("p");
  EXPECT_TRUE(log.held.empty());
}

TEST_F(recovery_test, comes_back_to_another_node_that_shares_the_log) {
  log.is_shared = true;
  recovery here(log, bounds, 0), there(log, bounds, 0);
  hold(here, "p", "ann");
  EXPECT_FALSE(found(there, "q", 1));
  EXPECT_FALSE(found(there, "p", 1, "ben"));
  ASSERT_TRUE(found(there, "p", 1)) << "though its socket here seems to live, as a dead network leaves it";
  ASSERT_TRUE(there.begin("p", nullptr));
  there.keep("p", session_of("ann"), 1, [] {});
  here.hear(log.held.at("session p"));
  here.end("p", true, 2);
  EXPECT_EQ(here.lost(), 0U) << "it is not its session any more";
  EXPECT_GT(log.held.at("session p").until_ms, 1000000);
  there.end("p", true, 2000);
  EXPECT_EQ(log.held.at("session p").until_ms, 3000);
  recovery late(log, bounds, 2500);
  EXPECT_EQ(late.lost(), 0U) << "what others hold is not taken for lost";
  EXPECT_TRUE(found(late, "p", 2500));
  EXPECT_FALSE(found(here, "p", 3000)) << "too late";
}

}  // namespace
}  // namespace fanfare::api
