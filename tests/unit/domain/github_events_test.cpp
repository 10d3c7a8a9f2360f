#include "domain/github_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

#include "domain/catalogue/catalogue.hpp"

namespace fanfare::domain {
namespace {

value parse(std::string_view text) { return json::parse(text).value(); }

/// As GitHub sends it, shortened to what is near the members we read.
value pull_request(const std::string& action) {
  auto payload = parse(R"({
    "number": 7,
    "pull_request": {"url": "https://api.github.com/repos/acme/rocket/pulls/7", "id": 279147437, "number": 7,
      "state": "open", "locked": false, "title": "Add search", "user": {"login": "ada", "id": 1}, "body": null,
      "html_url": "https://github.com/acme/rocket/pull/7", "draft": true, "merged": false, "merged_by": null,
      "labels": [], "head": {"label": "ada:search", "ref": "search", "sha": "ec26"},
      "base": {"label": "acme:main", "ref": "main", "sha": "f95f"}},
    "repository": {"id": 186853002, "name": "rocket", "full_name": "acme/rocket", "private": false,
      "html_url": "https://github.com/acme/rocket", "owner": {"login": "acme"}},
    "sender": {"login": "bob", "id": 2}})");
  payload.if_object()->set("action", action);
  return payload;
}

value issue(const std::string& action) {
  auto payload = parse(R"({
    "issue": {"url": "https://api.github.com/repos/acme/rocket/issues/12", "number": 12, "title": "It crashes",
      "html_url": "https://github.com/acme/rocket/issues/12", "user": {"login": "ada"}, "state": "open",
      "state_reason": null, "labels": [{"id": 1, "name": "bug", "color": "d73a4a"}, {"id": 2, "name": "p1"}]},
    "repository": {"full_name": "acme/rocket", "html_url": "https://github.com/acme/rocket"},
    "sender": {"login": "bob"}})");
  payload.if_object()->set("action", action);
  return payload;
}

/// Maps it, and holds the data to the catalogue's own rules.
draft mapped(std::string_view event, const value& payload) {
  auto out = map_github_event(event, payload, "p1");
  EXPECT_TRUE(out) << out.error().detail << " at " << out.error().pointer;
  EXPECT_EQ(out->verdict, github_verdict::mapped);
  static const catalogue types;
  EXPECT_TRUE(validate(*types.find(out->event.type), out->event.data)) << json::write(out->event.data);
  EXPECT_EQ(out->event.source, "https://github.com/acme/rocket");
  return out->event;
}

TEST(GithubEvents, AnOpenedPullRequest) {
  const auto event = mapped("pull_request", pull_request("opened"));
  EXPECT_EQ(event.type, "pr.created");
  EXPECT_EQ(event.data,
            parse(R"({"project_id":"p1","number":7,"repository":"acme/rocket","title":"Add search","author":"ada",
      "url":"https://github.com/acme/rocket/pull/7","head":"search","base":"main","draft":true})"));
}

TEST(GithubEvents, AClosedPullRequestSaysWhetherItWasMerged) {
  auto payload = pull_request("closed");
  EXPECT_EQ(mapped("pull_request", payload).data,
            parse(R"({"project_id":"p1","number":7,"repository":"acme/rocket","merged":false,
      "closed_by":"bob","url":"https://github.com/acme/rocket/pull/7"})"));
  auto& request = *(*payload.if_object())["pull_request"].if_object();
  request.set("merged", true);
  request.set("merged_by", object{{"login", "carol"}});
  const auto event = mapped("pull_request", payload);
  EXPECT_EQ(event.type, "pr.closed");
  EXPECT_EQ(event.data.find("merged")->as_bool(), true);
  EXPECT_EQ(event.data.find("closed_by")->as_string(), "carol");
}

TEST(GithubEvents, EveryOtherPullRequestActionListedIsAnUpdate) {
  for (const auto* action : {"reopened", "edited", "synchronize", "labeled", "unlabeled", "assigned", "unassigned",
                             "ready_for_review", "converted_to_draft", "review_requested", "review_request_removed"}) {
    SCOPED_TRACE(action);
    const auto event = mapped("pull_request", pull_request(action));
    EXPECT_EQ(event.type, "pr.updated");
    auto expected =
        parse(R"({"project_id":"p1","number":7,"repository":"acme/rocket","title":"Add search","author":"ada",
        "url":"https://github.com/acme/rocket/pull/7"})");
    expected.if_object()->set("action", action);
    EXPECT_EQ(event.data, expected);
  }
}

TEST(GithubEvents, SaysWhatAnUpdateWasAbout) {
  auto edited = pull_request("edited");
  edited.if_object()->set("changes", parse(R"({"title":{"from":"Add serach"}})"));
  EXPECT_EQ(*mapped("pull_request", edited).data.find("changes"), parse(R"({"title":{"from":"Add serach"}})"));
  auto pushed = pull_request("synchronize");
  pushed.if_object()->set("before", "f95f");
  pushed.if_object()->set("after", "ec26");
  EXPECT_EQ(*mapped("pull_request", pushed).data.find("changes"), parse(R"({"before":"f95f","after":"ec26"})"));
  auto asked = pull_request("review_requested");
  asked.if_object()->set("requested_reviewer", parse(R"({"login":"carol"})"));
  EXPECT_EQ(*mapped("pull_request", asked).data.find("changes"), parse(R"({"requested_reviewer":"carol"})"));
  auto team = pull_request("review_request_removed");
  team.if_object()->set("requested_team", parse(R"({"name":"core"})"));
  EXPECT_EQ(*mapped("pull_request", team).data.find("changes"), parse(R"({"requested_team":"core"})"));
  auto labeled = issue("labeled");
  labeled.if_object()->set("label", parse(R"({"name":"bug"})"));
  EXPECT_EQ(*mapped("issues", labeled).data.find("changes"), parse(R"({"label":"bug"})"));
}

TEST(GithubEvents, AnOpenedIssue) {
  const auto event = mapped("issues", issue("opened"));
  EXPECT_EQ(event.type, "issue.created");
  EXPECT_EQ(event.data,
            parse(R"({"project_id":"p1","number":12,"repository":"acme/rocket","title":"It crashes","author":"ada",
      "url":"https://github.com/acme/rocket/issues/12","labels":["bug","p1"]})"));
}

TEST(GithubEvents, AnIssueThatIsGoneSaysHow) {
  for (const auto* action : {"closed", "deleted", "transferred"}) {
    const auto event = mapped("issues", issue(action));
    EXPECT_EQ(event.type, "issue.closed");
    EXPECT_EQ(event.data.find("reason")->as_string(), action);
    EXPECT_EQ(event.data.find("closed_by")->as_string(), "bob");
    EXPECT_EQ(event.data.find("url")->as_string(), "https://github.com/acme/rocket/issues/12");
  }
  auto payload = issue("closed");
  (*payload.if_object())["issue"].if_object()->set("state_reason", "not_planned");
  EXPECT_EQ(mapped("issues", payload).data.find("state_reason")->as_string(), "not_planned");
}

TEST(GithubEvents, EveryOtherIssueActionIsAnUpdate) {
  for (const auto* action : {"reopened", "edited", "labeled", "unlabeled", "assigned", "unassigned", "pinned",
                             "unpinned", "locked", "unlocked", "milestoned", "demilestoned", "typed", "untyped"}) {
    SCOPED_TRACE(action);
    const auto event = mapped("issues", issue(action));
    EXPECT_EQ(event.type, "issue.updated");
    auto expected = parse(R"({"project_id":"p1","number":12,"repository":"acme/rocket","title":"It crashes",
        "url":"https://github.com/acme/rocket/issues/12","labels":["bug","p1"]})");
    expected.if_object()->set("action", action);
    EXPECT_EQ(event.data, expected);
  }
}

TEST(GithubEvents, WhatIsNotKnownIsSaid) {
  EXPECT_EQ(map_github_event("push", object{}, "p1")->verdict, github_verdict::unknown_event);
  EXPECT_EQ(map_github_event("pull_request", pull_request("enqueued"), "p1")->verdict, github_verdict::unknown_action);
  EXPECT_TRUE(is_known_github_event("issues"));
  EXPECT_FALSE(is_known_github_event("issue_comment"));
}

TEST(GithubEvents, MissingMembersAreFaultsWithTheirPlace) {
  const auto pointer = [](std::string_view event, const value& payload) {
    const auto out = map_github_event(event, payload, "p1");
    return out ? "mapped" : out.error().pointer;
  };
  EXPECT_EQ(pointer("issues", object{}), "/action");
  EXPECT_EQ(pointer("issues", object{{"action", 3}}), "/action");
  EXPECT_EQ(pointer("issues", object{{"action", "opened"}}), "/issue/number");
  EXPECT_EQ(pointer("pull_request", object{{"action", "opened"}, {"pull_request", object{{"number", "7"}}}}),
            "/pull_request/number");
  EXPECT_EQ(pointer("pull_request", object{{"action", "opened"}, {"pull_request", object{{"number", 7}}}}),
            "/pull_request/title");
}

TEST(GithubEvents, ToleratesNullsAndOtherTypes) {
  auto payload = parse(R"({"action":"opened","repository":{"full_name":"acme/rocket"},
      "issue":{"number":1,"repository":"acme/rocket","title":"t","user":null,"html_url":5,"labels":[{"name":1},"x",null,{"name":"ok"}]}})");
  const auto event = mapped("issues", payload);
  EXPECT_EQ(
      event.data,
      parse(
          R"({"project_id":"p1","number":1,"repository":"acme/rocket","title":"t","author":"ghost","labels":["ok"]})"));
  payload.if_object()->set("action", "closed");
  (*payload.if_object())["issue"].if_object()->set("labels", "none");
  EXPECT_EQ(mapped("issues", payload).data,
            parse(R"({"project_id":"p1","number":1,"repository":"acme/rocket","reason":"closed"})"));
}

TEST(RepositoryMap, TheExactNameWinsOverTheWildcard) {
  const auto map = repository_map::make({{"acme/*", "all"}, {"Acme/Rocket", "p1"}}).value();
  EXPECT_EQ(map.project_of("acme/rocket"), "p1");
  EXPECT_EQ(map.project_of("ACME/engine"), "all");
  EXPECT_EQ(map.project_of("acme2/rocket"), std::nullopt);
  EXPECT_EQ(map.project_of("acme"), "all") << "not sent by GitHub, and the owner's all the same";
  EXPECT_EQ(map.project_of(""), std::nullopt);
  EXPECT_EQ(repository_map().project_of("acme/rocket"), std::nullopt);
}

TEST(RepositoryMap, RefusesWhatCanMatchNothing) {
  for (const auto* name : {"acme", "/rocket", "acme/", "a/b/c", "a b/c", ""}) {
    EXPECT_FALSE(repository_map::make({{name, "p1"}})) << name;
  }
  EXPECT_FALSE(repository_map::make({{"acme/rocket", ""}}));
  EXPECT_FALSE(repository_map::make({{"acme/rocket", "p 1"}}));
  EXPECT_FALSE(repository_map::make({{"acme/rocket", "p1"}, {"Acme/rocket", "p2"}}));
}

}  // namespace
}  // namespace fanfare::domain
