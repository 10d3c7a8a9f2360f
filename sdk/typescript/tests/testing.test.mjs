// @fanfare/client/testing, as other people's tests use it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CommandFailure } from "../dist/index.js";
import { findProgram, startFanfare } from "../dist/testing.js";
import { program } from "../../../tests/interop/server.mjs";

const changed = (n, project = "1") => ["project.updated", { project_id: project, changes: { n } }];

let fanfare;
before(async () => {
  process.env.FANFARE_PROGRAM = program;
  process.env.FANFARE_AUTH__ISSUER = "of-the-environment"; // must not reach it
  fanfare = await startFanfare();
});
after(() => fanfare.stop());

async function client(t, ...args) {
  const one = await fanfare.client(...args);
  t.after(() => one.close());
  return one;
}

test("what is published comes, in order", async (t) => {
  const one = await client(t, ["project:1", "agent:7"]);
  const first = await fanfare.publish(...changed(1));
  await fanfare.publish("agent.connected", { agent_id: "7" });
  await fanfare.publish(...changed(2, "2"));
  assert.deepEqual((await one.waitFor("agent.connected")).data, { agent_id: "7" });
  assert.equal((await one.waitFor("project.updated")).id, first.id);
  assert.deepEqual((await one.events()).map(({ type }) => type), ["project.updated", "agent.connected"]);
  assert.deepEqual((await one.events("project.updated")).map(({ data }) => data.changes), [{ n: 1 }]);
});

test("each wait takes the next, begun before or after it came", async (t) => {
  const one = await client(t, "project:1");
  const second = one.waitFor("project.updated", (event) => event.data.changes.n === 2);
  for (const n of [0, 1, 2, 3]) await fanfare.publish(...changed(n));
  assert.equal((await second).data.changes.n, 2);
  for (const n of [0, 1, 3]) assert.equal((await one.waitFor("project.updated")).data.changes.n, n);
});

test("what does not come is told with what came, and takes nothing from later waits", async (t) => {
  const one = await client(t, "project:1");
  await fanfare.publish(...changed(1));
  await one.events();
  await assert.rejects(one.waitFor("pr.created", undefined, { timeoutMs: 1 }), /no pr\.created within 1 ms; what came:\n\{.*"project\.updated"/);
  await fanfare.publish("pr.created", { project_id: "1", number: 4, title: "Engine", author: "ada" });
  assert.equal((await one.waitFor("pr.created")).data.number, 4);
});

test("a fault of `where` is the wait's alone", async (t) => {
  const one = await client(t, "project:1");
  const faulty = one.waitFor("project.updated", (event) => event.data.colour.red);
  const refused = assert.rejects(faulty, TypeError);
  await fanfare.publish(...changed(1));
  await refused;
  assert.equal((await one.events()).length, 1);
});

test("a user's own, and what others may not have", async (t) => {
  const [alice, bob] = [await client(t, "user:alice"), await client(t, ["user:bob", "project:1"])];
  await fanfare.publish("ai.suggestion", { project_id: "1", suggestion_id: "s", kind: "style", content: "shorter", user_id: "alice" });
  assert.equal((await alice.waitFor("ai.suggestion")).data.suggestion_id, "s");
  assert.deepEqual(await bob.events(), []);
});

test("refusals have the server's code", async () => {
  const refused = (code) => (failure) => failure instanceof CommandFailure && failure.code === code;
  await assert.rejects(fanfare.client("project:1", { token: fanfare.token({ projects: ["2"] }) }), refused("forbidden"));
  await assert.rejects(fanfare.client("project:1", { token: fanfare.token({ projects: "*", ttl: -100 }) }), refused("token_expired"));
  await assert.rejects(fanfare.client("project:1", { token: "none" }), refused("token_invalid"));
  await assert.rejects(fanfare.publish("project.updated", { project_id: "1", changes: 7 }), /^Error: 400 .* \/data\/changes$/);
});

test("a client that left, and one whose server ended, say so", async (t) => {
  const left = await client(t, "project:1");
  left.close();
  await assert.rejects(left.waitFor("pr.created"), /the client has left/);
  const ending = await startFanfare();
  const lost = await ending.client("project:1");
  const waiting = assert.rejects(lost.waitFor("pr.created"), /the connection is lost/);
  await ending.stop();
  await waiting;
});

test("settings reach it, and what is wrong with them is told", async (t) => {
  const strict = await startFanfare({ settings: { "auth.issuer": "us", "cors.origins": ["http://a", "http://b"] } });
  t.after(() => strict.stop());
  (await strict.client("project:1", { token: strict.token({ projects: "*", claims: { iss: "us" } }) })).close();
  const answer = await fetch(strict.url + "/healthz", { headers: { origin: "http://b" } });
  assert.equal(answer.headers.get("access-control-allow-origin"), "http://b");
  await assert.rejects(strict.client("project:1"), CommandFailure);
  await assert.rejects(startFanfare({ settings: { "limits.conections": 1 } }), /ended with 2:[^]*limits\.conections[^]*limits\.connections/);
});

test("the program: named, on the PATH, or missing", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-path-"));
  const path = process.env.PATH;
  t.after(() => {
    Object.assign(process.env, { FANFARE_PROGRAM: program, PATH: path });
    rmSync(folder, { recursive: true });
  });
  symlinkSync(program, join(folder, "fanfare"));
  assert.equal(findProgram(), program);
  process.env.FANFARE_PROGRAM = "/nowhere/fanfare";
  assert.throws(findProgram, /FANFARE_PROGRAM is "\/nowhere\/fanfare", which is no program/);
  delete process.env.FANFARE_PROGRAM;
  process.env.PATH = folder;
  assert.equal(findProgram(), join(folder, "fanfare"));
  process.env.PATH = "/nowhere";
  assert.throws(findProgram, /no program fanfare on the PATH: name it in FANFARE_PROGRAM/);
});
