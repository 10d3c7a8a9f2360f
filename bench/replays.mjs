// What one client, and a thousand at once, are brought of a room's past: events a second, from the file. Counts frames alone, so that
// the client's own decoding is not what is measured. usage: node bench/replays.mjs [EVENTS FOR ONE] [CLIENTS] [EVENTS FOR EACH]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "../tests/interop/node_modules/ws/wrapper.mjs";
import { Server, jwt, serviceKey } from "../tests/interop/server.mjs";

const [forOne, clients, forEach] = [process.argv[2] ?? 100000, process.argv[3] ?? 1000, process.argv[4] ?? 1000].map(Number);
const folder = await mkdtemp(join(tmpdir(), "fanfare-replays-"));
const server = await Server.start({ settings: { "history.path": join(folder, "log.db"), "history.events_max": 1000000, "history.room_events_max": 1000000,
  "history.bytes_max": 1000000000, "limits.connections": clients + 100, "limits.connections_per_address": clients + 100,
  "limits.connections_per_user": clients + 100, "limits.connects_per_second": 0, "limits.publish_per_second": 1000000, "limits.publish_burst": 1000000 } });

async function publish(project, count) {
  let first;
  for (let sent = 0; sent < count; sent += 1000) {
    const batch = Array.from({ length: Math.min(1000, count - sent) }, (_, n) =>
      ({ type: "project.updated", data: { project_id: project, changes: { n: sent + n, text: "x".repeat(100) } } }));
    const answer = await fetch(server.url + "/api/v1/events", { method: "POST", body: JSON.stringify(batch),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${serviceKey}` } });
    if (answer.status !== 202) throw new Error(`publishing: ${answer.status}`);
    first ??= (await answer.json()).events[0].cursor.replace(/-\d+$/, "-0");
  }
  return first;
}

/** Resolves with the number of events that came before the answer to `subscribe`, once `go` has let it ask. */
async function replayed(project, since, go) {
  const socket = new WebSocket(server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket");
  let events = 0, established, answered;
  const ready = new Promise((resolve) => (established = resolve)), all = new Promise((resolve) => (answered = resolve));
  socket.on("message", (data) => {
    const head = data.subarray(0, 24).toString();
    if (head.startsWith("0{")) socket.send("40" + JSON.stringify({ token: jwt({ projects: [project] }) }));
    else if (head.startsWith('42["project.updated"')) ++events;
    else if (head.startsWith('42["connection.establi')) established();
    else if (head.startsWith("431")) answered(JSON.parse(data.toString().slice(3))[0]);
    else if (head === "2") socket.send("3");
  });
  await ready;
  return async () => {
    await go;
    socket.send("421" + JSON.stringify(["subscribe", { room: `project:${project}`, since }]));
    const answer = await all;
    socket.terminate();
    if (!answer.recovered) throw new Error("not recovered");
    return events;
  };
}

async function measure(project, count, many) {
  const since = await publish(project, count);
  for (let run = 0; run < 3; ++run) {
    const ask = [];
    for (let n = 0; n < many; ++n) ask.push(await replayed(project, since));
    const begin = performance.now();
    const sum = (await Promise.all(ask.map((each) => each()))).reduce((a, b) => a + b, 0);
    if (sum !== count * many) throw new Error(`${sum} of ${count * many} came`);
    console.log(`${many} clients, ${count} events each: ${Math.round((sum / (performance.now() - begin)) * 1000)} events/s`);
  }
}

await measure("one", forOne, 1);
await measure("many", forEach, clients);
server.kill();
await rm(folder, { recursive: true, force: true });
process.exit(0);
