// The whole way: a FastAPI back-end publishes all 17 domain events with the Python SDK; a client in each room, with the
// official socket.io-client, gets exactly those of the contract's table, once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { Backend } from "./platform/backend.mjs";
import { cases, events } from "./platform/rooms.mjs";
import { Server, jwt, within } from "./server.mjs";

/** A client that is in `room`, in the user room of its own `sub` and in global, and in nothing else. */
async function reader(server, sub, room) {
  const socket = io(server.url, { auth: { token: jwt({ sub, projects: "*", agents: "*" }) }, transports: ["websocket"], forceNew: true });
  const got = [];
  const waiting = new Map();
  const last = new Promise((resolve) => {
    socket.onAny((type, event) => {
      if (type === "project.updated" && event.data.changes.last) resolve();
      else if (events.some((known) => known.type === type)) {
        got.push(event);
        waiting.get(event.id)?.();
      }
    });
  });
  const received = (id) => within(30000, new Promise((resolve) => {
    if (got.some((event) => event.id === id)) resolve();
    else waiting.set(id, resolve);
  }), `${id} in ${room}`);
  await within(20000, new Promise((resolve, reject) => socket.once("connection.established", resolve).once("connect_error", reject)), sub);
  if (room) assert.equal((await socket.timeout(20000).emitWithAck("subscribe", { room })).ok, true);
  return { socket, got, last, received, rooms: [`user:${sub}`, "global", ...(room ? [room] : [])] };
}

test("every event reaches exactly its rooms, once", async () => {
  assert.equal(events.length, 17);
  const server = await Server.start();
  const backend = await Backend.start(server);
  const readers = await Promise.all([
    reader(server, "member", "project:p1"), reader(server, "watcher", "agent:a1"), reader(server, "u1"),
    reader(server, "stranger", "project:p2"), reader(server, "elsewhere", "agent:a2"), reader(server, "u2"),
    // In two rooms of some events: still once.
    (async () => {
      const both = await reader(server, "both", "project:p1");
      assert.equal((await both.socket.timeout(20000).emitWithAck("subscribe", { room: "agent:a1" })).ok, true);
      both.rooms.push("agent:a1");
      return both;
    })(),
  ]);
  try {
    const published = [];
    for (const { type, data, rooms } of cases) {
      const id = await backend.publish(type, data);
      published.push({ id, type, data, rooms });
      // One at a time: of conflatable events that wait to be sent, a reader gets the newest only.
      const concerned = readers.filter((reader) => rooms.some((room) => reader.rooms.includes(room)));
      await Promise.all(concerned.map((reader) => reader.received(id)));
    }
    const everywhere = [...new Set(readers.flatMap(({ rooms }) => rooms))];
    await backend.publish("project.updated", { project_id: "p1", changes: { last: true }, rooms: everywhere });
    for (const { got, last, rooms } of readers) {
      await within(30000, last, "the last event");
      const expected = published.filter((event) => event.rooms.some((room) => rooms.includes(room)));
      const pick = ({ id, type, data }) => ({ id, type, data });
      assert.deepEqual(got.map(pick), expected.map(pick), rooms.join(", "));
      assert.deepEqual(got.map((event) => event.subject), expected.map((event) => event.rooms[0]));
    }
  } finally {
    readers.forEach(({ socket }) => socket.close());
    await backend.stop();
    await server.stop();
  }
});
