#include "domain/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

history::entry of(const std::string& type) {
  history::entry out;
  out.type = type;
  out.time_ms = 1000;
  return out;
}

struct retention_test : testing::Test {
  history::entry applied(const std::string& type) const {
    auto out = of(type);
    rules.apply(out);
    return out;
  }
  catalogue types;
  retention rules;
};

TEST_F(retention_test, the_first_rule_that_names_a_type_decides) {
  for (const auto* rule : {"workflow.progress latest", "ai.analysis_complete 90s", "ai.* 7d", "pr.* keep", "* 1h"}) {
    ASSERT_TRUE(rules.add(rule, types)) << rule;
  }
  EXPECT_TRUE(applied("workflow.progress").only_newest);
  EXPECT_EQ(applied("workflow.progress").expires_ms, 0);
  EXPECT_EQ(applied("ai.analysis_complete").expires_ms, 91000);
  EXPECT_EQ(applied("ai.suggestion").expires_ms, 604801000);
  EXPECT_EQ(applied("pr.created").expires_ms, history::never);
  EXPECT_FALSE(applied("pr.created").only_newest);
  EXPECT_EQ(applied("issue.created").expires_ms, 3601000);
}

TEST_F(retention_test, what_no_rule_names_goes_by_the_logs_own_bounds) {
  ASSERT_TRUE(rules.add("agent.status_changed latest keep", types));
  EXPECT_EQ(applied("pr.created").expires_ms, 0);
  EXPECT_EQ(applied("agent.status_changed").expires_ms, history::never);
  EXPECT_TRUE(applied("agent.status_changed").only_newest);
}

TEST_F(retention_test, refuses_what_cannot_work) {
  const auto why = [this](const char* rule) {
    const auto added = rules.add(rule, types);
    return added ? std::string() : added.error().detail;
  };
  EXPECT_EQ(why(""), "does not say how long: latest, an age like 7d, or keep");
  EXPECT_EQ(why("pr.created"), why(""));
  for (const auto* rule : {"pr.* forever", "pr.* 7d 8d", "pr.* keep 7d", "pr.* 0", "pr.* latest latest"}) {
    EXPECT_EQ(why(rule), "is not \"TYPE latest\", \"TYPE 7d\", \"TYPE keep\" or \"TYPE latest 7d\"") << rule;
  }
  EXPECT_EQ(why("pr.create 7d"), "names no event type that there is; did you mean \"pr.created\"?");
  EXPECT_THAT(why("subscribed 7d"), testing::StartsWith("names no event type that there is"))
      << "replies are not published";
  EXPECT_EQ(why("agent.* latest"), "has latest, but agent.connected has no conflation key to be the latest of");
}

}  // namespace
}  // namespace fanfare::domain
