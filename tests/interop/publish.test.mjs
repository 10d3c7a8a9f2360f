// Publishing in every form, what is refused and why, filters, and event types of the deployment's own.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, curl, jwt, serviceKey, within } from "./server.mjs";
import { ask, connect, subscriber } from "./client.mjs";

const folder = mkdtempSync(join(tmpdir(), "fanfare-publish-"));
const schema = join(folder, "build_finished.json");
writeFileSync(schema, JSON.stringify({
  $schema: "https://json-schema.org/draft/2020-12/schema", "x-fanfare-type": "build.finished", type: "object",
  properties: { project_id: { type: "string" }, seconds: { type: "number", minimum: 0 } }, required: ["project_id", "seconds"],
}));
after(() => rmSync(folder, { recursive: true }));

const update = (n, project_id = "1") => ({ type: "project.updated", data: { project_id, changes: { n } } });
const cloud = (id, n, more = {}) => ({ specversion: "1.0", id, source: "/tests", ...update(n), ...more });
let server, socket;
before(async () => {
  server = await Server.start({ settings: { "events.schemas": schema, "limits.batch_events": 20, "limits.publish_body_bytes": 20000 } });
  ({ socket } = await subscriber(server.url, jwt({ projects: "*", agents: "*" }), "project:1"));
});
after(() => server.stop());

/** What comes to the socket until an event of its own, published after `work`. */
async function seenDuring(work, listener = socket) {
  const seen = [];
  const end = `end-${Math.random()}`;
  const done = new Promise((resolve) => {
    const take = (name, event) => {
      if (event.id !== end) return void seen.push(event);
      listener.offAny(take);
      resolve();
    };
    listener.onAny(take);
  });
  await work();
  assert.equal((await server.publish({ type: "project.deleted", data: { project_id: "0" }, id: end, rooms: ["global"] })).status, 202);
  await within(20000, done, "the end mark");
  return seen;
}
const as = (type) => (body, headers = []) => curl(server.url + "/api/v1/events", ["--data-binary", "@-",
  ...[`Content-Type: ${type}`, `Authorization: Bearer ${serviceKey}`, ...headers].flatMap((line) => ["-H", line])],
  typeof body === "string" ? body : JSON.stringify(body));
const json = as("application/json"), structured = as("application/cloudevents+json");
const batch = as("application/cloudevents-batch+json"), ndjson = as("application/x-ndjson");
const numbers = (events) => events.map(({ data }) => data.changes.n);

test("CloudEvents: structured, batch and binary", async () => {
  const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const seen = await seenDuring(async () => {
    assert.equal((await structured(cloud("s1", 1, { traceparent: trace }))).status, 202);
    const answer = await batch([cloud("b1", 2), cloud("b2", 3)]);
    assert.deepEqual([answer.status, answer.body.accepted, answer.body.events.map(({ id }) => id)], [202, 2, ["b1", "b2"]]);
    assert.equal((await json(update(4).data, ["ce-specversion: 1.0", "ce-id: h%C3%A9", "ce-source: /tests",
      "ce-type: project.updated", `traceparent: ${trace}`])).status, 202);
  });
  assert.deepEqual(numbers(seen), [1, 2, 3, 4]);
  assert.deepEqual(seen.map(({ id }) => id), ["s1", "b1", "b2", "hé"]);
  assert.deepEqual(seen.map(({ source }) => source), Array(4).fill("/tests"));
  assert.deepEqual([seen[0].traceparent, seen[3].traceparent], [trace, trace]);
  assert.ok(seen.every(({ cursor, specversion }) => cursor && specversion === "1.0"));
});

test("newline-delimited: in order; a faulty line is refused by itself", async () => {
  const lines = [1, 2, 3].map((n) => JSON.stringify(update(n))).join("\n") + "\n\n";
  const seen = await seenDuring(async () => {
    assert.equal((await ndjson(lines)).body.accepted, 3);
    const bad = '{"type":"project.updated","data":{}}\n';
    const { status, body } = await ndjson(bad + lines);
    assert.deepEqual([status, body.accepted, body.refused], [202, 3, 1]);
    assert.deepEqual([body.errors[0].line, body.errors[0].pointer], [1, "/data/project_id"]);
    const refused = await ndjson(bad);
    assert.deepEqual([refused.status, refused.body.pointer, refused.body.refused], [400, "/data/project_id", 1]);
  });
  assert.deepEqual(numbers(seen), [1, 2, 3, 1, 2, 3]);
});

test("a repeat by id or by Idempotency-Key is answered as before and sends nothing", async () => {
  const seen = await seenDuring(async () => {
    const first = await json({ ...update(1), id: "once" });
    const again = await json({ ...update(1), id: "once" });
    assert.deepEqual([again.status, again.body], [202, first.body]);
    const key = ["Idempotency-Key: one-request"];
    const whole = await json([update(2), update(3)], key);
    const repeated = await json([update(2), update(3)], key);
    assert.deepEqual(repeated.body, whole.body);
    assert.match(repeated.headers, /idempotent-replayed: true/i);
    // At once, twice: one of them waits for the other.
    const both = await Promise.all([json(update(4), ["Idempotency-Key: k"]), json(update(4), ["Idempotency-Key: k"])]);
    assert.deepEqual(both[0].body, both[1].body);
  });
  assert.deepEqual(numbers(seen), [1, 2, 3, 4]);
});

test("explicit rooms replace the default ones", async () => {
  const seen = await seenDuring(async () => {
    assert.equal((await json({ ...update(1), rooms: ["user:alice"] })).status, 202);
    assert.equal((await json({ ...update(2), rooms: ["user:bob"] })).status, 202);
    assert.equal((await json({ ...update(3, "2"), rooms: ["project:1", "global"] })).status, 202);
  });
  assert.deepEqual(numbers(seen), [1, 3], "each once, to its rooms");
  assert.deepEqual(seen.map(({ subject }) => subject), ["user:alice", "project:1"]);
});

test("refusals", async () => {
  const refusals = [
    [401, () => server.publish(update(1), { key: "wrong" })],
    [403, () => server.publish(update(1), { key: jwt({ projects: "*" }) })],
    [413, () => json(update("x".repeat(30000)))],
    [413, () => json(Array(21).fill(update(1)))],
    [415, () => as("text/xml")("<x/>")],
    [415, () => as("application/json; charset=latin1")(update(1))],
    [400, () => json("{"), undefined],
    [400, () => json([update(1), { type: "project.updated", data: { project_id: 5, changes: {} } }]), "/1/data/project_id"],
    [400, () => json({ type: "project.exploded", data: {} }), "/type"],
    [400, () => json({ ...update(1), rooms: ["nowhere"] }), "/rooms/0"],
    [400, () => structured(update(1)), "/specversion"],
    [400, () => batch(cloud("x", 1))],
    [400, () => json(update(1), [`Idempotency-Key: ${"k".repeat(300)}`])],
  ];
  const seen = await seenDuring(async () => {
    for (const [status, work, pointer] of refusals) {
      const answer = await work();
      assert.equal(answer.status, status, `${work}: ${JSON.stringify(answer.body)}`);
      assert.match(answer.headers, /content-type: application\/problem\+json/i);
      if (pointer) assert.equal(answer.body.pointer, pointer);
      if (status === 401) assert.match(answer.headers, /www-authenticate: bearer/i);
    }
  });
  assert.deepEqual(seen, [], "nothing of what was refused is sent");
});

test("503 with Retry-After while draining", async () => {
  const own = await Server.start({ settings: { "server.drain_ms": 5000 } });
  process.kill(own.pid, "SIGTERM");
  let answer;
  await within(20000, (async () => { do answer = await own.publish(update(1)); while (answer.status === 202); })(), "the drain");
  assert.equal(answer.status, 503);
  assert.match(answer.headers, /^retry-after: \d+\r?$/im);
  assert.equal((await curl(own.url + "/readyz")).status, 503);
  await own.stop();
});

const pr = (number, more = {}) => ({ type: "pr.created", data: { project_id: "f", number, title: "t", author: "a", ...more } });
const filters = [
  [{ exact: { type: "pr.created" } }, (event) => event.type === "pr.created"],
  [{ prefix: { type: "pr." } }, (event) => event.type.startsWith("pr.")],
  [{ suffix: { type: ".created" } }, (event) => event.type.endsWith(".created")],
  [{ any: [{ exact: { type: "pr.created" } }, { exact: { type: "pr.closed" } }] }, (event) => ["pr.created", "pr.closed"].includes(event.type)],
  [{ all: [{ prefix: { type: "pr." } }, { suffix: { type: "closed" } }] }, (event) => event.type === "pr.closed"],
  [{ not: { exact: { type: "pr.created" } } }, (event) => event.type !== "pr.created"],
  [{ exact: { "/data/author": "ann" } }, (event) => event.data.author === "ann"],
  [{ in: { "/data/author": ["ann", "ben"] } }, (event) => ["ann", "ben"].includes(event.data.author)],
  [{ lt: { "/data/number": 3 } }, (event) => event.data.number < 3],
  [{ lte: { "/data/number": 3 } }, (event) => event.data.number <= 3],
  [{ gt: { "/data/number": 3 } }, (event) => event.data.number > 3],
  [{ gte: { "/data/number": 3 } }, (event) => event.data.number >= 3],
];

test("filters let exactly their events through, live and replayed", async () => {
  const events = [pr(1), pr(2, { author: "ann" }), pr(3, { author: "ben" }), pr(4),
    { type: "pr.closed", data: { project_id: "f", number: 5, merged: true } }, update(1, "f"),
    { type: "issue.created", data: { project_id: "f", number: 6, title: "t", author: "ann" } }];
  const { body: { cursor: since } } = await curl(`${server.url}/api/v1/rooms/project%3Af/history`, ["-H", `Authorization: Bearer ${serviceKey}`]);
  const listeners = [];
  for (const [filter] of filters) {
    const listener = await connect(server.url, jwt({ projects: "*" }));
    const answer = await ask(listener, "subscribe", { room: "project:f", filter });
    assert.equal(answer.ok, true, JSON.stringify(answer));
    listeners.push(listener);
  }
  const work = async () => assert.equal((await json(events)).status, 202);
  const mark = { published: null };
  const received = await Promise.all(listeners.map((listener, index) =>
    seenDuring(() => (index === 0 ? (mark.published = work()) : new Promise(setImmediate).then(() => mark.published)), listener)));
  for (const [index, [filter, passes]] of filters.entries()) {
    const wanted = events.filter(passes).map(({ type, data }) => `${type} ${data.number}`);
    const got = received[index].filter(({ type }) => type !== "project.deleted").map(({ type, data }) => `${type} ${data.number}`);
    assert.deepEqual(got, wanted, JSON.stringify(filter));
    const late = await connect(server.url, jwt({ projects: "*" }));
    const replayed = [];
    late.onAny((type, { data }) => { if (type !== "connection.established") replayed.push(`${type} ${data.number}`); });
    assert.equal((await ask(late, "subscribe", { room: "project:f", filter, since })).ok, true);
    assert.deepEqual(replayed, wanted, `replayed: ${JSON.stringify(filter)}`);
    late.disconnect();
  }
  for (const listener of listeners) listener.disconnect();
});

test("a bad filter is refused with the place of its fault", async () => {
  const deep = (levels) => (levels ? { not: deep(levels - 1) } : { exact: { type: "x" } });
  const bad = [[{ exact: { type: {} } }, "/filter/exact/type"], [{ like: { type: "x" } }, "/filter/like"],
    [{ all: [{ exact: { type: "x" } }, { in: { "/data/x": "y" } }] }, "/filter/all/1/in/~1data~1x"], ["x", "/filter"],
    [{ lt: { "/data/number": "three" } }, "/filter/lt/~1data~1number"]];
  for (const [filter, pointer] of bad) {
    const { error } = await ask(socket, "subscribe", { room: "project:1", filter });
    assert.deepEqual([error?.code, error?.pointer], ["bad_request", pointer], JSON.stringify(filter));
  }
  assert.equal((await ask(socket, "subscribe", { room: "project:1", filter: deep(20) })).error.code, "bad_request", "too deep");
});

test("an event type of the deployment's own", async () => {
  const seen = await seenDuring(async () => {
    assert.equal((await json({ type: "build.finished", data: { project_id: "1", seconds: 3 }, rooms: ["project:1"] })).status, 202);
    const refused = await json({ type: "build.finished", data: { project_id: "1", seconds: -3 }, rooms: ["project:1"] });
    assert.deepEqual([refused.status, refused.body.pointer], [400, "/data/seconds"]);
    assert.equal((await json({ type: "build.finished", data: { project_id: "1" }, rooms: ["project:1"] })).status, 400);
  });
  assert.deepEqual(seen.map(({ type, data }) => [type, data.seconds]), [["build.finished", 3]]);
  assert.equal((await curl(server.url + "/api/v1/schemas/build.finished")).status, 200);
  assert.ok(JSON.stringify((await curl(server.url + "/api/v1/openapi.json")).body).includes("build.finished"));
});
