// Whole servers on one Redis that has no file, side by side: events that are POSTed one at a time over so many connections. Fanfare keeps
// each, looks up repeats and has one order; so does Centrifugo with a history, but for the repeats; Node's redis-streams-adapter keeps
// them, its redis-adapter does not. Prints a line each: events a second, processor time an event of the servers and of Redis, and
// events a second and core, which is one through their sum. fleet.mjs [SECONDS]; FANFARE_PROGRAM, CENTRIFUGO (left out without).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const seconds = Number(process.argv[2] ?? 5);
const folder = await mkdtemp(join(tmpdir(), "fleet-bench-"));
const running = [];
const port = () => 20000 + Math.floor(Math.random() * 12000);

/** Starts a program and resolves to the first match of `ready` in what it says. */
async function start(command, args, ready, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  const found = new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", (line) => { const match = ready.exec(line); if (match) resolve(match); });
    }
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  found.catch(() => {});
  return { pid: child.pid, match: await found };
}

/** Processor time in steps of 10 ms (proc(5), stat: utime and stime). */
function cpuUs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10000;
}

/** Posts the request again and again over one connection, one at a time, until `end`; gives how many were accepted. */
function post(target, text, end) {
  return new Promise((resolve, reject) => {
    const socket = connect(target, "127.0.0.1");
    let accepted = 0, held = "";
    socket.setNoDelay(true);
    socket.once("connect", () => socket.write(text));
    socket.setEncoding("latin1").on("data", (part) => {
      held += part;
      const head = held.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = /content-length: (\d+)/i.exec(held);
      const whole = length ? held.length >= head + 4 + Number(length[1]) : held.endsWith("0\r\n\r\n");
      if (!whole) return;
      if (!/^HTTP\/1.1 20[02]/.test(held)) return reject(new Error(held.slice(0, 300)));
      held = "";
      ++accepted;
      if (performance.now() < end) socket.write(text);
      else { socket.destroy(); resolve(accepted); }
    });
    socket.once("error", reject);
  });
}

const request = (path, body, headers = "") => `POST ${path} HTTP/1.1\r\nHost: bench\r\n${headers}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const event = JSON.stringify({ type: "project.updated", data: { project_id: "1", changes: { text: "x".repeat(200) } } });

async function measure(name, servers, redis, text, connections) {
  await Promise.all(servers.map((each) => post(each.port, text, performance.now() + 500)));
  const used = () => servers.reduce((sum, each) => sum + cpuUs(each.pid), 0);
  const [serversBefore, redisBefore, begin] = [used(), cpuUs(redis.pid), performance.now()];
  const counts = await Promise.all(Array.from({ length: connections }, (_, n) => post(servers[n % servers.length].port, text, begin + seconds * 1000)));
  const events = counts.reduce((sum, each) => sum + each, 0);
  const own = (used() - serversBefore) / events, theirs = (cpuUs(redis.pid) - redisBefore) / events;
  console.log(`${name}, ${connections} connections: ${Math.round((events / (performance.now() - begin)) * 1000)} events/s, ` +
    `CPU an event ${own.toFixed(1)} + Redis ${theirs.toFixed(1)} us, ${Math.round(1e6 / (own + theirs))} events/s and core`);
}

async function withRedis(work) {
  const at = port();
  const redis = await start("redis-server", ["--port", String(at), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder], /eady to accept connections/);
  await work(redis, `redis://127.0.0.1:${at}`, `127.0.0.1:${at}`);
  for (const child of running.splice(0)) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
}

const key = "a key of the benchmark's own";
const fanfare = async (url) => {
  const { pid, match } = await start(process.env.FANFARE_PROGRAM, ["serve", "--listen", "127.0.0.1:0", "--workers", "1"], /listening on http:\/\/127.0.0.1:(\d+)/, {
    FANFARE_AUTH__SECRET: "a secret of the benchmark, 32 bytes or more", FANFARE_PUBLISH__KEYS: key, FANFARE_HISTORY__BACKEND: "redis", FANFARE_REDIS__URL: url,
    FANFARE_LIMITS__PUBLISH_PER_SECOND: "1000000", FANFARE_LIMITS__PUBLISH_BURST: "100000000", FANFARE_LOG__LEVEL: "warn" });
  return { pid, port: Number(match[1]) };
};
const node = (kind) => async (url) => {
  const { pid, match } = await start(process.execPath, [fileURLToPath(new URL("node_server.mjs", import.meta.url)), kind, url], /^(\d+)$/);
  return { pid, port: Number(match[1]) };
};
const centrifugo = async (url, address) => {
  const at = port();
  const file = join(folder, `centrifugo-${at}.json`);
  await writeFile(file, JSON.stringify({ engine: { type: "redis", redis: { address: `redis://${address}` } }, http_api: { key }, client: { allowed_origins: [] },
    http_server: { address: "127.0.0.1", port: String(at) },
    channel: { namespaces: [{ name: "project", history_size: 10000, history_ttl: "600s", force_recovery: true }] } }));
  const { pid } = await start(process.env.CENTRIFUGO, ["--config", file], /serving websocket/);
  // It says so before it does.
  for (let open = false; !open;) {
    const probe = connect(at, "127.0.0.1");
    open = await new Promise((resolve) => probe.once("connect", () => resolve(true)).once("error", () => resolve(false)));
    probe.destroy();
  }
  return { pid, port: at };
};

const rounds = [
  ["Fanfare", fanfare, request("/api/v1/events", event, `X-API-Key: ${key}\r\n`)],
  ["socket.io with redis-streams-adapter", node("streams"), request("/", event)],
  ["socket.io with redis-adapter", node("redis"), request("/", event)],
  ...(process.env.CENTRIFUGO ? [["Centrifugo", centrifugo, request("/api/publish", JSON.stringify({ channel: "project:1", data: JSON.parse(event) }), `X-API-Key: ${key}\r\n`)]] : []),
];
for (const instances of [1, 3]) {
  for (const connections of [16, 128]) {
    for (const [name, make, text] of rounds) {
      await withRedis(async (redis, url, address) => {
        const servers = [];
        for (let n = 0; n < instances; ++n) servers.push(await make(url, address));
        await measure(`${name}, ${instances === 1 ? "one instance" : "three instances"}`, servers, redis, text, connections);
      });
    }
  }
}
await rm(folder, { recursive: true, force: true });
