// The contract's table, written down by hand: what each event needs, and who gets it. Rooms are those of project p1, agent
// a1 and user u1; `with` adds the optional fields that route an event further.
export const events = [
  { type: "project.updated", data: { project_id: "p1", changes: { name: "Atlas" } }, rooms: ["project:p1"] },
  { type: "project.deleted", data: { project_id: "p1" }, rooms: ["project:p1"] },
  { type: "agent.status_changed", data: { agent_id: "a1", status: "busy" }, rooms: ["agent:a1"],
    with: { fields: { project_id: "p1" }, rooms: ["agent:a1", "project:p1"] } },
  { type: "agent.connected", data: { agent_id: "a1" }, rooms: ["agent:a1"],
    with: { fields: { project_id: "p1" }, rooms: ["agent:a1", "project:p1"] } },
  { type: "agent.disconnected", data: { agent_id: "a1" }, rooms: ["agent:a1"],
    with: { fields: { project_id: "p1" }, rooms: ["agent:a1", "project:p1"] } },
  { type: "workflow.started", data: { workflow_id: "w", project_id: "p1", name: "ci" }, rooms: ["project:p1"],
    with: { fields: { agent_id: "a1" }, rooms: ["project:p1", "agent:a1"] } },
  { type: "workflow.progress", data: { workflow_id: "w", project_id: "p1", progress: 50 }, rooms: ["project:p1"],
    with: { fields: { agent_id: "a1" }, rooms: ["project:p1", "agent:a1"] } },
  { type: "workflow.completed", data: { workflow_id: "w", project_id: "p1" }, rooms: ["project:p1"],
    with: { fields: { agent_id: "a1" }, rooms: ["project:p1", "agent:a1"] } },
  { type: "workflow.failed", data: { workflow_id: "w", project_id: "p1", error: "no" }, rooms: ["project:p1"],
    with: { fields: { agent_id: "a1" }, rooms: ["project:p1", "agent:a1"] } },
  { type: "pr.created", data: { project_id: "p1", number: 1, title: "t", author: "b" }, rooms: ["project:p1"] },
  { type: "pr.updated", data: { project_id: "p1", number: 1 }, rooms: ["project:p1"] },
  { type: "pr.closed", data: { project_id: "p1", number: 1, merged: true }, rooms: ["project:p1"] },
  { type: "issue.created", data: { project_id: "p1", number: 2, title: "t", author: "b" }, rooms: ["project:p1"] },
  { type: "issue.updated", data: { project_id: "p1", number: 2 }, rooms: ["project:p1"] },
  { type: "issue.closed", data: { project_id: "p1", number: 2 }, rooms: ["project:p1"] },
  { type: "ai.suggestion", data: { project_id: "p1", suggestion_id: "s", kind: "k", content: "c" }, rooms: ["project:p1"],
    with: { fields: { user_id: "u1" }, rooms: ["user:u1"] } },
  { type: "ai.analysis_complete", data: { project_id: "p1", analysis_id: "n", summary: "s" }, rooms: ["project:p1"],
    with: { fields: { user_id: "u1" }, rooms: ["user:u1"] } },
];

/** Every case: the events as they are, and again with what routes them further. */
export const cases = events.flatMap(({ type, data, rooms, with: more }) => [
  { type, data, rooms },
  ...(more ? [{ type, data: { ...data, ...more.fields }, rooms: more.rooms }] : []),
]);
