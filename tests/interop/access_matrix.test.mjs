// Who may do what: every set of claims against every kind of room and every command. What is expected comes from the
// small rule of this file (contract, "Socket.IO side" and "HTTP side"), never from the program.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Server, curl, jwt, serviceKey, within } from "./server.mjs";
import { ask, connect } from "./client.mjs";

const lists = { none: [], one: ["1"], several: ["1", "2", "3"], all: "*" };
const people = [];
for (const [projectsName, projects] of Object.entries(lists)) {
  for (const [agentsName, agents] of Object.entries(lists)) {
    people.push({ name: `projects ${projectsName}, agents ${agentsName}`, claims: { sub: "alice", projects, agents } });
  }
}
people.push({ name: "a role", claims: { sub: "alice", projects: [], roles: ["staff"] } });
people.push({ name: "events:publish", claims: { sub: "alice", projects: ["1"], scope: "events:publish" } });
people.push({ name: "admin", claims: { sub: "alice", projects: [], scope: "admin" } });
people.push({ name: "everything", claims: { sub: "alice", projects: "*", agents: "*", roles: ["staff"], scope: "admin events:publish" } });

const rooms = ["project:1", "project:2", "project:9", "agent:1", "agent:9", "user:alice", "user:bob", "global", "team:1",
  "", "project", "project:", ":1", "Project:1", "project:a b", "project:1\x1fx", "global:1", "*"];
const malformed = new Set(["", "project", "project:", ":1", "Project:1", "project:a b", "project:1\x1fx", "global:1", "*"]);

const named = (list, id) => list === "*" || (list ?? []).includes(id);
const scopes = (claims) => (claims.scope ?? "").split(" ");

/** "ok", "forbidden" or "unknown_room". */
function reading(claims, room, rules = {}) {
  if (malformed.has(room)) return "unknown_room";
  const [kind, id] = room.split(":");
  const roles = rules[kind];
  if (roles && kind !== "user") return roles.some((role) => claims.roles?.includes(role)) ? "ok" : "forbidden";
  if (kind === "global") return "ok";
  if (kind === "user") return id === claims.sub ? "ok" : "forbidden";
  if (kind === "project") return named(claims.projects, id) ? "ok" : "forbidden";
  if (kind === "agent") return named(claims.agents, id) ? "ok" : "forbidden";
  return "unknown_room";
}
/** As on the HTTP side, where admin reads every room that has a good name. */
function readingByHttp(claims, room, rules) {
  if (!malformed.has(room) && scopes(claims).includes("admin")) return "ok";
  return reading(claims, room, rules);
}
const status = { ok: 200, forbidden: 403, unknown_room: 404 };
const outcome = (answer) => (answer.ok ? "ok" : answer.error.code);
const http = (server, path, key, args = []) => curl(server.url + path, ["-H", `Authorization: Bearer ${key}`, ...args]);

async function checkReading(server, { claims }, list, rules) {
  const token = jwt(claims);
  const socket = await connect(server.url, token);
  for (const room of list) {
    const wanted = reading(claims, room, rules);
    assert.equal(outcome(await ask(socket, "presence", { room })), wanted, `presence ${room}`);
    assert.equal(outcome(await ask(socket, "subscribe", { room })), wanted, `subscribe ${room}`);
    const left = outcome(await ask(socket, "unsubscribe", { room }));
    assert.equal(left, malformed.has(room) ? "unknown_room" : "ok", `unsubscribe ${room}`);
  }
  socket.disconnect();
}

let server;
before(async () => (server = await Server.start()));
after(() => server.stop());

for (const person of people) {
  test(`commands: ${person.name}`, () => checkReading(server, person, rooms));
}

test("history and presence by HTTP", async () => {
  const list = rooms.filter((room) => room !== "");  // that path is another endpoint
  for (const { name, claims } of people.filter((_, index) => index % 5 === 0 || index > 15)) {
    const token = jwt(claims);
    for (const room of list) {
      const wanted = readingByHttp(claims, room);
      for (const tail of ["", "/history"]) {
        const { status: got } = await http(server, `/api/v1/rooms/${encodeURIComponent(room)}${tail}`, token);
        assert.ok(got === status[wanted] || (wanted === "unknown_room" && got >= 400 && got < 500), `${name}: ${room}${tail}: ${got}`);
      }
    }
  }
});

test("lists and publishing by HTTP", async () => {
  const body = (room) => JSON.stringify({ type: "project.updated", data: { project_id: "1", changes: {} }, rooms: [room] });
  for (const { name, claims } of people) {
    const token = jwt(claims);
    const admin = scopes(claims).includes("admin"), publishes = scopes(claims).includes("events:publish");
    for (const path of ["/api/v1/rooms", "/api/v1/connections", "/api/v1/websocket/stats"]) {
      assert.equal((await http(server, path, token)).status, admin ? 200 : 403, `${name}: ${path}`);
    }
    for (const room of publishes ? ["project:1", "project:9", "agent:1", "user:bob", "global"] : ["project:1"]) {
      const answer = await server.publish(body(room), { key: token });
      assert.equal(answer.status, publishes ? 202 : 403, `${name}: publish to ${room}`);
    }
  }
  assert.equal((await http(server, "/api/v1/rooms", serviceKey)).status, 200);
});

test("client publish: only who has the scope", async () => {
  for (const { name, claims } of people) {
    const socket = await connect(server.url, jwt(claims));
    const publishes = scopes(claims).includes("events:publish");
    for (const agent_id of ["1", "9"]) {
      const answer = await ask(socket, "publish", { type: "agent.connected", data: { agent_id } });
      assert.equal(outcome(answer), publishes ? "ok" : "forbidden", `${name}: agent ${agent_id}`);
    }
    socket.disconnect();
  }
});

test("a policy of the deployment: roles, own kinds of room, and agents that publish for themselves", async () => {
  const own = await Server.start({ settings: {
    "policy.room_kinds": "team",
    "policy.rules": "team join+presence+history role:staff,project join+presence role:staff,agent publish claim",
  } });
  const rules = { team: ["staff"], project: ["staff"] };
  for (const person of [people[0], people[5], people[15], ...people.slice(16)]) await checkReading(own, person, rooms, rules);
  // User rooms cannot be opened, not even by a rule for all kinds; a rule for them is refused at start.
  const wide = await Server.start({ settings: { "policy.rules": "* join+presence+history anyone" } });
  const socket = await connect(wide.url, jwt({ sub: "eve", projects: [] }));
  assert.equal(outcome(await ask(socket, "subscribe", { room: "user:alice" })), "forbidden");
  assert.equal(outcome(await ask(socket, "subscribe", { room: "project:1" })), "ok");
  await assert.rejects(Server.start({ settings: { "policy.rules": "user join role:staff" } }), /policy\.rules/);

  const agent = await connect(own.url, jwt({ sub: "robot", projects: ["1"], agents: ["1"], roles: ["staff"] }));
  await ask(agent, "subscribe", { room: ["agent:1", "project:1"] });
  const seen = new Promise((resolve) => agent.once("agent.status_changed", resolve));
  const sent = await ask(agent, "publish", { type: "agent.status_changed", data: { agent_id: "1", status: "busy", project_id: "1" } });
  assert.equal(outcome(sent), "ok", JSON.stringify(sent));
  assert.equal((await within(20000, seen, "the event")).id, sent.id);
  const refused = [
    { type: "agent.status_changed", data: { agent_id: "2", status: "busy" } },
    { type: "agent.status_changed", data: { agent_id: "1", status: "busy" }, rooms: ["agent:1", "user:alice"] },
    { type: "agent.status_changed", data: { agent_id: "1", status: "busy" }, rooms: ["global"] },
    { type: "project.updated", data: { project_id: "1", changes: {} } },
  ];
  for (const event of refused) assert.equal(outcome(await ask(agent, "publish", event)), "forbidden", JSON.stringify(event));
  const wrong = await ask(agent, "publish", { type: "agent.status_changed", data: { agent_id: "1", status: "asleep" } });
  assert.equal(wrong.error.code, "bad_request");
  assert.match(wrong.error.pointer, /status/);
  await Promise.all([own.stop(), wide.stop()]);
});

/** A back-end that answers by `decide(question)`: {allow}, a status, or undefined for never. */
async function backEnd(decide) {
  const asked = [];
  const listener = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    asked.push(JSON.parse(text));
    const answer = decide(asked.at(-1));
    if (answer === undefined) return;
    response.writeHead(typeof answer === "number" ? answer : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(typeof answer === "number" ? {} : answer));
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const close = () => { listener.closeAllConnections(); listener.close(); };
  after(close);
  return { asked, close, url: `http://127.0.0.1:${listener.address().port}/may` };
}

test("the authorization hook: asked about what claims do not name, its answers kept, failures refused", async () => {
  const answers = { 1: { allow: true }, 2: { allow: false }, 3: 500, 4: { allow: "yes" }, 5: {}, 6: undefined };
  const hook = await backEnd(({ room }) => answers[room.split(":")[1]]);
  const own = await Server.start({ settings: { "auth.hook_url": hook.url, "auth.hook_timeout_ms": 300, "auth.hook_cache_ttl_s": 600 } });
  const socket = await connect(own.url, jwt({ sub: "alice", projects: ["c"], roles: ["staff"] }));
  const join = async (room) => outcome(await ask(socket, "subscribe", { room }));
  for (const id of Object.keys(answers)) assert.equal(await join(`project:${id}`), id === "1" ? "ok" : "forbidden", id);
  assert.deepEqual(hook.asked[0], { user: "alice", roles: ["staff"], room: "project:1", action: "join" });
  assert.equal(hook.asked.length, 6);
  for (const id of ["1", "2"]) await join(`project:${id}`);
  assert.equal(hook.asked.length, 6, "definite answers are kept");
  await join("project:3");
  assert.equal(hook.asked.length, 7, "failures are not");
  assert.equal(await join("project:c"), "ok");
  assert.equal(await join("user:bob"), "forbidden");
  assert.equal(hook.asked.length, 7, "what claims decide is not asked, nor other users' rooms");
  assert.equal(outcome(await ask(socket, "presence", { room: "project:1" })), "ok");
  assert.equal(hook.asked.at(-1).action, "presence");
  const { status: refused } = await http(own, "/api/v1/rooms/project%3A2/history", jwt({ sub: "alice", projects: [] }));
  assert.equal(refused, 403);
  assert.equal(hook.asked.at(-1).action, "history");
  const before = hook.asked.length;
  hook.close();
  assert.equal(await join("project:1"), "ok", "kept");
  assert.equal(await join("project:7"), "forbidden", "down");
  assert.equal(hook.asked.length, before);
  await own.stop();
});

test("a hook that fails is counted, and told once in a while", async () => {
  const hook = await backEnd(({ room }) => ({ allow: room === "project:open" }));
  const own = await Server.start({ settings: { "auth.hook_url": hook.url, "auth.hook_cache_ttl_s": 60 } });
  const socket = await connect(own.url, jwt({ projects: [] }));
  const join = (id) => ask(socket, "subscribe", { room: `project:${id}` });
  assert.equal((await join("open")).ok, true);
  assert.equal((await join("open")).ok, true);
  assert.equal((await join("shut")).error.code, "forbidden");
  hook.close();
  for (let n = 0; n < 5; ++n) assert.equal((await join(`gone${n}`)).error.code, "forbidden");
  const metrics = await own.metrics();
  for (const [outcome, count] of [["allowed", 1], ["kept", 1], ["refused", 1], ["unavailable", 5]]) {
    assert.equal(metrics.get(`fanfare_hook_calls_total{outcome="${outcome}"}`), count, outcome);
  }
  socket.disconnect();
  await own.stop();
  const failures = own.stderr.split("\n").filter((line) => line.includes("the authorization hook failed"));
  assert.equal(failures.length, 1, own.stderr);
  assert.match(failures[0], /"outcome":"unavailable","reason":"Connection refused"/);
  assert.match(own.stderr, /"user":"[^"]+","action":"join","room":"project:shut","why":"the hook said no"/);
});

test("the hook's answers end, by time and by number", async () => {
  const hook = await backEnd(() => ({ allow: true }));
  const own = await Server.start({ settings: { "auth.hook_url": hook.url, "auth.hook_cache_ttl_s": 1, "auth.hook_cache_entries": 2 } });
  const socket = await connect(own.url, jwt({ sub: "alice", projects: [] }));
  const join = (id) => ask(socket, "subscribe", { room: `project:${id}` });
  for (const id of ["1", "2", "3", "1"]) await join(id);
  assert.equal(hook.asked.length, 4, "the third pushed the first out");
  await within(20000, (async () => { while (hook.asked.length < 5) await join("1"); })(), "the end of an answer's time");
  await own.stop();
});
