// Several nodes on one Redis, with the official client: one order, cursors and repeats that are good on every node, and the
// truth when Redis fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { ask, connect, next, subscriber } from "./client.mjs";
import { withNodes } from "./redis.mjs";
import { curl, jwt, serviceKey, within } from "./server.mjs";

const room = "project:123";
const token = (claims) => jwt({ sub: "ann", projects: ["123"], ...claims });
const update = (n, more = {}) => ({ type: "project.updated", data: { project_id: "123", changes: { n } }, ...more });
const bearer = ["-H", `Authorization: Bearer ${serviceKey}`];
const durable = { appendonly: "yes", appendfsync: "always" };

/** Notes the numbers that come, with their cursors. */
function collect(socket) {
  const seen = [], cursors = [];
  socket.on("project.updated", (event) => {
    seen.push(event.data.changes.n);
    cursors.push(event.cursor);
  });
  const until = (count) => within(20000, (async () => {
    while (seen.length < count) await new Promise((resolve) => socket.once("project.updated", resolve));
  })(), `${count} events`);
  return { seen, cursors, until };
}

const ready = async (node) => (await curl(node.url + "/readyz")).status;
/** Asks until it answers so; a node notices by itself. */
const becomes = (node, status) => within(20000, (async () => {
  while ((await ready(node)) !== status) await new Promise((resolve) => setTimeout(resolve, 20));
})(), `readiness ${status}`);

test("three nodes deliver one order, and cursors lead from one to another", () => withNodes(3, {}, async (nodes) => {
  const clients = await Promise.all(nodes.map((node) => subscriber(node.url, token(), room)));
  const notes = clients.map(({ socket }) => collect(socket));
  await Promise.all(nodes.map(async (node, k) => {
    for (let n = 0; n < 10; ++n) assert.equal((await node.publish(update(k * 100 + n))).status, 202);
  }));
  await Promise.all(notes.map((each) => each.until(30)));
  assert.deepEqual(notes[1].seen, notes[0].seen);
  assert.deepEqual(notes[2].seen, notes[0].seen);
  assert.deepEqual(notes[1].cursors, notes[0].cursors);

  const elsewhere = await connect(nodes[2].url, token());
  const missed = collect(elsewhere);
  const answer = await ask(elsewhere, "subscribe", { room, since: notes[0].cursors[19] });
  assert.equal(answer.recovered, true);
  assert.deepEqual(missed.seen, notes[0].seen.slice(20));
  const history = await curl(`${nodes[1].url}/api/v1/rooms/${room}/history?limit=1000`, bearer);
  assert.deepEqual(history.body.events.map((event) => event.data.changes.n), notes[0].seen);
  for (const { socket } of clients) socket.disconnect();
  elsewhere.disconnect();
}));

test("a node that begins, or comes back after a kill, goes on where the log is", () => withNodes(1, {}, async (nodes, redis, start) => {
  const first = await nodes[0].publish(update(1));
  nodes[0].kill();
  nodes[0].killed = true;
  const node = await start();
  assert.equal((await node.publish(update(2))).status, 202);
  const socket = await connect(node.url, token());
  const { seen } = collect(socket);
  assert.equal((await ask(socket, "subscribe", { room, since: first.body.events[0].cursor })).recovered, true);
  assert.deepEqual(seen, [2]);
  socket.disconnect();
}));

test("what one node was asked is answered by the others", () => withNodes(2, {}, async ([a, b]) => {
  const first = await a.publish(update(1, { id: "x", source: "/s" }));
  const again = await b.publish(update(1, { id: "x", source: "/s" }));
  assert.deepEqual(again.body, first.body);
  const keyed = { headers: ["Idempotency-Key: k"] };
  const whole = await a.publish([update(2), update(3)], keyed);
  assert.deepEqual((await b.publish([update(2), update(3)], keyed)).body, whole.body);
  const other = await b.publish([update(4)], keyed);
  assert.equal(other.status, 422);
  assert.equal(other.body.code, "idempotency_mismatch");
  const history = await curl(`${b.url}/api/v1/rooms/${room}/history`, bearer);
  assert.deepEqual(history.body.events.map((event) => event.data.changes.n), [1, 2, 3]);
}));

test("who is revoked on one node is out on all", () => withNodes(2, {}, async ([a, b], redis, start) => {
  const socket = await connect(b.url, token({ jti: "t1" }));
  const gone = next(socket, "disconnect");
  const done = await curl(a.url + "/api/v1/revocations", [...bearer, "-H", "Content-Type: application/json", "-d", '{"jti":"t1"}']);
  assert.equal(done.status, 200);
  await gone;
  for (const node of [a, b, await start()]) {
    await assert.rejects(connect(node.url, token({ jti: "t1" })), (error) => error.data.code === "token_invalid");
  }
}));

test("who is disconnected on one node is disconnected on all", () => withNodes(2, {}, async ([a, b]) => {
  const sockets = await Promise.all([a, b].map((node) => connect(node.url, token())));
  const gone = sockets.map((socket) => next(socket, "disconnect"));
  const done = await curl(a.url + "/api/v1/users/ann/connections", [...bearer, "-X", "DELETE"]);
  assert.equal(done.status, 200);
  assert.deepEqual(await Promise.all(gone), ["io server disconnect", "io server disconnect"]);
}));

test("an unmodified client recovers on another node", () => withNodes(2, { settings: { "recovery.enabled": true } }, async ([a, b]) => {
  const proxy = await Proxy.to(a.url);
  const socket = io(proxy.url, { auth: { token: token() }, forceNew: true, transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 100 });
  await next(socket, "connection.established");
  const { seen, until } = collect(socket);
  assert.equal((await ask(socket, "subscribe", { room })).ok, true);
  await b.publish(update(1));
  await until(1);
  const { id } = socket;
  proxy.target = new URL(b.url);
  a.killed = true;
  for (const [n, end] of [[2, () => a.kill()], [3, async () => { await proxy.cut(); await proxy.restore(); }]]) {
    const back = next(socket, "connect");
    await end();
    await b.publish(update(n));
    await back;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await until(n);
  }
  assert.deepEqual(seen, [1, 2, 3]);
  socket.disconnect();
  await proxy.cut();
}));

test("Redis away: clients stay, publishing is refused, and it goes on where it was", () => withNodes(2, { redis: durable, settings: { "redis.timeout_ms": 300 } }, async ([a, b], redis) => {
  const { socket } = await subscriber(b.url, token(), room);
  const { seen, until } = collect(socket);
  await a.publish(update(1));
  await until(1);
  await redis.kill();
  const refused = await a.publish(update(2, { id: "two" }));
  assert.equal(refused.status, 503);
  assert.equal(refused.body.code, "unavailable");
  await Promise.all([becomes(a, 503), becomes(b, 503)]); // b too, or it would be asked before it has found Redis again
  assert.equal((await a.metrics()).get("fanfare_history_ready"), 0);
  assert.equal((await ask(socket, "ping", {})).time !== undefined, true);
  await redis.restart();
  await Promise.all([becomes(a, 200), becomes(b, 200)]);
  assert.equal((await a.publish(update(2, { id: "two" }))).status, 202);
  assert.equal((await b.publish(update(3))).status, 202);
  await until(3);
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(socket.connected, true);
  socket.disconnect();
}));

test("Redis that lost its end is never silent", () => withNodes(2, {}, async ([a, b], redis) => {
  const sockets = await Promise.all([a, b].map((node) => subscriber(node.url, token(), room)));
  const notes = sockets.map(({ socket }) => collect(socket));
  await a.publish(update(1));
  await Promise.all(notes.map((each) => each.until(1)));
  const ended = sockets.map(({ socket }) => next(socket, "disconnect"));
  await redis.kill();
  await redis.restart();
  // Every client is made to come back, and is told.
  assert.deepEqual(await Promise.all(ended), ["transport close", "transport close"]);
  await Promise.all([becomes(a, 200), becomes(b, 200)]);
  const socket = await connect(b.url, token());
  const answer = await ask(socket, "subscribe", { room, since: notes[0].cursors[0] });
  assert.equal(answer.ok, true);
  assert.equal(answer.recovered, false);
  assert.notEqual(answer.cursor.split("-")[0], notes[0].cursors[0].split("-")[0]);
  assert.equal((await a.metrics()).get('fanfare_history_breaks_total{cause="epoch"}'), 1);
  socket.disconnect();
}));

test("presence, rooms and limits are the fleet's", () => withNodes(3, { settings: { "fleet.timeout_s": 1, "presence.notices": true, "limits.connections_per_user": 3 } }, async ([a, b, c]) => {
  const ben = await subscriber(b.url, token({ sub: "ben" }), room);
  const changes = [];
  let told = () => {};
  ben.socket.on("presence.changed", ({ data }) => { changes.push(data); told(); });
  const until = (wanted) => within(20000, (async () => {
    while (!wanted()) await new Promise((resolve) => (told = resolve));
  })(), "news of presence");
  const anns = await Promise.all([a, a, c].map((node) => subscriber(node.url, token(), room)));
  await until(() => changes.some(({ joined }) => joined.includes("ann")));
  const members = async (node) => (await curl(`${node.url}/api/v1/rooms/${room}`, bearer)).body;
  // The nodes tell each other within a moment; asked until then.
  const becomesKnown = (node, count) => within(20000, (async () => {
    while ((await members(node)).connections !== count);
  })(), `${count} connections`);
  for (const node of [a, b, c]) {
    await becomesKnown(node, 4);
    assert.deepEqual((await members(node)).members, [{ user: "ann", connections: 3 }, { user: "ben", connections: 1 }]);
  }
  assert.deepEqual((await ask(ben.socket, "presence", { room })).members, [{ user: "ann", connections: 3 }, { user: "ben", connections: 1 }]);
  const stats = await curl(c.url + "/api/v1/websocket/stats", bearer);
  assert.equal(stats.body.nodes.length, 3);
  await assert.rejects(connect(b.url, token()), (error) => error.data.code === "over_limit");

  // A node dies with two of ann's three connections, then the third goes.
  a.killed = true;
  a.kill();
  await becomesKnown(b, 2);
  anns[2].socket.disconnect();
  await until(() => changes.some(({ left }) => left.includes("ann")));
  assert.equal(changes.filter(({ joined }) => joined.includes("ann")).length, 1);
  assert.equal(changes.filter(({ left }) => left.includes("ann")).length, 1);
  for (const { socket } of anns) socket.disconnect();
  ben.socket.disconnect();
}));

test("what a publisher spends on one node is missing on the other", () => withNodes(2, { settings: { "limits.publish_per_second": 1, "limits.publish_burst": 1000 } }, async ([a, b]) => {
  for (let n = 0; n < 10; ++n) assert.equal((await a.publish(Array.from({ length: 100 }, (_, k) => update(k)))).status, 202);
  let accepted = 0;
  // Each node has a burst of its own until it has heard of the other, which takes a moment and not a thousand requests.
  while ((await b.publish(update(0))).status === 202) ++accepted;
  assert.ok(accepted < 1000, `${accepted} accepted`);
  const refused = await b.publish(update(0));
  assert.equal(refused.status, 429);
  assert.equal(refused.body.code, "rate_limited");
}));
