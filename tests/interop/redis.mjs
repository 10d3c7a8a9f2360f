// A redis-server of the test's own on a free port, and nodes that share it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Server, within } from "./server.mjs";

const run = promisify(execFile);

/** Redis takes no socket from us and 0 switches its listener off: a port below those of outgoing connections that is free now. */
export async function freePort() {
  for (;;) {
    const port = 10240 + Math.floor(Math.random() * 22000);
    const probe = createServer();
    const free = await new Promise((resolve) => probe.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true)));
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

export class Redis {
  #process;
  #args;

  /** `options` are redis-server's: { appendonly: "yes" }. */
  static async start(options = {}) {
    const redis = new Redis();
    redis.folder = await mkdtemp(join(tmpdir(), "fanfare-redis-"));
    redis.port = await freePort();
    const all = { port: redis.port, bind: "127.0.0.1", save: "", appendonly: "no", dir: redis.folder, ...options };
    redis.#args = Object.entries(all).flatMap(([name, text]) => ["--" + name, String(text)]);
    await redis.restart();
    return redis;
  }
  get url() { return `redis://127.0.0.1:${this.port}`; }
  async restart() {
    this.#process = spawn("redis-server", this.#args, { stdio: ["ignore", "pipe", "inherit"] });
    this.exited = once(this.#process, "exit");
    const ready = new Promise((resolve) => createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (line.includes("Ready to accept connections")) resolve();
    }));
    const died = this.exited.then(([code]) => { throw new Error(`redis-server ended with ${code}`); });
    died.catch(() => {});
    await within(20000, Promise.race([ready, died]), "Redis");
  }
  async kill() {
    this.#process.kill("SIGKILL");
    await this.exited;
  }
  /** Stands still without closing anything, as behind a cut cable. */
  freeze() { this.#process.kill("SIGSTOP"); }
  thaw() { this.#process.kill("SIGCONT"); }
  async cli(...words) {
    return (await run("redis-cli", ["-p", String(this.port), ...words])).stdout.trim();
  }
  async stop() {
    this.#process.kill("SIGKILL");
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `count` nodes on one Redis; gives them to `work`, and ends what is left of them. */
export async function withNodes(count, { redis: options = {}, settings = {} }, work) {
  const redis = await Redis.start(options);
  const all = { "history.backend": "redis", "redis.url": redis.url, ...settings };
  const nodes = [];
  const start = async () => nodes[nodes.push(await Server.start({ settings: all })) - 1];
  try {
    for (let n = 0; n < count; ++n) await start();
    await work(nodes, redis, start);
    for (const node of nodes) if (!node.killed) await node.stop();
  } finally {
    for (const node of nodes) node.kill();
    await redis.stop();
  }
}
