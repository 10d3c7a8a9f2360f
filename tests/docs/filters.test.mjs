// docs/guide/filters.md as it stands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, connect } from "../interop/client.mjs";
import { Server, jwt } from "../interop/server.mjs";
import { Workplace, rowsOf, unquoted } from "./guide.mjs";

const page = "docs/guide/filters.md";

test("the example", async (t) => {
  const place = new Workplace(t, page);
  await place.serve();
  place.write("failures.mjs");
  const listening = place.start("listen");
  assert.equal(await listening.line(), "subscribed");
  await place.run("publish");
  assert.equal(await listening.line(), "failed: no disk");
  assert.equal(await listening.line(), "agent a1 error");
});

const events = [
  { type: "pr.closed", data: { project_id: "123", number: 1, merged: true } },
  { type: "pr.created", data: { project_id: "123", number: 1, title: "t", author: "ben" } },
  { type: "issue.created", data: { project_id: "123", number: 2, title: "t", author: "ann" } },
  { type: "issue.closed", data: { project_id: "123", number: 2 } },
  { type: "workflow.progress", data: { workflow_id: "w", project_id: "123", progress: 60, status: "failed" } },
  { type: "workflow.progress", data: { workflow_id: "w", project_id: "123", progress: 40, status: "running" } },
  { type: "workflow.failed", data: { workflow_id: "w", project_id: "123", error: "no disk" } },
];
/** By row of the page's table, which of the events come. */
const passed = [[0], [0, 1], [6], [4], [4], [0], [0, 3], [0, 1, 2, 3, 4, 5, 6], [2]];

test("each filter of the table lets through what it should, and each wrong one is told where", async () => {
  const server = await Server.start({ settings: { "limits.connects_burst": 1000 } });
  const published = await server.publish(events);
  assert.equal(published.status, 202, JSON.stringify(published.body));
  const ids = published.body.events.map(({ id }) => id);
  const rows = rowsOf(page, "filter");
  assert.equal(rows.length, passed.length);
  for (const [at, [filter]] of rows.entries()) {
    const socket = await connect(server.url, jwt());
    const came = [];
    socket.onAny((_, event) => ids.includes(event.id) && came.push(ids.indexOf(event.id)));
    const answer = await ask(socket, "subscribe", { room: "project:123", last: 100, filter: JSON.parse(unquoted(filter)) });
    assert.equal(answer.ok, true, filter);
    assert.deepEqual(came, passed[at], filter);
    socket.disconnect();
  }
  const socket = await connect(server.url, jwt());
  for (const [wrong, pointer] of rowsOf(page, "wrong")) {
    const { error } = await ask(socket, "subscribe", { room: "project:123", filter: JSON.parse(unquoted(wrong)) });
    assert.deepEqual([error.code, error.pointer], ["bad_request", unquoted(pointer)], wrong);
  }
  socket.disconnect();
  await server.stop();
});

test("another subscribe takes the filter's place", async () => {
  const server = await Server.start();
  const socket = await connect(server.url, jwt());
  const came = [];
  socket.onAny((type) => type.startsWith("pr.") && came.push(type));
  await ask(socket, "subscribe", { room: "project:123", filter: { exact: { type: "pr.closed" } } });
  await server.publish(events.slice(0, 2));
  await ask(socket, "subscribe", { room: "project:123" });
  await server.publish(events.slice(0, 2));
  await ask(socket, "ping", {});
  assert.deepEqual(came, ["pr.closed", "pr.closed", "pr.created"]);
  socket.disconnect();
  await server.stop();
});
