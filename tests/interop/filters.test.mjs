// What a filter costs: 20 clients on two workers, three distinct filters among them, written in different ways. Each is
// evaluated once an event, and each client has exactly what its own lets through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, jwt, within } from "./server.mjs";
import { ask, connect } from "./client.mjs";

const clients = 20, events = 60;
const filters = [
  { written: [{ exact: { type: "issue.created", "/data/author": "ann" } }, { exact: { "/data/author": "ann", type: "issue.created" } },
    [{ exact: { type: "issue.created" } }, { exact: { "/data/author": "ann" } }]],
    passes: ({ type, data }) => type === "issue.created" && data.author === "ann" },
  { written: [{ lt: { "/data/number": 20 } }, { all: [{ lt: { "/data/number": 20 } }] }], passes: ({ data }) => data.number < 20 },
  { written: [{ not: { prefix: { type: "issue." } } }], passes: ({ type }) => !type.startsWith("issue.") },
];
const event = (number) => (number % 3 === 2
  ? { type: "pr.closed", data: { project_id: "f", number, merged: true } }
  : { type: "issue.created", data: { project_id: "f", number, title: "t", author: number % 2 ? "ann" : "ben" } });

/** Which worker holds the connection: its session id says so (ADR 4). */
function workerOf(socket) {
  const id = Buffer.from(socket.io.engine.id, "base64url");
  return id[14] ^ id[7];
}

test("each distinct filter is evaluated once an event", async () => {
  const server = await Server.start({ workers: 2 });
  const evaluations = async () => (await server.metrics()).get("fanfare_filter_evaluations_total");
  const readers = await Promise.all(Array.from({ length: clients }, async (_, n) => {
    const socket = await connect(server.url + (n % 2 ? "/ws" : ""), jwt({ sub: `user-${n}`, projects: "*" }));
    const { written, passes } = filters[n % filters.length];
    const filter = written[Math.floor(n / filters.length) % written.length];
    // One of all of them joins a second room with the same filter: still one evaluation.
    const rooms = n === 0 ? ["project:f", "project:g"] : ["project:f"];
    assert.equal((await ask(socket, "subscribe", { room: rooms, filter })).ok, true);
    const got = [];
    const done = new Promise((resolve) => socket.onAny((type, { data }) => {
      if (type === "project.deleted") resolve();
      else if (type !== "connection.established") got.push(data.number);
    }));
    return { socket, got, passes, done };
  }));
  assert.deepEqual([...new Set(readers.map(({ socket }) => workerOf(socket)))].sort(), [0, 1], "both workers have clients");
  assert.equal(await evaluations(), 0);
  const sent = Array.from({ length: events }, (_, n) => event(n + 1));
  for (let n = 0; n < events; n += 20) {
    const batch = sent.slice(n, n + 20);
    const answer = await server.publish(n ? batch : batch.map((item) => ({ ...item, rooms: ["project:f", "project:g"] })));
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
  }
  assert.equal(await evaluations(), filters.length * events);
  // Everybody is in user:<sub>, whose events nobody here filters.
  const end = { type: "project.deleted", data: { project_id: "0" }, rooms: readers.map((_, n) => `user:user-${n}`) };
  assert.equal((await server.publish(end)).status, 202);
  await within(30000, Promise.all(readers.map(({ done }) => done)), "the end mark");
  assert.equal(await evaluations(), filters.length * events);
  const numbers = (list) => list.map(({ data }) => data.number);
  for (const { got, passes } of readers) assert.deepEqual(got, numbers(sent.filter(passes)));
  for (const { socket } of readers) socket.disconnect();
  await server.stop();
});
