// The blocks of docs/guide/server.md, run as they stand.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createServer } from "node:http";
import { once } from "node:events";
import { io } from "socket.io-client";
import { ask, connect, next } from "./client.mjs";
import { Server, curl, jwt, program, serviceKey, within } from "./server.mjs";

const run = promisify(execFile);
const guide = await readFile(new URL("../../docs/guide/server.md", import.meta.url), "utf8");
const blocksIn = (page) => new Map([...page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));
const blocks = blocksIn(guide);
const historyBlocks = blocksIn(await readFile(new URL("../../docs/guide/history.md", import.meta.url), "utf8")); // the rest: tests/docs

async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-guide-"));
  try { await work(folder); } finally { await rm(folder, { recursive: true }); }
}

test("every block has a name, so that it is run here", () => {
  assert.equal(guide.match(/^```\w/gm).length, blocks.size);
  assert.deepEqual([...blocks.keys()], ["tokens", "recovery", "bulk", "github.toml", "manual"]);
});

test("manual: the page is shown, and bash completes", async () => {
  const env = { ...process.env, MANPAGER: "cat" };
  const shell = `${blocks.get("manual")}\ncomplete -p fanfare`;
  const { stdout } = await run("bash", ["-euc", shell], { cwd: new URL("../..", import.meta.url).pathname, env });
  assert.match(stdout, /a real-time event server[^]*complete -F _fanfare fanfare\n$/);
});

test("recovery: an unmodified client has its room again, and what it missed", async () => {
  const server = await Server.start({ settings: { "recovery.enabled": true } });
  const shown = [];
  let tell;
  const block = blocks.get("recovery").replace("https://events.example.com", server.url);
  const socket = new Function("io", "token", "show", `${block}; return socket;`)((url, options) => io(url, { ...options, reconnectionDelay: 10 }),
    jwt({ projects: ["demo"] }), (changes) => { shown.push(changes.n); tell?.(); });
  const until = (count) => within(20000, (async () => {
    while (shown.length < count) await new Promise((resolve) => (tell = resolve));
  })(), `${count} events`);
  const update = (n) => server.publish({ type: "project.updated", data: { project_id: "demo", changes: { n } } });
  await next(socket, "connection.established");
  while ((await ask(socket, "presence", { room: "project:demo" })).members.length === 0);
  await update(1);
  await until(1);
  socket.io.engine.close();
  await update(2);
  await until(2);
  assert.deepEqual(shown, [1, 2]);
  assert.equal(socket.recovered, true);
  socket.disconnect();
  await server.stop();
});

test("tokens: refreshed ahead of the end, and asked for again after it", async (t) => {
  const server = await Server.start({ settings: { "auth.leeway_s": 0, "auth.refresh_grace_s": 0, "auth.expiry_warning_s": 1 } });
  const lives = [3, 3, 600]; // seconds: of the first token, of the one handed in before its end, of the one after its end
  let down = false, handedSecond;
  const second = new Promise((resolve) => (handedSecond = resolve));
  const tokens = createServer((_, response) => {
    const exp = Math.floor(Date.now() / 1000) + (lives[0] ?? 600);
    if (!down) lives.shift();
    if (lives.length === 1) handedSecond();
    response.writeHead(down ? 500 : 200).end(down ? "no" : jwt({ exp }));
  });
  await once(tokens.listen(0, "127.0.0.1"), "listening");
  t.after(() => { tokens.closeAllConnections(); tokens.close(); });
  const real = blocks.get("tokens").replaceAll("https://events.example.com", server.url)
    .replaceAll("https://app.example.com/token", `http://127.0.0.1:${tokens.address().port}/`);
  const socket = new Function("io", `${real}; return socket;`)((url, options) => io(url, { ...options, reconnectionDelay: 10 }));
  t.after(() => socket.disconnect());
  let ended = 0;
  socket.on("disconnect", () => ++ended);
  const told = (code, then) => within(20000, new Promise((resolve) => {
    socket.on("connection.error", ({ data }) => data.code === code && resolve(then?.()));
  }), code);
  await next(socket, "connection.established");
  await within(20000, second, "a refresh");
  down = true; // the second token is not replaced in time
  await told("token_expired", () => (down = false));
  await next(socket, "connection.established");
  assert.equal(ended, 1, "once, at the end of the second token");
  assert.equal(lives.length, 0);
  await server.stop();
});

test("history on disk: kill -9 forgets nothing, and a retry sends nothing", () => inFolder(async (folder) => {
  const file = join(folder, "history.toml");
  await writeFile(file, historyBlocks.get("history.toml"));
  const served = () => Server.start({ args: ["-c", file] });
  const event = (n) => ({ type: "project.updated", id: `e${n}`, data: { project_id: "1", changes: { n } } });
  let server = await served();
  const first = await server.publish(event(1));
  assert.equal(first.status, 202);
  const [{ cursor }] = first.body.events;
  assert.equal((await server.publish(event(2), { headers: ["Idempotency-Key: k"] })).status, 202);
  const other = await run(program, ["serve", "-c", file, "--listen", "127.0.0.1:0"], { env: server.env }).catch((failure) => failure);
  assert.match(other.stderr, /is in use by another server/);
  const gone = jwt({ sub: "gone" });
  const revoked = await curl(`${server.url}/api/v1/revocations`, ["-H", `X-API-Key: ${serviceKey}`, "-H", "Content-Type: application/json", "-d", '{"user":"gone"}']);
  assert.equal(revoked.status, 200);
  server.kill();
  await server.exited;
  server = await served();
  await assert.rejects(connect(server.url, gone), /not valid/);
  for (const [n, headers] of [[1, []], [2, ["Idempotency-Key: k"]]]) {
    const again = await server.publish(event(n), { headers });
    assert.equal(again.status, 202);
    assert.match(again.headers, /^Idempotent-Replayed: true/im);
  }
  assert.equal((await server.publish(event(3), { headers: ["Idempotency-Key: k"] })).status, 422, "another body with that key");
  const socket = await connect(server.url, jwt({ projects: ["1"] }));
  const came = [];
  socket.on("project.updated", ({ data }) => came.push(data.changes.n));
  assert.equal((await ask(socket, "subscribe", { room: "project:1", since: cursor })).recovered, true);
  assert.deepEqual(came, [2]);
  socket.disconnect();
  await server.stop();
}));

test("bulk publishing by curl", () => inFolder(async (folder) => {
  const server = await Server.start();
  const line = (n) => JSON.stringify({ type: "project.updated", data: { project_id: "1", changes: { n } } }) + "\n";
  await writeFile(join(folder, "events.ndjson"), line(1) + "{}\n" + line(2));
  const { stdout } = await run("bash", ["-euc", blocks.get("bulk").replace("http://127.0.0.1:8000", server.url)],
    { cwd: folder, env: { ...process.env, KEY: serviceKey } });
  const { accepted, refused, errors } = JSON.parse(stdout);
  assert.deepEqual([accepted, refused, errors[0].line], [2, 1, 2]);
  await server.stop();
}));

test("the configuration for GitHub", () => inFolder(async (folder) => {
  const file = join(folder, "github.toml");
  const settings = '[auth]\nsecret = "a secret of 32 bytes, or some more"\n\n' + blocks.get("github.toml");
  await writeFile(file, settings);
  await run(program, ["config", "--check", file]);
  await writeFile(file, settings.replace("projects", "project"));
  await assert.rejects(run(program, ["config", "--check", file]), /github\.projects/);
}));
