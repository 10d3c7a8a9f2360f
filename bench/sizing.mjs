// What a connection, an event in memory, one on disk and a delivery cost: slopes between two sizes, so that what is there anyway falls out.
// usage: node bench/sizing.mjs [CONNECTIONS] [EVENTS]   FANFARE_PROGRAM names the release
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "../tests/interop/node_modules/ws/wrapper.mjs";
import { Server, jwt, program, secret, serviceKey } from "../tests/interop/server.mjs";

const [connections, events] = [Number(process.argv[2] ?? 5000), Number(process.argv[3] ?? 100000)];
const open = { "limits.connections": connections + 100, "limits.connections_per_address": 0, "limits.connections_per_user": connections + 100,
  "limits.connects_per_second": 0, "limits.publish_per_second": 100000000, "log.level": "off" };

const resident = ({ pid }) => 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
/** Microseconds of CPU so far, of user and system. */
const spent = ({ pid }) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
};
const post = async (server, body, type = "application/json") => {
  const answer = await fetch(`${server.url}/api/v1/events`, { method: "POST", body, headers: { "Content-Type": type, Authorization: `Bearer ${serviceKey}` } });
  if (answer.status !== 202) throw new Error(`published: ${answer.status} ${await answer.text()}`);
};
/** One event; as the server keeps it, it is 350 bytes of JSON. */
const event = (room) => ({ type: "project.updated", data: { project_id: room, changes: { text: "x".repeat(120) } } });

class Client {
  static async open(server, n) {
    const client = new Client();
    client.received = 0;
    client.socket = new WebSocket(`${server.url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    const joined = new Promise((resolve, reject) => {
      client.socket.on("error", reject);
      client.socket.on("message", (data) => {
        const text = String(data);
        if (text === "2") client.socket.send("3");
        else if (text[0] === "0") client.socket.send(`40${JSON.stringify({ token: jwt({ sub: `u${n}`, projects: "*" }) })}`);
        else if (text.startsWith("40")) client.socket.send(`420${JSON.stringify(["subscribe", { room: ["project:all", `project:${n % 50}`] }])}`);
        else if (text.startsWith("430")) resolve();
        else if (text.includes('"project.updated"')) {
          ++client.received;
          client.told?.();
        }
        if (text.startsWith("44")) reject(new Error(text));
      });
    });
    await joined;
    return client;
  }

  async has(count) {
    while (this.received < count) await new Promise((resolve) => (this.told = resolve));
  }
}

async function ofConnections() {
  const server = await Server.start({ settings: open, workers: 2 });
  const clients = [];
  const grow = async (to) => {
    while (clients.length < to) clients.push(...await Promise.all(Array.from({ length: 100 }, (_, n) => Client.open(server, clients.length + n))));
    return resident(server);
  };
  const few = await grow(connections / 5), many = await grow(connections);
  console.log(`a connection in two rooms, WebSocket: ${Math.round((many - few) / (connections * 0.8))} bytes of resident memory`);
  const rounds = 20, before = spent(server);
  for (let n = 1; n <= rounds; ++n) {
    await post(server, JSON.stringify(event("all")));
    await Promise.all(clients.map((client) => client.has(n)));
  }
  console.log(`a delivery, one event to ${connections} at a time: ${((spent(server) - before) / rounds / connections).toFixed(2)} µs of CPU`);
  clients.forEach(({ socket }) => socket.terminate());
  server.kill();
  await server.exited;
}

async function ofEvents(settings, measure, what) {
  const server = await Server.start({ settings: { ...open, "history.bytes_max": 1e9, "history.events_max": 10 * events, ...settings }, workers: 2 });
  const lines = (count) => Array.from({ length: count }, (_, n) => JSON.stringify(event(String(n % 100)))).join("\n");
  await post(server, lines(events / 5), "application/x-ndjson");
  const few = measure(server);
  await post(server, lines(events * 0.8), "application/x-ndjson");
  console.log(`${what}: ${Math.round((measure(server) - few) / (events * 0.8))} bytes`);
  if (what.includes("memory")) {
    const history = await fetch(`${server.url}/api/v1/rooms/project%3A1/history?limit=1`, { headers: { authorization: `Bearer ${serviceKey}` } });
    console.log(`the event: ${JSON.stringify((await history.json()).events[0]).length} bytes of JSON`);
  }
  server.kill();
  await server.exited;
}

const folder = await mkdtemp(join(process.env.TMPDIR ?? tmpdir(), "fanfare-sizing-"));
const path = join(folder, "events.db");
const fileBytes = () => {
  const text = execFileSync(program, ["history", "stats", "--path", path], { env: { ...process.env, FANFARE_AUTH__SECRET: secret }, encoding: "utf8" });
  return Number(/^file bytes +(\d+)/m.exec(text)[1]);
};
await ofConnections();
await ofEvents({}, resident, "an event in memory");
await ofEvents({ "history.path": path, "history.sync": "normal" }, fileBytes, "an event on disk");
await rm(folder, { recursive: true });
