#include "api/publish/publish.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/rig.hpp"

namespace fanfare::test {
namespace {

std::string token_with_scope(const std::vector<std::string>& projects) {
  return rig::token("u1", projects, 3600, {{"scope", "events:publish"}});
}

http_answer publish_as(rig& host, const header_list& credential, const value& event) {
  auto headers = credential;
  headers.emplace_back("Content-Type", "application/json");
  return call(host.port(), "POST", "/api/v1/events", headers, json::write(event));
}

TEST(Publish, AnswersWithIdsAndCursors) {
  rig host;
  const auto answer = host.publish(array{rig::project_updated("p1"), rig::project_updated("p2")});
  ASSERT_EQ(answer.status, 202u) << answer.body;
  const auto body = answer.json();
  EXPECT_EQ(body.find("accepted")->as_double(), 2);
  EXPECT_EQ(body.at_pointer("/events/0/id")->as_string().size(), 26u);
  EXPECT_EQ(body.at_pointer("/events/1/cursor")->as_string(), host.events.head_cursor());
}

TEST(Publish, RepeatsAreAnsweredAsTheFirstTime) {
  rig host;
  auto event = rig::project_updated("p1");
  event.if_object()->set("id", "e1");
  const auto first = host.publish(event);
  const auto again = host.publish(event);
  EXPECT_EQ(again.status, 202u);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
  EXPECT_EQ(host.history.head(), 1u);

  auto headers = rig::json_with_key();
  headers.emplace_back("Idempotency-Key", "k1");
  const auto keyed = call(host.port(), "POST", "/api/v1/events", headers, json::write(rig::project_updated("p1")));
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/events", headers, json::write(rig::project_updated("p1"))).body,
            keyed.body);
  EXPECT_EQ(host.history.head(), 2u);
  const auto other = call(host.port(), "POST", "/api/v1/events", headers, json::write(rig::project_updated("p2")));
  EXPECT_EQ(other.status, 422u) << "the key is of another body";
  EXPECT_EQ(other.json().find("code")->as_string(), "idempotency_mismatch");
  EXPECT_EQ(host.history.head(), 2u);
  headers.back().second = std::string(257, 'k');
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/events", headers, "{}").status, 400u);
}

TEST(Publish, FaultsCarryTheirPointer) {
  rig host;
  const auto one = host.publish(object{{"type", "project.updated"}, {"data", object{{"changes", object{}}}}});
  EXPECT_EQ(one.status, 400u);
  EXPECT_EQ(one.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(one.json().find("pointer")->as_string(), "/data/project_id");
  const auto batch = host.publish(
      array{rig::project_updated("p1"), object{{"type", "project.updated"}, {"data", object{{"project_id", 3}}}}});
  EXPECT_EQ(batch.json().find("pointer")->as_string(), "/1/data/project_id");
  EXPECT_EQ(host.publish(object{{"type", "no.such"}, {"data", object{}}}).json().find("pointer")->as_string(), "/type");
  EXPECT_EQ(host.history.head(), 0u);
}

TEST(Publish, AsksForACredentialThatMay) {
  rig host;
  const auto event = rig::project_updated("p1");
  EXPECT_EQ(publish_as(host, {}, event).status, 401u);
  EXPECT_EQ(publish_as(host, {}, event).headers.get("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(publish_as(host, {{"X-API-Key", "wrong"}}, event).status, 401u);
  EXPECT_EQ(publish_as(host, {{"Authorization", "Bearer nonsense"}}, event).status, 401u);
  EXPECT_EQ(publish_as(host, {{"Authorization", "Bearer " + rig::token("u1", {"p1"})}}, event).status, 403u);
  EXPECT_EQ(publish_as(host, {{"Authorization", "bearer " + service_key}}, event).status, 202u);
  EXPECT_EQ(publish_as(host, {{"Authorization", "Bearer " + token_with_scope({"p1"})}}, event).status, 202u);
}

TEST(Publish, HoldsTheRate) {
  rig host({}, {0.001, 3});
  EXPECT_EQ(host.publish(array{rig::project_updated("p1"), rig::project_updated("p1")}).status, 202u);
  const auto answer = host.publish(array{rig::project_updated("p1"), rig::project_updated("p1")});
  EXPECT_EQ(answer.status, 429u);
  EXPECT_NE(answer.headers.get("Retry-After").value_or("0"), "0");
  EXPECT_EQ(answer.json().find("code")->as_string(), "rate_limited");
}

TEST(Publish, SaysHowLongToWait) {
  rig host({}, {0.25, 1});
  EXPECT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  const auto answer = host.publish(rig::project_updated("p1"));
  EXPECT_EQ(answer.status, 429u);
  EXPECT_EQ(answer.headers.get("Retry-After"), "4") << "a quarter of an event a second";
}

TEST(Publish, RefusesWhileDrainingOrWithoutHistory) {
  rig host;
  host.history.refuse();
  EXPECT_EQ(host.publish(rig::project_updated("p1")).status, 503u);
  host.history.refuse(false);
  EXPECT_EQ(host.publish(rig::project_updated("p1")).status, 202u);
  host.shared.live.draining = true;
  EXPECT_EQ(host.publish(rig::project_updated("p1")).json().find("code")->as_string(), "draining");
}

TEST(Publish, BoundsTheBody) {
  rig host([](api::floor& shared) {
    shared.publish.bounds.publish_body_bytes_max = 2000000;
    shared.publish.bounds.batch_max = 2;
  });
  EXPECT_EQ(host.publish(array{object{}, object{}, object{}}).status, 413u);
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/events", rig::json_with_key(), std::string(2000001, ' ')).status, 413u);
  // Past the server's own bound for bodies, within this route's.
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/events", rig::json_with_key(), std::string(1900000, ' ')).status, 400u);
  EXPECT_EQ(call(host.port(), "POST", "/api/v1/events", {{"X-API-Key", service_key}, {"Content-Type", "text/csv"}}, "a")
                .status,
            415u);
}

}  // namespace
}  // namespace fanfare::test
