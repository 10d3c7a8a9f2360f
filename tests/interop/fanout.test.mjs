// Two workers, 200 clients, 1,000 events in a room: each client has every event, once and in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { subscriber } from "./client.mjs";
import { Server, jwt, within } from "./server.mjs";

const clients = 200, events = 1000, batch = 50;
const ways = [["websocket"], ["polling", "websocket"], ["websocket"], ["polling"]];

test(`${clients} clients, ${events} events`, async () => {
  const server = await Server.start({ workers: 2 });
  const readers = await Promise.all(Array.from({ length: clients }, async (_, n) => {
    const { socket } = await subscriber(server.url + (n % 2 ? "/ws" : ""), jwt({ sub: `user-${n}` }), "project:123",
      { transports: ways[n % ways.length] });
    const seen = [];
    const done = new Promise((resolve) => {
      socket.on("workflow.started", (event) => {
        seen.push(event.data.workflow_id);
        if (seen.length === events) resolve();
      });
    });
    return { socket, seen, done };
  }));
  const sent = [];
  for (let n = 0; n < events; n += batch) {
    const body = Array.from({ length: batch }, (_, k) => (
      { type: "workflow.started", data: { workflow_id: `w${n + k}`, project_id: "123", name: "build" } }));
    const answer = await server.publish(body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    sent.push(...body.map((event) => event.data.workflow_id));
  }
  await within(120000, Promise.all(readers.map((reader) => reader.done)), "the last event");
  for (const { seen } of readers) assert.deepEqual(seen, sent);
  for (const { socket } of readers) socket.disconnect();
  await server.stop();
  for (const { seen } of readers) assert.equal(seen.length, events);
});
