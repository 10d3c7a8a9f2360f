#include "domain/access/access_policy.hpp"

#include <gtest/gtest.h>

namespace fanfare::domain {
namespace {

principal ada() {
  principal who;
  who.sub = "ada";
  who.projects.ids = {"p1"};
  who.agents.all = true;
  return who;
}

access join(const access_policy& policy, const principal& who, std::string_view room) {
  return policy.decide(who, room_action::join, room);
}

TEST(room, grammar) {
  EXPECT_EQ(parse_room("project:p1")->kind, "project");
  EXPECT_EQ(parse_room("project:a:b/c#1")->id, "a:b/c#1");
  EXPECT_EQ(parse_room("global")->kind, "global");
  EXPECT_TRUE(parse_room("user:" + std::string(128, 'x')));
  EXPECT_TRUE(parse_room("project:\xc3\xa4"));
  EXPECT_TRUE(parse_room("user:auth0|5f7c")) << "as identity providers name users";
  for (const auto* bad : {"", ":", "project", "project:", ":p1", "Project:p1", "1x:p", "pro-ject:p1", "global:x",
                          "project:a b", "project:a\n",
                          "project:a\x1f"
                          "b",
                          "project:\x7f", "project:\xff", "project:\xc2\x85", " project:p1"}) {
    const auto room = parse_room(bad);
    ASSERT_FALSE(room) << bad;
    EXPECT_EQ(room.error().code, errc::unknown_room);
  }
  EXPECT_FALSE(parse_room("user:" + std::string(129, 'x')));
  EXPECT_FALSE(parse_room(std::string(33, 'k') + ":x"));
  EXPECT_FALSE(parse_room(std::string_view("user:a\0b", 8)));
}

TEST(access_policy, default_is_the_contract) {
  const access_policy policy;
  EXPECT_EQ(join(policy, ada(), "project:p1"), access::allow);
  EXPECT_EQ(join(policy, ada(), "project:p2"), access::forbidden);
  EXPECT_EQ(join(policy, ada(), "agent:any"), access::allow);
  EXPECT_EQ(join(policy, ada(), "global"), access::allow);
  EXPECT_EQ(join(policy, ada(), "user:ada"), access::allow);
  EXPECT_EQ(join(policy, ada(), "user:bob"), access::forbidden);
  EXPECT_EQ(join(policy, ada(), "task:1"), access::unknown_room);
  EXPECT_EQ(join(policy, ada(), "project:p1\x1fhash"), access::unknown_room);
  EXPECT_EQ(join(policy, ada(), "nonsense"), access::unknown_room);
  EXPECT_EQ(policy.decide(ada(), room_action::presence, "project:p1"), access::allow);
  EXPECT_EQ(policy.decide(ada(), room_action::history, "user:bob"), access::forbidden);
}

TEST(access_policy, publishing_needs_the_scope) {
  const access_policy policy;
  auto who = ada();
  EXPECT_EQ(policy.decide(who, room_action::publish, "project:p1"), access::forbidden);
  EXPECT_EQ(policy.decide(who, room_action::publish, "user:ada"), access::forbidden);
  who.scopes = {"events:publish"};
  EXPECT_EQ(policy.decide(who, room_action::publish, "project:p2"), access::allow);
  EXPECT_EQ(policy.decide(who, room_action::publish, "user:bob"), access::allow);
  EXPECT_EQ(policy.decide(who, room_action::publish, "nope:1"), access::unknown_room);
}

TEST(access_policy, nobody_reads_the_room_of_another_user_whatever_the_role) {
  auto root = ada();
  root.roles = {"admin", "root"};
  root.scopes = {"admin"};
  root.projects.all = true;
  for (const auto* grant : {"anyone", "claim", "role:admin", "scope:admin", "hook"}) {
    EXPECT_FALSE(access_policy::make({{"user", {room_action::join}, {grant}}})) << grant;
    EXPECT_FALSE(access_policy::make({{"user", {room_action::publish, room_action::history}, {grant}}})) << grant;
    const auto policy = access_policy::make({{"*", {room_action::join, room_action::presence}, {grant}}});
    ASSERT_TRUE(policy);
    EXPECT_EQ(join(*policy, root, "user:bob"), access::forbidden) << "a rule for all does not open it: " << grant;
    EXPECT_EQ(join(*policy, root, "user:ada"), access::allow);
  }
  EXPECT_TRUE(access_policy::make({{"user", {room_action::publish}, {"role:admin"}}}));
  EXPECT_TRUE(access_policy::make({{"user", {room_action::join}, {"own"}}}));
}

TEST(access_policy, overrides_come_first) {
  const auto policy =
      access_policy::make({{"project", {room_action::join}, {"role:ops"}}, {"global", {room_action::join}, {}}});
  ASSERT_TRUE(policy);
  EXPECT_EQ(join(*policy, ada(), "project:p1"), access::forbidden) << "the claim no longer counts";
  EXPECT_EQ(join(*policy, ada(), "global"), access::forbidden);
  EXPECT_EQ(policy->decide(ada(), room_action::presence, "project:p1"), access::allow) << "other actions as before";
  auto ops = ada();
  ops.roles = {"ops"};
  EXPECT_EQ(join(*policy, ops, "project:p9"), access::allow);
  ops.roles = {};
  ops.scopes = {"ops"};
  EXPECT_EQ(join(*policy, ops, "project:p9"), access::forbidden);
}

TEST(access_policy, the_hook_is_asked_last) {
  const auto policy = access_policy::make({}, {"task"}, true);
  ASSERT_TRUE(policy);
  EXPECT_EQ(join(*policy, ada(), "project:p1"), access::allow);
  EXPECT_EQ(join(*policy, ada(), "project:p2"), access::ask_hook);
  EXPECT_EQ(join(*policy, ada(), "task:1"), access::ask_hook);
  EXPECT_EQ(join(*policy, ada(), "user:bob"), access::forbidden);
}

TEST(access_policy, added_kinds_are_closed_until_a_rule_opens_them) {
  const auto closed = access_policy::make({}, {"task"});
  EXPECT_EQ(join(*closed, ada(), "task:1"), access::forbidden);
  const auto open = access_policy::make({{"task", {room_action::join}, {"anyone"}}}, {"task", "project"});
  EXPECT_EQ(join(*open, ada(), "task:1"), access::allow);
  EXPECT_EQ(open->kinds().size(), 5U);
}

TEST(access_policy, mistakes_show_when_it_is_made) {
  EXPECT_FALSE(access_policy::make({{"project", {room_action::join}, {"everyone"}}}));
  EXPECT_FALSE(access_policy::make({{"project", {room_action::join}, {"role:"}}}));
  EXPECT_FALSE(access_policy::make({{"task", {room_action::join}, {"anyone"}}}));
  EXPECT_FALSE(access_policy::make({}, {"Task"}));
}

TEST(access, as_a_result) {
  EXPECT_TRUE(to_result(access::allow));
  EXPECT_EQ(to_result(access::forbidden).error().code, errc::forbidden);
  EXPECT_EQ(to_result(access::ask_hook).error().code, errc::forbidden);
  EXPECT_EQ(to_result(access::unknown_room).error().code, errc::unknown_room);
}

TEST(access_policy, says_what_decided) {
  const auto policy = access_policy::make({{"team", {room_action::join, room_action::presence}, {"role:staff", "hook"}},
                                           {"project", {room_action::history}, {}}},
                                          {"team"});
  ASSERT_TRUE(policy);
  auto who = ada();
  const auto why = [&](room_action action, std::string_view room) { return policy->explain(who, action, room).why; };
  EXPECT_EQ(why(room_action::join, "project:p1"), "rule \"* join+presence+history claim\": claim holds");
  EXPECT_EQ(why(room_action::join, "project:other"),
            "rule \"* join+presence+history claim\": none of its grants holds");
  EXPECT_EQ(why(room_action::history, "project:p1"), "rule \"project history nobody\": none of its grants holds");
  EXPECT_EQ(why(room_action::presence, "team:a"), "rule \"team join+presence role:staff+hook\": the hook is asked");
  who.roles = {"staff"};
  EXPECT_EQ(why(room_action::presence, "team:a"), "rule \"team join+presence role:staff+hook\": role:staff holds");
  EXPECT_EQ(why(room_action::join, "user:bob"), "rule \"user join+presence+history own\": none of its grants holds");
  EXPECT_EQ(why(room_action::join, "temas:a"), "there is no such kind of room; did you mean \"team\"?");
  EXPECT_EQ(why(room_action::join, "nonsense"), "it is no room");
  EXPECT_EQ(policy->explain(who, room_action::join, "nonsense").decision, access::unknown_room);
}

}  // namespace
}  // namespace fanfare::domain
