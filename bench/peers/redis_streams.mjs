// Durable events a second through Node's redis-streams-adapter, as bench_log counts them: so many publishers each have one event
// under way, from giving it to the adapter until Redis has answered, which syncs its append-only file each time (always), or has
// none (no). Prints one line each. redis_streams.mjs [SECONDS] [always|no]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const seconds = Number(process.argv[2] ?? 3), sync = process.argv[3] ?? "always";
const folder = await mkdtemp(join(tmpdir(), "redis-bench-")); // TMPDIR: the disk that bench_log writes to
const path = join(folder, "redis.sock");
const redis = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--dir", folder, "--appendonly", sync === "no" ? "no" : "yes", "--appendfsync", sync, "--save", ""],
  { stdio: ["ignore", "pipe", "inherit"] });
await new Promise((resolve) => redis.stdout.on("data", (text) => String(text).includes("eady to accept connections") && resolve()));
const client = createClient({ socket: { path } });
await client.connect();
const web = createServer();
const io = new Server(web, { adapter: createAdapter(client) });
await once(web.listen(0, "127.0.0.1"), "listening");
const adapter = io.of("/").adapter;
const packet = { type: 2, nsp: "/", data: ["project.updated", { text: "x".repeat(300) }] };
const opts = { rooms: new Set(["project:1"]), except: new Set(), flags: {} };

/** Processor time of Redis, in steps of 10 ms (proc(5), stat: utime and stime). */
function redisCpuUs() {
  const fields = readFileSync(`/proc/${redis.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10000;
}

for (const publishers of [1, 16, 256]) {
  const waits = [];
  const cpuBefore = process.cpuUsage(), redisBefore = redisCpuUs();
  const end = performance.now() + seconds * 1000;
  const begin = performance.now();
  await Promise.all(Array.from({ length: publishers }, async () => {
    while (performance.now() < end) {
      const from = performance.now();
      await adapter.broadcast(packet, opts);
      waits.push(performance.now() - from);
    }
  }));
  const cpu = (process.cpuUsage(cpuBefore).user + process.cpuUsage(cpuBefore).system) / waits.length, redisCpu = (redisCpuUs() - redisBefore) / waits.length;
  const rate = (waits.length / (performance.now() - begin)) * 1000;
  waits.sort((a, b) => a - b);
  const at = (part) => waits[Math.floor(waits.length * part)].toFixed(2);
  console.log(`redis-streams-adapter appendfsync ${sync} publishers ${publishers}: ${Math.round(rate)} events/s p50 ${at(0.5)} ms p99 ${at(0.99)} ms, CPU an event: node ${cpu.toFixed(1)} Redis ${redisCpu.toFixed(1)} us`);
}
redis.kill();
await rm(folder, { recursive: true, force: true });
process.exit(0);
