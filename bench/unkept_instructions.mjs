// Instructions that one more event that is not kept costs the server: from an HTTP request with a thousand of them to a WebSocket that
// gets them, by callgrind, as the slope between a short and a long run of one worker. usage: FANFARE_PROGRAM=… node bench/unkept_instructions.mjs
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { io } from "../tests/interop/node_modules/socket.io-client/build/esm/index.js";
import { environment, jwt, program, secret, serviceKey } from "../tests/interop/server.mjs";

const folder = await mkdtemp(join(tmpdir(), "fanfare-unkept-"));
await writeFile(join(folder, "tick.json"), JSON.stringify({ "x-fanfare-type": "tick", type: "object", "x-fanfare-kept": false, "x-fanfare-rooms": ["global"],
  properties: { n: { type: "integer" }, text: { type: "string" } } }));

async function instructions(batches) {
  const out = join(folder, `callgrind.${batches}`);
  const settings = { "auth.secret": secret, "publish.keys": serviceKey, "events.schemas": join(folder, "tick.json"), "limits.publish_per_second": 1000000,
    "limits.publish_burst": 1000000, "engine.ping_timeout_ms": 600000 };
  const child = spawn("valgrind", ["--tool=callgrind", `--callgrind-out-file=${out}`, program, "serve", "--listen", "127.0.0.1:0", "--workers", "1"],
    { env: { ...process.env, ...environment(settings) }, stdio: ["ignore", "pipe", "ignore"] });
  let url;
  for await (const line of createInterface({ input: child.stdout })) if ((url = /listening on (\S+?)\/?$/.exec(line)?.[1])) break;
  const socket = io(url, { auth: { token: jwt({}) }, transports: ["websocket"], forceNew: true });
  await new Promise((resolve) => socket.once("connection.established", resolve));
  let came = 0, tell;
  socket.on("tick", () => { ++came; tell?.(); });
  for (let batch = 0; batch < batches; ++batch) {
    const body = JSON.stringify(Array.from({ length: 1000 }, (_, n) => ({ type: "tick", data: { n, text: "x".repeat(100) } })));
    await fetch(url + "/api/v1/events", { method: "POST", body, headers: { "Content-Type": "application/json", Authorization: `Bearer ${serviceKey}` } });
    while (came < (batch + 1) * 1000) await new Promise((resolve) => (tell = resolve));
  }
  socket.disconnect();
  child.kill("SIGTERM");
  await once(child, "exit");
  return Number(/^(?:summary|totals): (\d+)/m.exec(await readFile(out, "utf8"))[1]);
}

const [short, long] = [await instructions(2), await instructions(8)];
console.log(`${program}: ${Math.round((long - short) / 6000)} instructions an event`);
await rm(folder, { recursive: true });
process.exit(0);
