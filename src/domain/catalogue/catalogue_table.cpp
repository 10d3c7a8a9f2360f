#include <utility>

#include "domain/catalogue/catalogue.hpp"

// The one table of event types. Payload rows read top down; `opt` marks what may be missing.

namespace fanfare::domain {

namespace {

field row(field_kind kind, std::string name, std::string description) {
  field out;
  out.name = std::move(name);
  out.kind = kind;
  out.required = true;
  out.description = std::move(description);
  return out;
}
field text(std::string name, std::string description) {
  return row(field_kind::string, std::move(name), std::move(description));
}
field one_of(std::string name, std::vector<std::string> values, std::string description) {
  auto out = text(std::move(name), std::move(description));
  out.values = std::move(values);
  return out;
}
field ident(std::string name, std::string description) {
  auto out = text(std::move(name), std::move(description));
  out.identifier = true;
  return out;
}
field integer(std::string name, double minimum, std::string description) {
  auto out = row(field_kind::integer, std::move(name), std::move(description));
  out.minimum = minimum;
  return out;
}
field number(std::string name, double minimum, std::optional<double> maximum, std::string description) {
  auto out = row(field_kind::number, std::move(name), std::move(description));
  out.minimum = minimum;
  out.maximum = maximum;
  return out;
}
field boolean(std::string name, std::string description) {
  return row(field_kind::boolean, std::move(name), std::move(description));
}
field list(std::string name, std::string description) {
  return row(field_kind::array, std::move(name), std::move(description));
}
field record(std::string name, std::string description) {
  return row(field_kind::object, std::move(name), std::move(description));
}
field time(std::string name, std::string description) {
  return row(field_kind::time, std::move(name), std::move(description));
}
field opt(field item) {
  item.required = false;
  return item;
}

const std::vector<std::string> agent_statuses{"idle", "busy", "offline", "error"};
const std::vector<std::string> workflow_statuses{"pending", "running", "completed", "failed", "cancelled"};

field project_id() { return ident("project_id", "The project it belongs to."); }
field agent_id() { return ident("agent_id", "The agent it is about or was done by."); }
field workflow_id() { return ident("workflow_id", "The workflow."); }
field for_user() { return opt(ident("user_id", "The one user it is for; without it the whole project gets it.")); }
field duration() { return opt(number("duration_ms", 0, {}, "How long it took, in milliseconds.")); }
field ticket(const char* what) { return integer("number", 1, std::string("The number of the ") + what + "."); }
field url() { return opt(text("url", "Where people can look at it.")); }
field changes() { return record("changes", "What changed: member names and new values."); }

const room_rule to_project{{"project:{project_id}"}};
const room_rule to_agent{{"agent:{agent_id}"}};
const room_rule to_user_or_project{{"user:{user_id}", "project:{project_id}"}};

std::vector<event_type> project_and_agent_types() {
  return {
      {.name = "project.updated",
       .summary = "A project's settings or contents changed.",
       .fields = {project_id(), changes(), opt(text("name", "The project's name.")),
                  opt(text("updated_by", "Who changed it."))},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"changes", object{{"name", "Apollo"}}}, {"updated_by", "u1"}}},
      {.name = "project.deleted",
       .summary = "A project was deleted.",
       .fields = {project_id(), opt(text("deleted_by", "Who deleted it."))},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"deleted_by", "u1"}}},
      {.name = "agent.status_changed",
       .summary = "An agent's status changed.",
       .fields = {agent_id(), one_of("status", agent_statuses, "The status now."),
                  opt(one_of("previous_status", agent_statuses, "The status before.")), opt(project_id()),
                  opt(text("task", "What the agent works on.")), opt(text("message", "A line for people."))},
       .rooms = {to_agent, to_project},
       .conflate = {"agent_id"},
       .example = object{{"agent_id", "a1"}, {"status", "busy"}, {"previous_status", "idle"}, {"project_id", "p1"}}},
      {.name = "agent.connected",
       .summary = "An agent came online.",
       .fields = {agent_id(), opt(project_id()), opt(text("name", "The agent's name.")),
                  opt(list("capabilities", "What the agent can do."))},
       .rooms = {to_agent, to_project},
       .example = object{{"agent_id", "a1"}, {"name", "reviewer"}, {"capabilities", array{"review", "test"}}}},
      {.name = "agent.disconnected",
       .summary = "An agent went offline.",
       .fields = {agent_id(), opt(project_id()), opt(text("reason", "Why it went."))},
       .rooms = {to_agent, to_project},
       .example = object{{"agent_id", "a1"}, {"reason", "shutdown"}}},
  };
}

std::vector<event_type> workflow_types() {
  return {
      {.name = "workflow.started",
       .summary = "A workflow began to run.",
       .fields = {workflow_id(), project_id(), text("name", "The workflow's name."), opt(agent_id()),
                  opt(text("run_id", "This run of the workflow.")),
                  opt(integer("total_steps", 0, "How many steps it has."))},
       .rooms = {to_project, to_agent},
       .example = object{{"workflow_id", "w1"}, {"project_id", "p1"}, {"name", "Nightly build"}, {"total_steps", 4}}},
      {.name = "workflow.progress",
       .summary = "A running workflow moved on.",
       .fields = {workflow_id(), project_id(), number("progress", 0, 100, "How far it is, in percent."),
                  opt(one_of("status", workflow_statuses, "The status now.")), opt(text("step", "The step's name.")),
                  opt(integer("step_index", 0, "The step's place, from 0.")),
                  opt(integer("total_steps", 0, "How many steps it has.")), opt(text("message", "A line for people.")),
                  opt(agent_id())},
       .rooms = {to_project, to_agent},
       .conflate = {"project_id", "workflow_id"},
       .example = object{{"workflow_id", "w1"}, {"project_id", "p1"}, {"progress", 50}, {"step", "tests"}}},
      {.name = "workflow.completed",
       .summary = "A workflow ended well.",
       .fields = {workflow_id(), project_id(), duration(), opt(record("result", "What it made.")), opt(agent_id())},
       .rooms = {to_project, to_agent},
       .example = object{{"workflow_id", "w1"}, {"project_id", "p1"}, {"duration_ms", 81250}}},
      {.name = "workflow.failed",
       .summary = "A workflow ended in an error.",
       .fields = {workflow_id(), project_id(), text("error", "What went wrong."),
                  opt(text("step", "The step that failed.")),
                  opt(boolean("retryable", "Whether trying again may help.")), opt(agent_id())},
       .rooms = {to_project, to_agent},
       .example = object{{"workflow_id", "w1"}, {"project_id", "p1"}, {"error", "tests failed"}, {"retryable", true}}},
  };
}

std::vector<event_type> pull_request_and_issue_types() {
  const auto labels = opt(list("labels", "The labels it has."));
  const auto action = opt(text("action", "What was done, in the words of the source."));
  const auto title = text("title", "Its title.");
  // Numbers count by repository, and a project may have several.
  const auto repository = opt(text("repository", "The repository it is in: owner/name."));
  const auto author = text("author", "Who opened it.");
  const auto closed_by = opt(text("closed_by", "Who closed it."));
  return {
      {.name = "pr.created",
       .summary = "A pull request was opened.",
       .fields = {project_id(), ticket("pull request"), repository, title, author, url(),
                  opt(text("head", "The branch it is on.")), opt(text("base", "The branch it goes to.")),
                  opt(boolean("draft", "Whether it is a draft."))},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 7}, {"title", "Add search"}, {"author", "ada"}}},
      {.name = "pr.updated",
       .summary = "A pull request changed.",
       .fields = {project_id(), ticket("pull request"), repository, action, opt(title), opt(author), url(),
                  opt(changes())},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 7}, {"action", "synchronize"}}},
      {.name = "pr.closed",
       .summary = "A pull request was merged or closed.",
       .fields = {project_id(), ticket("pull request"), repository, boolean("merged", "Whether it was merged."),
                  closed_by, url()},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 7}, {"merged", true}, {"closed_by", "ada"}}},
      {.name = "issue.created",
       .summary = "An issue was opened.",
       .fields = {project_id(), ticket("issue"), repository, title, author, url(), labels},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 12}, {"title", "It crashes"}, {"author", "bob"}}},
      {.name = "issue.updated",
       .summary = "An issue changed.",
       .fields = {project_id(), ticket("issue"), repository, action, opt(title), url(), labels, opt(changes())},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 12}, {"action", "labeled"}, {"labels", array{"bug"}}}},
      {.name = "issue.closed",
       .summary = "An issue was closed.",
       .fields = {project_id(), ticket("issue"), repository, closed_by, opt(text("reason", "Why it was closed.")),
                  url()},
       .rooms = {to_project},
       .example = object{{"project_id", "p1"}, {"number", 12}, {"closed_by", "bob"}, {"reason", "completed"}}},
  };
}

std::vector<event_type> ai_types() {
  return {
      {.name = "ai.suggestion",
       .summary = "An agent suggests something.",
       .fields = {project_id(), ident("suggestion_id", "The suggestion."), text("kind", "What kind it is."),
                  text("content", "The suggestion itself."), opt(text("file", "The file it is about.")),
                  opt(integer("line", 0, "The line in that file.")),
                  opt(number("confidence", 0, 1, "How sure the agent is.")), opt(agent_id()), for_user()},
       .rooms = {to_user_or_project},
       .example = object{{"project_id", "p1"},
                         {"suggestion_id", "s1"},
                         {"kind", "refactor"},
                         {"content", "Split this function."},
                         {"confidence", 0.9},
                         {"user_id", "u1"}}},
      {.name = "ai.analysis_complete",
       .summary = "An agent has finished an analysis.",
       .fields = {project_id(), ident("analysis_id", "The analysis."), text("summary", "The outcome in short."),
                  opt(list("findings", "What was found.")), duration(), opt(agent_id()), for_user()},
       .rooms = {to_user_or_project},
       .example = object{{"project_id", "p1"}, {"analysis_id", "an1"}, {"summary", "No faults found."}}},
  };
}

std::vector<event_type> connection_types() {
  const auto connection = event_category::connection;
  const auto reply = event_category::reply;
  const auto room = text("room", "The room.");
  return {
      {.name = "connection.established",
       .summary = "The connection is open; the first event a client gets.",
       .category = connection,
       .fields = {text("connection_id", "The Socket.IO id."), text("user_id", "The token's subject."),
                  list("rooms", "The rooms joined so far."), time("server_time", "The server's clock."),
                  opt(time("expires_at", "When the token expires.")),
                  integer("heartbeat_interval_ms", 0, "How often the server pings."),
                  text("server_version", "The server's version.")},
       .kept = false,
       .example = object{{"connection_id", "zwXkrS2nGh1A9L6nAAAB"},
                         {"user_id", "u1"},
                         {"rooms", array{"user:u1", "global"}},
                         {"server_time", "2026-01-02T03:04:05.678Z"},
                         {"expires_at", "2026-01-02T04:04:05.000Z"},
                         {"heartbeat_interval_ms", 25000},
                         {"server_version", "0.1.0"}}},
      {.name = "connection.error",
       .summary = "A command failed, or the token is about to expire.",
       .category = connection,
       .fields = {text("code", "What went wrong, for programs."), text("message", "The same, for people."),
                  opt(text("room", "The room it is about.")), opt(time("expires_at", "With code token_expiring.")),
                  opt(number("retry_after_ms", 0, {}, "With code rate_limited."))},
       .kept = false,
       .example = object{{"code", "forbidden"}, {"message", "This is not allowed."}}},
      {.name = "presence.changed",
       .summary = "Users came to a room or went, where presence.notices is on.",
       .category = event_category::notice,
       .fields = {room, list("joined", "Users whose first connection came."),
                  list("left", "Users whose last connection went."),
                  opt(boolean("truncated", "Whether there were more than are named."))},
       .kept = false,
       .example = object{{"room", "project:p1"}, {"joined", array{"u1"}}, {"left", array{}}}},
      {.name = "subscribed",
       .summary = "Answers subscribe.",
       .category = reply,
       .fields = {boolean("ok", "Always true here."), room, text("cursor", "Where live events go on."),
                  boolean("recovered", "Whether everything after `since` was replayed.")},
       .kept = false,
       .example = object{{"ok", true}, {"room", "project:p1"}, {"cursor", "k3v9-42"}, {"recovered", false}}},
      {.name = "unsubscribed",
       .summary = "Answers unsubscribe.",
       .category = reply,
       .fields = {boolean("ok", "Always true here."), room},
       .kept = false,
       .example = object{{"ok", true}, {"room", "project:p1"}}},
      {.name = "pong",
       .summary = "Answers ping, with everything it carried.",
       .category = reply,
       .fields = {time("time", "The server's clock.")},
       .kept = false,
       .example = object{{"time", "2026-01-02T03:04:05.678Z"}}},
  };
}

}  // namespace

const std::vector<event_type>& built_in_event_types() {
  static const auto table = [] {
    std::vector<event_type> all;
    for (auto part : {project_and_agent_types(), workflow_types(), pull_request_and_issue_types(), ai_types(),
                      connection_types()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

}  // namespace fanfare::domain
