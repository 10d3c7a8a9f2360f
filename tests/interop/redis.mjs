// A redis-server of the test's own on a free port, and nodes that share it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
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
  #begun = "Ready to accept connections";

  /** `options` are redis-server's: { appendonly: "yes" }; with `sentinel`, lines of its file, it is one. */
  static async start(options = {}, sentinel = "") {
    const redis = new Redis();
    redis.folder = await mkdtemp(join(tmpdir(), "fanfare-redis-"));
    redis.port = await freePort();
    if (sentinel) {
      const file = join(redis.folder, "sentinel.conf");
      await writeFile(file, `port ${redis.port}\nbind 127.0.0.1\ndir ${redis.folder}\n${sentinel}`);
      redis.#args = [file, "--sentinel"];
      redis.#begun = "+monitor";
      await redis.restart();
      return redis;
    }
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
      if (line.includes(this.#begun)) resolve();
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

/** A master and two replicas under three sentinels that know each other. */
export class Sentinels {
  static async start() {
    const all = new Sentinels();
    const master = await Redis.start();
    const replica = () => Redis.start({ replicaof: `127.0.0.1 ${master.port}`, "repl-diskless-sync-delay": 0 });
    all.servers = [master, await replica(), await replica()];
    all.sentinels = [];
    for (let n = 0; n < 3; ++n) all.sentinels.push(await Redis.start({}, `sentinel monitor mine 127.0.0.1 ${master.port} 2\nsentinel failover-timeout mine 3000\n`));
    await all.#until(() => all.#agreed(), "the sentinels");
    return all;
  }
  get url() { return `redis+sentinel://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/mine`; }
  #until(done, what) {
    return within(60000, (async () => { while (!(await done())) await pause(50); })(), what);
  }
  /** Every sentinel knows the others and both replicas, which follow the master it knows. */
  async #agreed() {
    const number = (text, name) => Number(new RegExp(`${name}\n(\\d+)`).exec(text)?.[1]);
    for (const each of this.sentinels) {
      const known = await each.cli("SENTINEL", "MASTERS");
      const replicas = await each.cli("SENTINEL", "REPLICAS", "mine");
      if (number(known, "num-slaves") !== 2 || number(known, "num-other-sentinels") !== 2) return false;
      if (replicas.split("master-link-status\nok").length !== 3) return false;
    }
    return true;
  }
  async #master() {
    // A server that changes its role drops its clients, this one too.
    const roles = await Promise.all(this.servers.map((each) => each.cli("ROLE").catch(() => "")));
    const masters = this.servers.filter((_, n) => roles[n].startsWith("master"));
    return masters.length === 1 ? masters[0] : undefined;
  }
  /** Makes a replica the master. */
  async failover() {
    await this.#until(() => this.#agreed(), "the sentinels");
    const before = await this.#master();
    await this.sentinels[0].cli("SENTINEL", "FAILOVER", "mine");
    await this.#until(async () => {
      const now = await this.#master();
      return now !== undefined && now !== before;
    }, "the failover");
  }
  async cli(...words) { return (await this.#master()).cli(...words); }
  async stop() { for (const each of [...this.sentinels, ...this.servers]) await each.stop(); }
}

/** `count` nodes on one store, a Redis with those options unless another is made; gives them to `work`, and ends what is left of
 *  them. `route` gives the URL by which one more node reaches the store. */
export async function withNodes(count, { redis: options = {}, settings = {}, make = () => Redis.start(options), route = (url) => url }, work) {
  const redis = await make();
  const all = { "history.backend": "redis", ...settings };
  const nodes = [];
  const start = async () => nodes[nodes.push(await Server.start({ settings: { ...all, "redis.url": await route(redis.url) } })) - 1];
  try {
    for (let n = 0; n < count; ++n) await start();
    await work(nodes, redis, start);
    for (const node of nodes) if (!node.killed) await node.stop();
  } finally {
    for (const node of nodes) node.kill();
    await redis.stop();
  }
}
