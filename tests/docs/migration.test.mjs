// docs/guide/migration.md: the servers one comes from beside Fanfare, and the page's client at each of them: what it gets is the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Redis } from "../interop/redis.mjs";
import { jwt } from "../interop/server.mjs";
import { Workplace, root, rowsIn } from "./guide.mjs";

const page = "docs/guide/migration.md";
const key = "at least thirty-two bytes that you keep";
const token = jwt({ sub: "alice", projects: ["123"] }, { key });

const expected = [
  ["project.updated", { project_id: "123", changes: { name: "Atlas" }, updated_by: "alice" }],
  ["workflow.started", { workflow_id: "w1", project_id: "123", name: "build" }],
  ["workflow.completed", { workflow_id: "w1", project_id: "123" }],
  ["ai.suggestion", { project_id: "123", suggestion_id: "s1", kind: "style", content: "Break this line", user_id: "alice" }],
];

async function workplace(t) {
  const place = new Workplace(t, page);
  for (const name of ["old_app.py", "both_app.py", "new_app.py", "client.mjs", "old-server.mjs", "new-server.mjs", "fanfare.toml"]) place.write(name);
  assert.equal(place.block("fanfare"), "fanfare serve --config fanfare.toml\n");
  await place.serve();
  return place;
}

/** A block that starts uvicorn, on a free port; gives the address. */
async function uvicorn(place, name, { env = {}, text = place.block(name) } = {}) {
  const started = place.start(name, { text: `${text.trim().replace("--port 8001", "--port 0")} 2>&1`, env });
  for (;;) {
    const found = /running on (http:\/\/127\.0\.0\.1:\d+)/.exec(await started.line());
    if (found) return found[1];
  }
}

async function node(place, command) {
  const line = await place.start(command, { text: `exec env FANFARE_KEY=a-service-key-of-yours PORT=0 node ${command}` }).line();
  return `http://127.0.0.1:${/^listening on (\d+)$/.exec(line)[1]}`;
}

/** The page's client at a server: resolves once it is in its room. */
async function client(place, server, { expect = "subscribed true", as = token } = {}) {
  const started = place.start("client.mjs", { text: "exec node client.mjs", env: { SERVER: server, TOKEN: as } });
  assert.equal(await started.line(), expect);
  return async (count) => {
    const got = [];
    while (got.length < count) {
      const [, type, data] = /^(\S+) (\{.*)$/.exec(await started.line());
      got.push([type, JSON.parse(data)]);
    }
    return got;
  };
}

const work = async (url) => assert.equal((await fetch(`${url}/projects/123/builds`, { method: "POST" })).status, 204);
const strangers = jwt({ sub: "mallory", projects: ["9"] }, { key });
const forged = jwt({ sub: "alice", projects: ["123"] }, { key: "another secret, as long as the real one" });

test("from python-socketio: alone, with both, and without it", async (t) => {
  const place = await workplace(t);
  const redis = await Redis.start();
  t.after(() => redis.stop());
  place.replace("redis://127.0.0.1:6379", redis.url);

  // Two processes of it, joined by their Redis manager: who is at one gets what is sent by the other.
  const text = place.block("old-app").split("\n")[1];
  const [first, second] = [await uvicorn(place, "old-app", { text }), await uvicorn(place, "old-app", { text })];
  const before = await client(place, first);
  await work(second);
  assert.deepEqual(await before(4), expected);

  const both = await uvicorn(place, "both");
  const [old, fanfare] = [await client(place, both), await client(place, place.server.url)];
  await work(both);
  assert.deepEqual(await old(4), expected);
  assert.deepEqual(await fanfare(4), expected);

  const after = await uvicorn(place, "new-app");
  await work(after);
  assert.deepEqual(await fanfare(4), expected);

  for (const server of [first, place.server.url]) {
    await client(place, server, { as: strangers, expect: "subscribed false" });
    await client(place, server, { as: forged, expect: "refused" });
  }
});

test("from socket.io on Node", async (t) => {
  const place = await workplace(t);
  const [before, after] = [await node(place, "old-server.mjs"), await node(place, "new-server.mjs")];
  assert.equal(place.block("node"), "FANFARE_KEY=a-service-key-of-yours node new-server.mjs\n");
  const [old, fanfare] = [await client(place, before), await client(place, place.server.url)];
  await Promise.all([work(before), work(after)]);
  assert.deepEqual(await old(4), expected);
  assert.deepEqual(await fanfare(4), expected);
  await client(place, before, { as: strangers, expect: "subscribed false" });
  await client(place, before, { as: forged, expect: "refused" });
});

test("who was away: with Fanfare nothing is lost", async (t) => {
  const place = await workplace(t);
  const app = await uvicorn(place, "new-app");
  await work(app);
  const history = await fetch(`${place.server.url}/api/v1/rooms/project%3A123/history`, { headers: { "x-api-key": "a-service-key-of-yours" } });
  assert.deepEqual((await history.json()).events.map(({ type, data }) => [type, data]), expected.slice(0, 3));
});

test("the tables name keys, commands and paths that there are", () => {
  const text = readFileSync(root + page, "utf8");
  const configuration = readFileSync(`${root}docs/reference/configuration.md`, "utf8");
  for (const [, name] of text.matchAll(/`((?:auth|policy|history|publish|limits|recovery|cors)\.[a-z_]+)\b[^`…]*`/g)) {
    assert.ok(configuration.includes(`| \`${name}\` |`), name);
  }
  const http = readFileSync(`${root}docs/reference/http.md`, "utf8");
  for (const [, route] of text.matchAll(/`((?:GET|POST|DELETE) \/api\/v1\/[^` ]*)/g)) assert.ok(http.includes(`[\`${route}\`]`), route);
  const commands = readFileSync(`${root}docs/reference/socketio.md`, "utf8");
  for (const command of ["subscribe", "unsubscribe", "presence", "publish"]) assert.ok(commands.includes(`## ${command}\n`), command);
  for (const part of ["From Centrifugo", "From Pusher", "What changes, whatever one comes from"]) assert.ok(rowsIn(page, part).length > 5);
});
