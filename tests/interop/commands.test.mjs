// The other commands of the program: publish, listen, events, config; and what SIGHUP takes over.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { Server, environment, program, secret, serviceKey, within } from "./server.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "fanfare-commands-"));
after(() => rmSync(folder, { recursive: true }));

/** Exit code and output, whatever the exit code is. */
async function outcome(args, env = {}) {
  return run(program, args, { env: { ...process.env, ...env } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }), ({ code, stdout, stderr }) => ({ code, stdout, stderr }));
}

test("publish and listen; listen again from a cursor", async () => {
  const server = await Server.start();
  const token = await server.token("--sub", "alice", "--project", "123");
  const listen = (...args) => {
    const child = spawn(program, ["listen", "--room", "project:123", "--url", server.url, "--token", token, ...args],
      { stdio: ["ignore", "pipe", "pipe"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const event = async () => JSON.parse((await within(20000, lines.next(), "an event")).value);
    return { child, event };
  };
  const publish = (name) => outcome(
    ["publish", "project.updated", "--data", JSON.stringify({ project_id: "123", changes: { name } }), "--url", server.url],
    { FANFARE_KEY: serviceKey });

  const first = await publish("one");
  assert.equal(first.code, 0, first.stderr);
  const { cursor } = JSON.parse(first.stdout).events?.[0] ?? JSON.parse(first.stdout);
  assert.ok(cursor, first.stdout);
  assert.equal((await publish("two")).code, 0);
  const late = listen("--since", cursor);
  assert.deepEqual((await late.event()).data.changes, { name: "two" });
  assert.equal((await publish("three")).code, 0);
  assert.deepEqual((await late.event()).data.changes, { name: "three" });
  late.child.kill();

  const refused = await outcome(["publish", "project.updated", "--data", "{}", "--url", server.url, "--key", serviceKey]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /\/data\/project_id/);
  await server.stop();
});

test("events prints the types in each format", async () => {
  const table = await outcome(["events"]);
  assert.equal(table.stdout.trim().split("\n").length, 24);
  for (const format of ["json-schema", "asyncapi"]) {
    const { stdout } = await outcome(["events", "--format", format]);
    assert.ok(JSON.stringify(JSON.parse(stdout)).includes("workflow.progress"), format);
  }
  for (const format of ["typescript", "python", "markdown"]) {
    assert.ok((await outcome(["events", "--format", format])).stdout.includes("workflow.progress"), format);
  }
});

test("config: the default needs a secret only, a fault is named with its place, secrets are masked", async () => {
  const file = join(folder, "fanfare.toml");
  writeFileSync(file, (await outcome(["config", "--default"])).stdout.replace('\nsecret = ""', `\nsecret = "${secret}"`));
  const valid = await outcome(["config", "--check", file]);
  assert.equal(valid.code, 0, valid.stderr + valid.stdout);
  writeFileSync(file, "[auth]\n\nleeway_seconds = 5\n");
  const wrong = await outcome(["config", "--check", file]);
  assert.notEqual(wrong.code, 0);
  const told = wrong.stdout + wrong.stderr;
  assert.ok(told.includes(`${file}:3`) && told.includes("auth.leeway_seconds") && told.includes("auth.leeway_s"), told);
  writeFileSync(file, `[auth]\nsecret = "${secret}"\n`);
  const shown = await outcome(["config", "--show", "--config", file], environment({ "publish.keys": serviceKey, "server.workers": 3 }));
  assert.equal(shown.code, 0, shown.stderr);
  assert.ok(!shown.stdout.includes(secret) && !shown.stdout.includes(serviceKey), shown.stdout);
  assert.match(shown.stdout, /workers.*3.*FANFARE_SERVER__WORKERS/);
});

test("config --check --production: 0 with hints alone, 1 with warnings, 2 with faults", async () => {
  const file = join(folder, "production.toml");
  const check = (settings) => outcome(["config", "--check", file, "--production"], environment(settings));
  const drawn = { "auth.secret": randomBytes(48).toString("base64"), "publish.keys": randomBytes(24).toString("hex") };
  writeFileSync(file, '[history]\npath = "events.db"\n');
  const ready = await check(drawn);
  assert.equal(ready.code, 0, ready.stderr);
  assert.match(ready.stdout, /production\.toml: good for production, \d+ hints?\n$/);
  assert.ok(ready.stderr.split("\n").filter(Boolean).every((line) => / hint: /.test(line)), ready.stderr);

  writeFileSync(file, '[server]\nlisten = ["0.0.0.0:8000"]\n[cors]\norigins = ["*"]\n[auth]\nquery_token = true\n');
  const open = await check({ "auth.secret": "s".repeat(64), "publish.keys": drawn["publish.keys"] });
  assert.equal(open.code, 1);
  const warned = [...open.stderr.matchAll(/^fanfare: (.*?): warning: (\S+) /gm)].map(([, place, key]) => `${key} ${place.replace(`${folder}/`, "")}`);
  assert.deepEqual(warned, ["server.listen production.toml:2", "auth.secret FANFARE_AUTH__SECRET", "auth.query_token production.toml:6",
    "cors.origins production.toml:4", "limits.connects_per_second default", "history.backend default"]);
  assert.match(open.stderr, /: hint: server\.listen has .*\/metrics is served to anybody/);
  assert.match(open.stderr, /not ready for production: 6 warnings, \d+ hints\n$/);
  assert.ok(!open.stderr.includes("ssss") && !open.stderr.includes(drawn["publish.keys"]), "no secret is repeated");

  assert.equal((await check({ "auth.secret": "short" })).code, 2);
  assert.deepEqual(await outcome(["config", "--production"]).then(({ code, stderr }) => [code, /--production requires --check/.test(stderr)]), [2, true]);
});

test("history: stats, export, delete, backup and verify of a file in use", async () => {
  const file = join(folder, "history.db"), copy = join(folder, "copy.db");
  const server = await Server.start({ settings: { "history.path": file } });
  const history = (...args) => outcome(["history", ...args], environment({ "history.path": file }));
  const cursors = [];
  for (const [n, by] of [[1, "ann"], [2, "bob"], [3, "ann"]]) {
    const answer = await server.publish({ type: "project.updated", data: { project_id: n % 2 ? "odd" : "even", changes: { n }, updated_by: by } });
    cursors.push(answer.body.events[0].cursor);
  }
  assert.match((await history("stats")).stdout, /^events +3$/m);
  const exported = async (...args) => (await history("export", ...args)).stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  assert.deepEqual((await exported()).map(({ cursor }) => cursor), cursors);
  assert.deepEqual((await exported("--room", "project:odd", "--format", "ndjson")).map(({ data }) => data.changes.n), [1, 3]);
  assert.deepEqual((await exported("--since", cursors[1])).map(({ data }) => data.changes.n), [3]);
  assert.deepEqual(await history("export", "--since", "other-1"),
    { code: 2, stdout: "", stderr: "fanfare: --since is no cursor of this history\n" });
  assert.equal((await history("backup", copy)).stdout, `${copy}: written\n`);
  assert.equal((await history("backup", copy)).code, 1);
  assert.equal((await history("delete", "--user", "bob")).stdout, "deleted 1 event\n");
  assert.equal((await history("delete", "--room", "project:odd")).stdout, "deleted 2 events\n");
  assert.equal((await history("delete")).code, 2);
  assert.deepEqual(await exported(), []);
  assert.equal((await server.publish({ type: "project.deleted", data: { project_id: "odd" } })).status, 202);
  assert.equal((await history("verify")).stdout, "good: 1 events\n");
  assert.equal((await outcome(["history", "verify", "--path", copy])).stdout, "good: 3 events\n");
  await server.stop();
  assert.match((await outcome(["history", "stats"])).stderr, /history\.path is empty/);
  assert.match((await outcome(["history", "stats", "--path", join(folder, "no.db")])).stderr, /no\.db: there is no such file/);
});

test("SIGHUP takes over keys and origins", async () => {
  const file = join(folder, "reload.toml");
  const configure = (key) => writeFileSync(file, `[auth]\nsecret = "${secret}"\n[publish]\nkeys = ["${key}"]\n`);
  const old = "the-old-service-key", fresh = "the-new-service-key";
  configure(old);
  const server = await Server.start({ settings: { "auth.secret": null, "publish.keys": null }, args: ["--config", file] });
  const update = { type: "project.updated", data: { project_id: "123", changes: {} } };
  assert.equal((await server.publish(update, { key: old })).status, 202);
  configure(fresh);
  process.kill(server.pid, "SIGHUP");
  await within(20000, (async () => { while ((await server.publish(update, { key: fresh })).status !== 202); })(), "the new key");
  assert.equal((await server.publish(update, { key: old })).status, 401);
  appendFileSync(file, "[http]\nidle_timeout_ms = 1234\n");
  process.kill(server.pid, "SIGHUP");
  await within(20000, (async () => {
    while (!/only a restart takes it.*http\.idle_timeout_ms/.test(server.stderr)) await server.metrics();
  })(), "the key that waits");
  await server.stop();
});
