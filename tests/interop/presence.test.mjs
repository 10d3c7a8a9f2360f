// Who is in a room: the command, the HTTP form, and the notices of users that come and go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, curl, jwt, serviceKey, within } from "./server.mjs";
import { ask, next, subscriber } from "./client.mjs";

const room = "project:123";
const token = (sub) => jwt({ sub, projects: ["123"] });
const members = async (socket) => (await ask(socket, "presence", { room })).members;
const overHttp = async (server) =>
  (await curl(`${server.url}/api/v1/rooms/${encodeURIComponent(room)}`, ["-H", `Authorization: Bearer ${serviceKey}`])).body;

test("users with their numbers of connections, across workers and namespaces", async () => {
  const server = await Server.start({ workers: 3 });
  const { socket: ann } = await subscriber(server.url, token("ann"), room);
  const more = [];
  for (const [sub, nsp] of [["ann", "/ws"], ["ben", ""], ["ann", ""]]) {
    more.push((await subscriber(server.url + nsp, token(sub), room)).socket);
  }
  const all = [{ user: "ann", connections: 3 }, { user: "ben", connections: 1 }];
  assert.deepEqual(await members(ann), all);
  assert.deepEqual(await overHttp(server), { room, connections: 4, members: all });
  assert.equal((await ask(more[1], "unsubscribe", { room })).ok, true);
  assert.deepEqual(await members(ann), [{ user: "ann", connections: 3 }]);
  more[0].disconnect();
  await within(20000, (async () => { while ((await members(ann))[0].connections !== 2); })(), "the end of a connection");
  assert.equal((await overHttp(server)).connections, 2);
  await server.stop();
});

test("notices are off unless asked for", async () => {
  const server = await Server.start();
  const { socket } = await subscriber(server.url, token("ann"), room);
  const names = [];
  socket.onAny((name) => names.push(name));
  await subscriber(server.url, token("ben"), room);
  const marker = next(socket, "project.updated");
  await server.publish({ type: "project.updated", data: { project_id: "123", changes: {} } });
  await marker;
  assert.ok(!names.includes("presence.changed"));
  await server.stop();
});

test("notices: a crowd makes few of them, and who only comes again makes none", async () => {
  const server = await Server.start({ settings: { "presence.notices": true, "presence.window_ms": 300 } });
  const { socket: watcher } = await subscriber(server.url, token("watcher"), room, { transports: ["websocket"] });
  const joined = [], left = [];
  let notices = 0, heard;
  watcher.on("presence.changed", ({ data, type, subject }) => {
    assert.deepEqual([type, subject, data.room], ["presence.changed", room, room]);
    ++notices;
    joined.push(...data.joined);
    left.push(...data.left);
    heard?.();
  });
  const until = (done, what) => within(20000, (async () => {
    while (!done()) await new Promise((resolve) => (heard = resolve));
  })(), what);
  const crowd = await Promise.all([...Array(20).keys()].map((n) => subscriber(server.url, token(`u${n}`), room, { transports: ["websocket"] })));
  await until(() => joined.filter((user) => user.startsWith("u")).length === 20, "everybody's coming");
  assert.equal(new Set(joined).size, joined.length, "each once");
  assert.ok(notices < 20, `${notices} notices`);
  const { socket: again } = await subscriber(server.url, token("u0"), room);
  again.disconnect();
  for (const { socket } of crowd) socket.disconnect();
  await until(() => left.length === 20, "everybody's leaving");
  assert.equal(new Set(left).size, 20);
  assert.equal(joined.filter((user) => user === "u0").length, 1);
  await server.stop();
});

test("notices go to those who may read the presence", async () => {
  const server = await Server.start({ settings: {
    "presence.notices": true, "presence.window_ms": 1, "policy.rules": "project presence role:staff" } });
  const { socket: outsider } = await subscriber(server.url, token("ann"), room);
  const { socket: staff } = await subscriber(server.url, jwt({ sub: "boss", projects: ["123"], roles: ["staff"] }), room);
  const names = [];
  outsider.onAny((name) => names.push(name));
  const told = new Promise((resolve) => staff.on("presence.changed", ({ data }) => data.joined.includes("ben") && resolve()));
  await subscriber(server.url, token("ben"), room);
  await within(20000, told, "the notice");
  const marker = next(outsider, "project.updated");
  await server.publish({ type: "project.updated", data: { project_id: "123", changes: {} } });
  await marker;
  assert.ok(!names.includes("presence.changed"));
  await server.stop();
});
