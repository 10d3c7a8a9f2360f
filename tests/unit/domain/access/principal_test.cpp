#include "domain/access/principal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

TEST(principal, takes_the_claims) {
  const auto who = principal_of(object{{"sub", "u1"},
                                       {"projects", array{"p1", "p2"}},
                                       {"agents", "*"},
                                       {"roles", array{"dev"}},
                                       {"scope", "events:publish  admin"},
                                       {"jti", "t1"},
                                       {"exp", 2000},
                                       {"iat", 1000.5}});
  ASSERT_TRUE(who);
  EXPECT_EQ(who->sub, "u1");
  EXPECT_TRUE(who->projects.contains("p1"));
  EXPECT_FALSE(who->projects.contains("p3"));
  EXPECT_TRUE(who->agents.contains("anything"));
  EXPECT_THAT(who->roles, ElementsAre("dev"));
  EXPECT_THAT(who->scopes, ElementsAre("admin", "events:publish"));
  EXPECT_TRUE(who->has_scope("admin"));
  EXPECT_EQ(who->jti, "t1");
  EXPECT_EQ(who->expires_at, system_time(2000s));
  EXPECT_EQ(who->issued_at, system_time(1000500ms));
}

TEST(principal, lists_may_be_one_string_or_missing) {
  const auto who =
      principal_of(object{{"sub", "u1"}, {"projects", "p1"}, {"agents", nullptr}, {"scope", array{"admin"}}});
  ASSERT_TRUE(who);
  EXPECT_TRUE(who->projects.contains("p1"));
  EXPECT_FALSE(who->agents.contains("a1"));
  EXPECT_TRUE(who->has_scope("admin"));
  EXPECT_FALSE(who->expires_at);
}

TEST(principal, a_star_among_ids_is_all) {
  EXPECT_TRUE(principal_of(object{{"sub", "u1"}, {"projects", array{"p1", "*"}}})->projects.all);
}

TEST(principal, ids_may_be_integers) {
  const auto who = principal_of(object{{"sub", "u1"}, {"projects", array{1, "p2", -3}}, {"agents", array{7}}});
  ASSERT_TRUE(who);
  EXPECT_THAT(who->projects.ids, ElementsAre("-3", "1", "p2"));
  EXPECT_THAT(who->agents.ids, ElementsAre("7"));
  const auto roles = principal_of(object{{"sub", "u1"}, {"roles", array{1}}});
  ASSERT_FALSE(roles);
  EXPECT_EQ(roles.error().detail, "roles is no list of strings") << "the log names the claim";
}

TEST(principal, claims_may_have_other_names) {
  const claim_names names{
      .projects = "https://example.com/projects", .agents = "app.agents", .roles = "app.deep.roles"};
  const auto who =
      principal_of(object{{"sub", "u1"},
                          {"https://example.com/projects", array{"p1"}},
                          {"app", object{{"agents", array{"a1"}}, {"deep", object{{"roles", array{"r"}}}}}}},
                   names);
  ASSERT_TRUE(who);
  EXPECT_TRUE(who->projects.contains("p1"));
  EXPECT_TRUE(who->agents.contains("a1"));
  EXPECT_TRUE(who->roles.contains("r"));
}

TEST(principal, wrong_types_are_refused) {
  for (const auto* name : {"projects", "agents", "roles", "scope"}) {
    for (const auto& wrong : std::vector<value>{7, true, object{}, array{7.5}, array{nullptr}, array(1001, "x")}) {
      object claims{{"sub", "u1"}};
      claims.set(name, wrong);
      const auto who = principal_of(claims);
      ASSERT_FALSE(who) << name;
      EXPECT_EQ(who.error().code, errc::token_invalid);
    }
  }
}

TEST(principal, sub_must_be_fit_for_a_room) {
  for (const auto& sub : std::vector<value>{"", "a b", std::string(129, 'x'), 7, nullptr, "a\n"}) {
    EXPECT_FALSE(principal_of(object{{"sub", sub}}));
  }
  EXPECT_FALSE(principal_of(object{}));
  EXPECT_TRUE(principal_of(object{{"sub", "auth0|5f7c"}}));
  EXPECT_TRUE(principal_of(object{{"sub", "user@example.com"}}));
}

TEST(principal, times_past_what_a_clock_holds_are_clamped) {
  EXPECT_GT(*principal_of(object{{"sub", "u1"}, {"exp", 253402300799}})->expires_at, system_time(9000000000s));
}

}  // namespace
}  // namespace fanfare::domain
