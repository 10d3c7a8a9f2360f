// The client against the real server: subscriptions, filters, refusals.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CommandFailure } from "../dist/index.js";
import { Server, within } from "../../../tests/interop/server.mjs";
import { Arrivals, everything, open, publish, started, updated } from "./lab.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server.stop());

const both = { projects: ["123", "9"], agents: ["7"] };
const outgoing = (client) => {
  const names = [];
  client.socket.onAnyOutgoing((name, request) => names.push(`${name} ${request.room}`));
  return names;
};

test("handlers get their type, \"*\" the others, in order, until unsubscribed", async (t) => {
  const { client, errors } = open(t, server.url);
  const [updates, others] = [new Arrivals(), new Arrivals()];
  const subscription = client.subscribe("project:123", {
    "project.updated": (event) => updates.push(event.data.changes.n),
    "*": (event) => others.push(event.type),
  });
  assert.equal(subscription.status, "joining");
  assert.deepEqual(await subscription.ready, { recovered: false });
  assert.equal(subscription.status, "live");
  const [, , last] = await publish(server, [updated(1), started(1), updated(2)]);
  assert.deepEqual(await updates.until(2), [1, 2]);
  assert.deepEqual(others.list, ["workflow.started"]);
  assert.equal(subscription.cursor, last.cursor);

  const kept = await everything(client, "user:alice");
  subscription.unsubscribe();
  subscription.unsubscribe();
  await publish(server, [updated(3), { ...updated(4), rooms: ["user:alice"] }]);
  assert.equal((await kept.until(1))[0].data.changes.n, 4);
  assert.equal(updates.list.length, 2);
  assert.deepEqual(errors.list, []);
});

test("both namespaces and both transports", async (t) => {
  for (const options of [{ url: server.url + "/ws" }, { socket: { transports: ["polling"] } }, { socket: { transports: ["websocket"] } }]) {
    const { client } = open(t, server.url, options);
    const arrivals = await everything(client, "project:123");
    await publish(server, updated(1));
    await arrivals.until(1);
  }
});

test("several subscriptions to one room share the server's one", async (t) => {
  const { client } = open(t, server.url);
  const commands = outgoing(client);
  const [first, second] = await Promise.all([everything(client, "project:123"), everything(client, "project:123")]);
  const third = await everything(client, "project:123");
  await publish(server, updated(1));
  for (const arrivals of [first, second, third]) await arrivals.until(1);
  first.subscription.unsubscribe();
  second.subscription.unsubscribe();
  await publish(server, updated(2));
  await third.until(2);
  assert.equal(first.list.length, 1);
  third.subscription.unsubscribe();
  assert.deepEqual(commands, ["subscribe project:123", "unsubscribe project:123"]);
  // And again from the start.
  const fourth = await everything(client, "project:123");
  await publish(server, updated(3));
  await fourth.until(1);
});

test("an event of two rooms is handed once to each fitting handler, to no other room's", async (t) => {
  const { client } = open(t, server.url, { claims: both });
  const [project, agent, other, user] =
    await Promise.all(["project:123", "agent:7", "project:9", "user:alice"].map((room) => everything(client, room)));
  const suggestion = { project_id: "123", suggestion_id: "s", kind: "k", content: "c", agent_id: "7" };
  await publish(server, [started(1), { type: "ai.suggestion", data: { ...suggestion, user_id: "alice" } },
    { type: "ai.suggestion", data: suggestion }, updated("end", "9")]);
  await other.until(1);
  assert.deepEqual(project.list.map((event) => event.type), ["workflow.started", "ai.suggestion"]);
  assert.deepEqual(agent.list.map((event) => event.type), ["workflow.started"]);
  assert.deepEqual(user.list.map((event) => event.data.user_id), ["alice"]);
});

test("explicit rooms: the first room's handlers; all when the envelope names none of the subscribed; none for own rooms", async (t) => {
  const { client } = open(t, server.url, { claims: both });
  const project = await everything(client, "project:9");
  await publish(server, [{ ...updated(1), rooms: ["global"] }, { ...updated(2), rooms: ["project:9"] },
    { ...updated(3), rooms: ["agent:unknown", "project:9"] }]);
  assert.deepEqual((await project.until(2)).map((event) => event.data.changes.n), [2, 3]);
});

test("a cursor kept from earlier brings what was missed", async (t) => {
  const earlier = open(t, server.url).client;
  const seen = await everything(earlier, "project:123");
  await publish(server, updated(1));
  await seen.until(1);
  const since = seen.subscription.cursor;
  earlier.close();
  const sent = await publish(server, [updated(2), updated(3, "9"), updated(4)]);
  const { client } = open(t, server.url);
  const arrivals = new Arrivals();
  const subscription = client.subscribe("project:123", { "*": (event) => arrivals.push(event) }, { since });
  assert.deepEqual(await subscription.ready, { recovered: true });
  await arrivals.until(2);
  assert.deepEqual(arrivals.ids, [sent[0].id, sent[2].id]);
});

test("filters: each subscription has its own, whatever room an event came by", async (t) => {
  const { client, errors } = open(t, server.url, { claims: both });
  const n = (operator, value) => ({ [operator]: { "/data/changes/n": value } });
  const low = await everything(client, "project:123", { filter: n("lt", 3) });
  const events = [1, 2, 3, 4].map((each) => updated(each));
  await publish(server, events);
  await low.until(2);
  // Another filter, and then none, in the same room; nothing comes twice meanwhile.
  const high = await everything(client, "project:123", { filter: n("gt", 3) });
  const all = await everything(client, "project:123");
  await everything(client, "agent:7");
  await publish(server, [...events, started(1)]);
  await all.until(5);
  const numbers = (arrivals) => arrivals.list.map((event) => event.data.changes?.n);
  assert.deepEqual(numbers(low), [1, 2, 1, 2]);
  assert.deepEqual(numbers(high), [4]);
  assert.deepEqual(numbers(all), [1, 2, 3, 4, undefined]);
  assert.deepEqual(errors.list, []);
});

test("a refused room rejects `ready` with the code, and leaves the others alone", async (t) => {
  const { client, errors } = open(t, server.url);
  const refused = (room, code, options) => assert.rejects(client.subscribe(room, {}, options).ready, (failure) => {
    assert.ok(failure instanceof CommandFailure);
    assert.equal(failure.code, code);
    return true;
  });
  await refused("project:999", "forbidden");
  await refused("user:bob", "forbidden");
  await refused("nonsense", "unknown_room");
  await refused("project:123", "bad_request", { filter: { exact: {} } });
  await refused("global", "bad_request", { since: "nonsense" });
  assert.equal(errors.list.length, 5);
  const sound = await everything(client, "project:123", { filter: { exact: { type: "project.updated" } } }).catch((e) => e);
  assert.ok(sound instanceof Arrivals, `a good filter beside a bad one: ${sound}`);
  await publish(server, updated(1));
  await sound.until(1);
});

test("unsubscribed before the answer, a room is left", async (t) => {
  const { client } = open(t, server.url);
  const own = await everything(client, "user:alice");
  const commands = outgoing(client);
  client.subscribe("project:123", { "*": () => assert.fail("unsubscribed") }).unsubscribe();
  await client.presence("user:alice");
  await client.presence("user:alice");
  assert.deepEqual(commands.slice(0, 2).sort(), ["presence user:alice", "subscribe project:123"]);
  assert.ok(commands.includes("unsubscribe project:123"));
  await publish(server, [updated(1), { ...updated(2), rooms: ["user:alice"] }]);
  await own.until(1);
});

test("presence", async (t) => {
  const { client } = open(t, server.url, { claims: { ...both, sub: "carol" } });
  await everything(client, "project:9");
  assert.deepEqual(await client.presence("project:9"), [{ user: "carol", connections: 1 }]);
  await assert.rejects(client.presence("project:999"), { code: "forbidden" });
});

test("who comes and goes, and a type of the deployment's own, each by its handler", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-own-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const schema = { title: "note.added", type: "object", properties: { id: { type: "string" }, p: { type: "string" } },
    required: ["p"], "x-fanfare-rooms": ["project:{p}"] };
  writeFileSync(join(folder, "note.json"), JSON.stringify(schema));
  const own = await Server.start({ settings: { "presence.notices": true, "presence.window_ms": 1, "events.schemas": join(folder, "note.json") } });
  t.after(() => own.stop());
  const { client } = open(t, own.url, { claims: { ...both, sub: "erin" } });
  const came = new Arrivals(), notes = new Arrivals(), rest = new Arrivals();
  const subscription = client.subscribe("project:9", {
    "presence.changed": (event) => came.push(event), "note.added": (event) => notes.push(event), "*": (event) => rest.push(event) });
  await within(20000, subscription.ready, "the answer");
  assert.deepEqual((await came.until(1))[0].data, { room: "project:9", joined: ["erin"], left: [] });
  await publish(own, { type: "note.added", data: { p: "9", id: "n1" } });
  assert.equal((await notes.until(1))[0].data.id, "n1");
  assert.equal(rest.list.length, 0);
});

test("a handler that throws is reported, and the others are called", async (t) => {
  const { client, errors } = open(t, server.url);
  await client.subscribe("project:123", { "*": () => { throw new Error("a fault of the application"); } }).ready;
  const arrivals = await everything(client, "project:123");
  await publish(server, updated(1));
  await arrivals.until(1);
  assert.equal(errors.list[0].message, "a fault of the application");
});

test("rate limits: rooms refused for now are asked for again", async (t) => {
  const slow = await Server.start({ settings: { "limits.commands_per_second": 20, "limits.commands_burst": 5 } });
  const { client, errors } = open(t, slow.url, { claims: { projects: "*" } });
  const rooms = await Promise.all(Array.from({ length: 12 }, (_, n) => everything(client, `project:${n}`)));
  await publish(slow, rooms.map((_, n) => updated(n, String(n))));
  for (const room of rooms) await room.until(1);
  assert.ok(errors.list.length > 0 && errors.list.every((failure) => failure.code === "rate_limited"), String(errors.list));
  client.close();
  await within(20000, slow.stop(), "the end");
});
