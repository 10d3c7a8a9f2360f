// The network of all clients is away for two seconds while events are published; then it is back: how many of them arrive, and how soon.
// Beside Node's socket.io with its own recovery, in the same run; Fanfare also with a kill -9 and a restart of the server meanwhile.
// usage: node bench/drop.mjs [CLIENTS] [EVENTS]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { io } from "../tests/interop/node_modules/socket.io-client/build/esm/index.js";
import { Proxy } from "../sdk/typescript/tests/proxy.mjs";
import { Server, jwt, serviceKey } from "../tests/interop/server.mjs";

const [clients, events] = [Number(process.argv[2] ?? 5000), Number(process.argv[3] ?? 20)];
const dropMs = 2000;

const fanfare = async (restarts) => {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-drop-"));
  const settings = { "recovery.enabled": true, "history.path": join(folder, "log.db"), "limits.connections": clients + 100,
    "limits.connections_per_address": 0, "limits.connections_per_user": clients + 100, "limits.connects_per_second": 0 };
  let server = await Server.start({ settings }), sent = 0;
  return {
    name: restarts ? "fanfare, killed and restarted" : "fanfare",
    url: () => server.url,
    publish: async (count) => {
      const batch = Array.from({ length: count }, () => ({ type: "project.updated", data: { project_id: "1", changes: { n: sent++ } } }));
      const { status } = await fetch(server.url + "/api/v1/events", { method: "POST", body: JSON.stringify(batch),
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${serviceKey}` } });
      if (status !== 202) throw new Error(`published: ${status}`);
    },
    meanwhile: async () => {
      if (!restarts) return;
      server.kill();
      await server.exited;
      server = await Server.start({ settings });
    },
    stop: async () => {
      server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const node = async () => {
  const child = spawn(process.execPath, [new URL("peers/socketio.mjs", import.meta.url).pathname], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const url = line.split(" ").at(-1);
  return { name: "socket.io on Node", url: () => url, publish: async (count) => void (await fetch(url, { method: "POST", body: String(count) })),
    meanwhile: () => {}, stop: () => child.kill() };
};

async function measure(server) {
  const proxy = await Proxy.to(server.url());
  const got = new Uint32Array(clients), wrong = new Uint32Array(clients);
  let back = 0, last = 0;
  const sockets = [];
  for (let n = 0; n < clients; ++n) {
    const socket = io(proxy.url, { auth: { token: jwt({ sub: `u${n}`, projects: ["1"] }) }, forceNew: true, transports: ["websocket"],
      reconnectionDelay: 100, reconnectionDelayMax: 1000 });
    sockets.push(socket);
    socket.on("project.updated", ({ data }) => {
      if (data.changes.n !== got[n]++) ++wrong[n];
      last = performance.now();
    });
    const ready = new Promise((resolve) => socket.on("connect", async () => {
      if (socket.recovered) return void ++back;
      await socket.emitWithAck("subscribe", { room: "project:1" });
      resolve();
    }));
    if (n % 100 === 99) await ready;
    else sockets.ready = [...(sockets.ready ?? []), ready];
  }
  await Promise.all(sockets.ready);
  await server.publish(1); // Node recovers nobody who has had no event
  while (got.some((count) => count < 1)) await pause(20);
  await proxy.cut();
  for (let sent = 0; sent < events; ++sent) {
    await server.publish(1);
    if (sent === events >> 1) await server.meanwhile();
    await pause(dropMs / events);
  }
  proxy.target = new URL(server.url());
  await proxy.restore();
  const begin = performance.now();
  let seen = -1;
  for (let quiet = 0; quiet < 10 && got.some((count) => count < events + 1); ) {
    const now = got.reduce((sum, count) => sum + count, 0);
    quiet = now === seen ? quiet + 1 : 0;
    seen = now;
    await pause(1000);
  }
  const arrived = got.reduce((sum, count) => sum + count, 0) - clients;
  console.log(`${server.name}: ${arrived} of ${clients * events} (${((100 * arrived) / (clients * events)).toFixed(1)} %), ` +
    `${back} of ${clients} recovered, ${wrong.reduce((sum, count) => sum + count, 0)} out of place, the last after ${((last - begin) / 1000).toFixed(1)} s`);
  sockets.forEach((socket) => socket.disconnect());
  await proxy.cut();
  await server.stop();
}

await measure(await fanfare(false));
await measure(await fanfare(true));
await measure(await node());
process.exit(0);
