#include "domain/catalogue/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fanfare/base/json.hpp>

namespace fanfare::domain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const event_type& type(const char* name) {
  static const catalogue all;
  return *all.find(name);
}

value parsed(const char* text) { return *json::parse(text); }

std::string fault_at(const char* name, const char* data) {
  const auto checked = validate(type(name), parsed(data));
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code, errc::bad_request);
  EXPECT_FALSE(checked.error().detail.empty());
  return checked.error().pointer;
}

TEST(catalogue, has_the_types_of_the_contract_in_its_order) {
  std::vector<std::string> names;
  int domain = 0, connection = 0, reply = 0;
  for (const auto& row : built_in_event_types()) {
    names.push_back(row.name);
    domain += row.category == event_category::domain;
    connection += row.category == event_category::connection;
    reply += row.category == event_category::reply;
  }
  EXPECT_THAT(names,
              ElementsAre("project.updated", "project.deleted", "agent.status_changed", "agent.connected",
                          "agent.disconnected", "workflow.started", "workflow.progress", "workflow.completed",
                          "workflow.failed", "pr.created", "pr.updated", "pr.closed", "issue.created", "issue.updated",
                          "issue.closed", "ai.suggestion", "ai.analysis_complete", "connection.established",
                          "connection.error", "presence.changed", "subscribed", "unsubscribed", "pong"));
  EXPECT_EQ(domain, 17);
  EXPECT_EQ(connection, 2);
  EXPECT_EQ(reply, 3);
  EXPECT_EQ(catalogue().find("project.renamed"), nullptr);
}

TEST(catalogue, every_example_is_valid_and_goes_somewhere) {
  for (const auto& row : built_in_event_types()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(validate(row, row.example));
    EXPECT_EQ(default_rooms(row, row.example).empty(), row.category != event_category::domain);
    EXPECT_EQ(row.kept, row.category == event_category::domain);
    EXPECT_FALSE(row.summary.empty());
    for (const auto& field : row.fields) EXPECT_FALSE(field.description.empty()) << field.name;
  }
}

TEST(catalogue, every_required_field_is_required_and_every_field_has_its_type) {
  for (const auto& row : built_in_event_types()) {
    for (const auto& field : row.fields) {
      SCOPED_TRACE(row.name + " " + field.name);
      auto data = row.example;
      data.if_object()->erase(field.name);
      const auto without = validate(row, data);
      EXPECT_EQ(without.has_value(), !field.required);
      if (!without) {
        EXPECT_EQ(without.error().pointer, "/" + field.name);
      }
      for (const auto& wrong : {value(nullptr), value(shared_bytes(std::string("b"))), value(decimal{"1e400"})}) {
        data.if_object()->set(field.name, wrong);
        const auto checked = validate(row, data);
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().pointer, "/" + field.name);
      }
    }
  }
}

TEST(catalogue, faults_name_their_place) {
  EXPECT_EQ(fault_at("project.updated", "{}"), "/project_id");
  EXPECT_EQ(fault_at("project.updated", R"({"project_id":"p1"})"), "/changes");
  EXPECT_EQ(fault_at("project.updated", R"({"project_id":7,"changes":{}})"), "/project_id");
  EXPECT_EQ(fault_at("project.updated", R"({"project_id":"p1","changes":[]})"), "/changes");
  EXPECT_EQ(fault_at("project.updated", "[]"), "");
  EXPECT_EQ(fault_at("project.updated", "null"), "");
  EXPECT_EQ(fault_at("project.updated", R"({"project_id":"p1","changes":{},"name":1})"), "/name");
}

TEST(catalogue, faults_say_what_is_right) {
  const auto says = [](const char* name, const char* data) {
    return validate(type(name), parsed(data)).error().detail;
  };
  EXPECT_EQ(says("agent.status_changed", R"({"agent_id":"a","status":"Idle"})"),
            R"(must be one of "idle", "busy", "offline", "error")");
  EXPECT_EQ(says("workflow.progress", R"({"workflow_id":"w","project_id":"p","progress":101})"), "must be at most 100");
  EXPECT_EQ(says("pr.closed", R"({"project_id":"p","number":0,"merged":true})"), "must be at least 1");
}

TEST(catalogue, unknown_members_are_allowed) {
  EXPECT_EQ(fault_at("project.deleted", R"({"project_id":"p1","more":[1,{"a":null}]})"), "accepted");
}

TEST(catalogue, bounds_and_choices_hold) {
  const auto progress = [](const char* number) {
    return fault_at("workflow.progress",
                    (std::string(R"({"workflow_id":"w","project_id":"p","progress":)") + number + "}").c_str());
  };
  for (const auto* good : {"0", "100", "50.5", "1e2", "0.0"}) EXPECT_EQ(progress(good), "accepted") << good;
  for (const auto* bad : {"-1", "100.1", "-0.001", "1e400", "\"50\"", "true"})
    EXPECT_EQ(progress(bad), "/progress") << bad;

  EXPECT_EQ(fault_at("agent.status_changed", R"({"agent_id":"a","status":"sleeping"})"), "/status");
  EXPECT_EQ(fault_at("agent.status_changed", R"({"agent_id":"a","status":"Idle"})"), "/status");
  EXPECT_EQ(fault_at("pr.closed", R"({"project_id":"p","number":0,"merged":true})"), "/number");
  EXPECT_EQ(fault_at("pr.closed", R"({"project_id":"p","number":1.5,"merged":true})"), "/number");
  EXPECT_EQ(fault_at("pr.closed", R"({"project_id":"p","number":1.0,"merged":true})"), "accepted");
  EXPECT_EQ(fault_at("pr.closed", R"({"project_id":"p","number":99999999999999999999,"merged":true})"), "/number");
  EXPECT_EQ(fault_at("pr.closed", R"({"project_id":"p","number":1,"merged":"yes"})"), "/merged");
  EXPECT_EQ(
      fault_at("ai.suggestion", R"({"project_id":"p","suggestion_id":"s","kind":"k","content":"c","confidence":1.01})"),
      "/confidence");
  EXPECT_EQ(fault_at("pong", R"({"time":"yesterday"})"), "/time");
}

TEST(catalogue, ids_are_bounded_and_fit_for_rooms) {
  EXPECT_EQ(fault_at("project.deleted", R"({"project_id":""})"), "/project_id");
  EXPECT_EQ(fault_at("project.deleted", R"({"project_id":"a b"})"), "/project_id");
  EXPECT_EQ(fault_at("project.deleted", R"({"project_id":"a\u0001"})"), "/project_id");
  EXPECT_EQ(fault_at("project.deleted", ("{\"project_id\":\"" + std::string(129, 'x') + "\"}").c_str()), "/project_id");
  EXPECT_EQ(fault_at("workflow.completed", R"({"project_id":"p","workflow_id":"nightly build #3"})"), "accepted")
      << "a workflow's id is no room";
  EXPECT_EQ(fault_at("workflow.completed", R"({"project_id":"p","workflow_id":""})"), "/workflow_id");
}

TEST(catalogue, default_rooms_follow_the_contract) {
  EXPECT_THAT(default_rooms(type("project.updated"), parsed(R"({"project_id":"p1"})")), ElementsAre("project:p1"));
  EXPECT_THAT(default_rooms(type("agent.connected"), parsed(R"({"agent_id":"a1"})")), ElementsAre("agent:a1"));
  EXPECT_THAT(default_rooms(type("agent.connected"), parsed(R"({"agent_id":"a1","project_id":"p1"})")),
              ElementsAre("agent:a1", "project:p1"));
  EXPECT_THAT(default_rooms(type("workflow.failed"), parsed(R"({"project_id":"p1","agent_id":"a1"})")),
              ElementsAre("project:p1", "agent:a1"));
  EXPECT_THAT(default_rooms(type("ai.suggestion"), parsed(R"({"project_id":"p1","user_id":"u1"})")),
              ElementsAre("user:u1"));
  EXPECT_THAT(default_rooms(type("ai.suggestion"), parsed(R"({"project_id":"p1"})")), ElementsAre("project:p1"));
  EXPECT_THAT(default_rooms(type("pong"), parsed("{}")), IsEmpty());
}

TEST(catalogue, conflation_keys) {
  EXPECT_EQ(conflate_key(type("agent.status_changed"), parsed(R"({"agent_id":"a1"})")),
            "agent.status_changed\x1f"
            "a1");
  EXPECT_NE(conflate_key(type("workflow.progress"), parsed(R"({"project_id":"p1","workflow_id":"w"})")),
            conflate_key(type("workflow.progress"), parsed(R"({"project_id":"p2","workflow_id":"w"})")));
  EXPECT_EQ(conflate_key(type("project.updated"), parsed(R"({"project_id":"p1"})")), "");
  for (const auto& row : built_in_event_types()) {
    EXPECT_EQ(row.conflate.empty(), row.name != "agent.status_changed" && row.name != "workflow.progress");
  }
}

constexpr auto task_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "x-fanfare-type": "task.moved", "description": "A task moved.",
  "type": "object", "required": ["task_id", "column"],
  "properties": {
    "task_id": {"type": "integer", "minimum": 1}, "column": {"type": "string", "enum": ["todo", "done"]},
    "user_id": {"type": "string"}, "due": {"type": "string", "format": "date-time"},
    "tags": {"type": "array", "items": {"type": "string"}}, "points": {"type": "number", "maximum": 10},
    "urgent": {"type": "boolean"}, "extra": {"type": "object"}},
  "x-fanfare-rooms": [["user:{user_id}", "task:{task_id}"], "global"],
  "x-fanfare-conflate": ["task_id"], "x-fanfare-kept": false,
  "examples": [{"task_id": 3, "column": "done"}]})";

TEST(catalogue, takes_types_of_a_deployment) {
  catalogue all;
  const auto added = all.add_schema(task_schema);
  ASSERT_TRUE(added) << added.error().detail << " " << added.error().pointer;
  const auto* task = all.find("task.moved");
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(all.types().size(), 24U);
  EXPECT_FALSE(task->kept);
  EXPECT_TRUE(validate(*task, task->example));
  EXPECT_EQ(validate(*task, parsed(R"({"task_id":3,"column":"gone"})")).error().pointer, "/column");
  EXPECT_EQ(validate(*task, parsed(R"({"task_id":3})")).error().pointer, "/column");
  EXPECT_EQ(validate(*task, parsed(R"({"task_id":3,"column":"done","tags":["a",1]})")).error().pointer, "/tags/1");
  EXPECT_THAT(default_rooms(*task, parsed(R"({"task_id":3})")), ElementsAre("task:3", "global"));
  EXPECT_THAT(default_rooms(*task, parsed(R"({"task_id":3,"user_id":"u"})")), ElementsAre("user:u", "global"));
  EXPECT_EQ(conflate_key(*task, parsed(R"({"task_id":3})")),
            "task.moved\x1f"
            "3");
  EXPECT_EQ(conflate_key(*task, parsed(R"({})")), "");
  EXPECT_TRUE(task->fields[0].required);
  EXPECT_EQ(task->fields[3].kind, field_kind::time);
  EXPECT_EQ(all.add_schema(task_schema).error().pointer, "/x-fanfare-type") << "it is there already";
}

TEST(catalogue, refuses_types_it_could_not_honour) {
  catalogue all;
  const auto at = [&all](const char* text) {
    const auto added = all.add_schema(text);
    EXPECT_FALSE(added) << text;
    return added ? std::string("added") : added.error().pointer;
  };
  EXPECT_EQ(at("{"), "");
  EXPECT_EQ(at(R"({"type":"object"})"), "/x-fanfare-type");
  EXPECT_EQ(at(R"({"title":"project.updated","type":"object"})"), "/x-fanfare-type");
  EXPECT_EQ(at(R"({"title":"connect","type":"object"})"), "/x-fanfare-type");
  EXPECT_EQ(at(R"({"title":"Task Moved","type":"object"})"), "/x-fanfare-type");
  EXPECT_EQ(at(R"({"title":"a.b","type":"array"})"), "/type");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","paternProperties":{}})"), "/paternProperties");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-rooms":"global"})"), "/x-fanfare-rooms");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-rooms":["global","task:{id}"]})"), "/x-fanfare-rooms/1");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","properties":{"id":{"type":"array"}},"x-fanfare-rooms":["t:{id}"]})"),
            "/x-fanfare-rooms/0");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-rooms":["t:{id"]})"), "/x-fanfare-rooms/0");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-conflate":["id"]})"), "/x-fanfare-conflate");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-conflate":"id"})"), "/x-fanfare-conflate");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-kept":"no"})"), "/x-fanfare-kept");
  EXPECT_EQ(at(R"({"title":"a.b","type":"object","x-fanfare-room":["global"]})"), "/x-fanfare-room") << "a slip";
  EXPECT_EQ(all.types().size(), 23U);
}

TEST(catalogue, own_types_go_to_the_kinds_of_rooms_there_are) {
  catalogue strict({"project", "global"});
  const auto added = strict.add_schema(
      R"({"title":"a.b","type":"object","properties":{"a":{"type":"string"}},"x-fanfare-rooms":["projct:{a}"]})");
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().pointer, "/x-fanfare-rooms/0");
  EXPECT_EQ(added.error().detail, R"(there is no such kind of room; did you mean "project"?)");
  EXPECT_TRUE(strict.add_schema(
      R"({"title":"a.b","type":"object","properties":{"a":{"type":"string"}},"x-fanfare-rooms":["project:{a}"]})"));
}

}  // namespace
}  // namespace fanfare::domain
