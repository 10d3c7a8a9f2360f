// docs/guide/integration.md: each example run as the page says, against one server that somebody watches.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { before, after, test } from "node:test";
import { subscriber } from "../interop/client.mjs";
import { freePort } from "../interop/redis.mjs";
import { curl, within } from "../interop/server.mjs";
import { Workplace, root } from "./guide.mjs";

const page = "docs/guide/integration.md";
const examples = "sdk/python/examples";

let place, server, listening;
const ending = [];
before(async () => {
  place = new Workplace({ after: (end) => ending.push(end) }, page);
  mkdirSync(join(place.home, "sdk/python"), { recursive: true });
  symlinkSync(root + examples, join(place.home, examples));
  for (const name of ["platform.toml", "test_projects.py", "parts.mjs"]) place.write(name);
  assert.equal(place.block("serve"), "fanfare serve --config platform.toml\n");
  server = await place.serve({ config: "platform.toml" });
  listening = place.start("watch");
  // In its rooms, once the server says so.
  const members = async () => (await curl(`${server.url}/api/v1/rooms/agent:ada`, ["-H", "X-API-Key: a-service-key-of-yours"])).body.members ?? [];
  await within(30000, (async () => { while ((await members()).length === 0); })(), "the one who watches");
});
after(async () => {
  for (const end of ending) await end();
});

/** The events that come next to the one who watches, of these types. */
async function watched(...types) {
  const events = [];
  for (const type of types) {
    const event = JSON.parse(await listening.line());
    assert.equal(event.type, type);
    events.push(event.data);
  }
  return events;
}

const env = { FANFARE_KEY: "a-service-key-of-yours" };

/** A server's block, on a free port in place of the page's. */
async function uvicorn(name, port) {
  const started = place.start(name, { text: `exec ${place.block(name).trim().replace(`--port ${port}`, "--port 0")} 2>&1`, env });
  let found;
  while (!found) found = /running on http:\/\/(127\.0\.0\.1:\d+)/.exec(await started.line());
  place.replace(`127.0.0.1:${port}`, found[1]);
}

test("what the page shows of a file is in it", () => {
  for (const name of ["projects_router", "agents_router", "deploy_activities", "ai_stream"]) {
    const file = `${examples}/${name}.py`;
    assert.ok(readFileSync(root + file, "utf8").includes(place.block(file)), file);
  }
  const shown = ["sdk/python/examples/projects_router.py", "sdk/python/examples/agents_router.py", "sdk/python/examples/deploy_activities.py",
    "sdk/python/examples/ai_stream.py"];
  assert.deepEqual([...place.blocks.keys()].filter((name) => name.startsWith(examples)), shown);
});

test("what is installed has what the page uses", () => {
  const extras = readFileSync(`${root}sdk/python/pyproject.toml`, "utf8");
  for (const extra of /\[(.*?)\]/.exec(place.block("install"))[1].split(",")) assert.match(extras, new RegExp(`^${extra} = `, "m"));
});

test("a router of projects", async () => {
  await uvicorn("projects", 9001);
  assert.equal(await place.run("rename"), '{"name":"Artemis"}');
  assert.deepEqual(await watched("project.updated"), [{ project_id: "123", changes: { name: "Artemis" }, updated_by: "bob" }]);
});

test("agents", async () => {
  await uvicorn("agents", 9002);
  await place.run("report");
  const [, changed, left] = await watched("agent.connected", "agent.status_changed", "agent.disconnected");
  assert.deepEqual([changed.status, changed.task, left.reason], ["busy", "review", "done"]);
});

test("a Temporal workflow", async () => {
  const port = await freePort();
  place.replace("127.0.0.1:7233", `127.0.0.1:${port}`);
  const dev = place.start("temporal server", { text: `exec temporal server start-dev --headless --log-level error --port ${port} 2>&1` });
  while (!/Temporal Server:|^Server:/.test(await dev.line()));
  place.start("worker", { env, text: `exec ${place.block("worker")}` });
  await place.run("deploy");
  const [started, half, whole, completed] = await watched("workflow.started", "workflow.progress", "workflow.progress", "workflow.completed");
  assert.deepEqual([started.workflow_id, half.progress, whole.progress, completed.result], ["d1", 50, 100, { steps: 2 }]);
  await place.start("deploy", { text: place.block("deploy").replace("d1", "d2").replace("build", "explode") }).ended();
  const [, failed] = await watched("workflow.started", "workflow.failed");
  assert.equal(failed.error, "the step exploded");
});

test("GitHub", async () => {
  const first = await place.run("github");
  const [created] = await watched("pr.created");
  assert.deepEqual([created.number, created.title, created.author, created.project_id], [7, "Add search", "ada", "123"]);
  assert.deepEqual(JSON.parse(await place.run("github")), JSON.parse(first));
});

test("suggestions of a model, as it writes them", async () => {
  const { follow } = await import(pathToFileURL(join(place.home, "parts.mjs")));
  const token = (sub) => execFileSync("build/release/bin/fanfare", ["token", "-c", "platform.toml", "--sub", sub, "--project", "123"], { cwd: place.home, encoding: "utf8" }).trim();
  const [alice, bob] = await Promise.all(["alice", "bob"].map(async (sub) => (await subscriber(server.url, token(sub), "project:123")).socket));
  const shown = [], bobs = [];
  const whole = new Promise((resolve) => alice.on("ai.suggestion", resolve));
  follow(alice, (_, text) => shown.push(text));
  bob.onAny((name) => bobs.push(name));
  const text = await place.run("stream", { env });
  await within(20000, whole, "the whole suggestion");
  assert.ok(shown.length >= 2, `${shown}`);
  for (let at = 1; at < shown.length; ++at) assert.ok(shown[at].startsWith(shown[at - 1]), "it grows");
  assert.deepEqual(shown.slice(-2), [text, text], "the parts make the whole");
  const types = [];
  while (types.at(-1) !== "ai.suggestion") types.push(JSON.parse(await listening.line()).type); // as the page says, this one is Alice too
  assert.deepEqual([...new Set(types)], ["ai.suggestion_part", "ai.suggestion"]); // and so nothing of GitHub's delivery again
  // Bob's connection gets what is published next, and had nothing before it.
  const next = new Promise((resolve) => bob.once("project.updated", resolve));
  await place.run("rename");
  await within(20000, next, "Bob's event");
  assert.deepEqual(bobs.filter((name) => name.startsWith("ai.")), []);
  [alice, bob].forEach((socket) => socket.disconnect());
});

test("testing one's own", async () => {
  assert.match(await place.run("test", { text: place.block("test").trim() + " -p no:cacheprovider", env: { FANFARE_PROGRAM: join(place.home, "build/release/bin/fanfare") } }), /2 passed/);
});
