// What is kept, and for how long, as clients see it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import WebSocket from "ws";
import { Server, jwt, program, within } from "./server.mjs";
import { ask, next, subscriber } from "./client.mjs";

const room = "project:123";
const token = () => jwt({ sub: "ann", projects: ["123"] });

test("history.rules: who joins late gets the newest of each workflow, and who comes back misses nothing", async () => {
  const server = await Server.start({ settings: { "history.rules": "workflow.progress latest,pr.* keep", "history.room_events_max": 4 } });
  const progress = (workflow, percent) => ({ type: "workflow.progress", data: { workflow_id: workflow, project_id: "123", progress: percent } });
  const { body } = await server.publish({ type: "pr.created", data: { project_id: "123", number: 1, title: "t", author: "a" } });
  const steps = [10, 20, 30, 40, 50].flatMap((percent) => [progress("w1", percent), progress("w2", percent + 1)]);
  assert.equal((await server.publish(steps)).status, 202);
  const { socket } = await subscriber(server.url, token(), "global");
  const seen = [];
  socket.onAny((type, { data }) => seen.push([type, data.progress ?? data.number]));
  assert.equal((await ask(socket, "subscribe", { room, last: 100 })).recovered, true);
  assert.deepEqual(seen, [["pr.created", 1], ["workflow.progress", 50], ["workflow.progress", 51]]);
  seen.length = 0;
  assert.equal((await ask(socket, "unsubscribe", { room })).ok, true);
  assert.equal((await ask(socket, "subscribe", { room, since: body.events[0].cursor })).recovered, true);
  assert.deepEqual(seen, [["workflow.progress", 50], ["workflow.progress", 51]]);
  for (let n = 0; n < 6; ++n) await server.publish({ type: "project.updated", data: { project_id: "123", changes: { n } } });
  const answer = await ask(socket, "subscribe", { room: "project:123", since: body.events[0].cursor });
  assert.equal(answer.recovered, false, "the room's bound has dropped some, which no rule makes good");
  await server.stop();
});

test("a client that missed 100,000 events gets them all, in order and before anything live, and costs little meanwhile", async (t) => {
  const total = 100000, clients = 10;
  const server = await Server.start({ settings: { "history.events_max": 200000, "history.room_events_max": 200000, "limits.publish_per_second": 1000000,
    "limits.publish_burst": 1000000 } });
  const updates = (first, count) => Array.from({ length: count }, (_, n) => ({ type: "project.updated", data: { project_id: "123", changes: { n: first + n } } }));
  let since;
  for (let first = 0; first < total; first += 1000) {
    const { status, body } = await server.publish(updates(first, 1000));
    assert.equal(status, 202);
    since ??= body.events[0].cursor.replace(/-1$/, "-0");
  }
  const resident = async () => (await server.metrics()).get("process_resident_memory_bytes");
  /** One that asks for all of it and, once something has come, reads nothing more. */
  const slow = async () => {
    const socket = new WebSocket(server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket");
    let begun;
    const some = new Promise((resolve) => (begun = resolve));
    socket.on("message", (data) => {
      const text = String(data);
      if (text.startsWith("0{")) socket.send("40" + JSON.stringify({ token: token() }));
      else if (text.startsWith('42["connection.established"')) socket.send("420" + JSON.stringify(["subscribe", { room, since }]));
      else if (text.startsWith('42["project.updated"')) { socket.pause(); begun(); }
    });
    await within(20000, some, "a first event");
    return socket;
  };
  const warm = await slow();
  const before = await resident();
  const waiting = [];
  for (let n = 0; n < clients; ++n) waiting.push(await slow());
  await server.publish({ type: "agent.connected", data: { agent_id: "a" } });
  const each = (await resident() - before) / clients;
  t.diagnostic(`${Math.round(each / 1024)} KiB a client whose replay waits for it`);
  const sanitized = /__[at]san_init/.test((await readFile(program)).toString("latin1"));
  if (!sanitized) assert.ok(each < 1048576, `${each} bytes`);
  [warm, ...waiting].forEach((socket) => socket.terminate());

  const { socket } = await subscriber(server.url, token(), "global", { transports: ["websocket"] });
  let due = 0, wrong, live;
  const last = new Promise((resolve) => (live = resolve));
  socket.on("project.updated", ({ data }) => {
    if (data.changes.n !== due++) wrong ??= `${data.changes.n} came where ${due - 1} was due`;
    if (due === total + 1) live();
  });
  const answer = within(60000, socket.timeout(60000).emitWithAck("subscribe", { room, since }), "the replay");
  await server.publish(updates(total, 1));
  assert.equal((await answer).recovered, true);
  await within(20000, last, "what came live");
  assert.equal(wrong, undefined);
  socket.disconnect();
  await server.stop();
});
