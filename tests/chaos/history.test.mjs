// Numbered durable events go through a server that is killed with -9 and started again, over and over: every client ends with
// every number once and in its order. CHAOS="publishers events clients kills"; `./dev check chaos` runs the long form.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "../interop/node_modules/socket.io-client/build/esm/index.js";
import { FanfareClient } from "../../sdk/typescript/dist/index.js";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Server, jwt, serviceKey, within } from "../interop/server.mjs";

const [publishers, events, clients, kills] = (process.env.CHAOS ?? "5 400 10 4").split(" ").map(Number);
const perPublisher = Math.floor(events / publishers), total = perPublisher * publishers;
const python = fileURLToPath(new URL("../../build/venv/bin/python", import.meta.url));
const room = "project:chaos";
const claims = { projects: ["chaos"] };

/** What one client got: its count by publisher, and the first thing that was wrong. */
class Ledger {
  next = Array(publishers).fill(0);
  received = 0;
  wrong = "";
  unrecovered = 0;
  constructor(name) {
    this.name = name;
    this.all = new Promise((resolve) => (this.done = resolve));
  }
  take({ data: { changes: { by, n } } }) {
    if (n !== this.next[by] && !this.wrong) this.wrong = `${this.name}: of ${by} came ${n} where ${this.next[by]} was due`;
    this.next[by] = n + 1;
    ++this.received;
    if (this.received === this.mark) this.marked();
    if (this.received === total || this.wrong) this.done();
  }
  /** Resolves once it has got that many, or something is wrong. */
  until(mark) {
    if (this.received >= mark) return undefined;
    return Promise.race([this.all, new Promise((resolve) => Object.assign(this, { mark, marked: resolve }))]);
  }
}

/** The official client as it is, with connection state recovery: it keeps nothing, and asks for its room once. */
function plainClient(url, name) {
  const ledger = new Ledger(name);
  const socket = io(url, { auth: (give) => give({ token: jwt(claims) }), forceNew: true, transports: ["websocket"],
    reconnectionDelay: 20, reconnectionDelayMax: 100 });
  let subscribed = false;
  socket.on("project.updated", (event) => ledger.take(event));
  socket.on("connect", async () => {
    if (socket.recovered) return;
    if (subscribed) ++ledger.unrecovered;
    const answer = await socket.timeout(60000).emitWithAck("subscribe", { room }).catch(() => null);
    subscribed ||= answer?.ok === true;
    ledger.joined();
  });
  ledger.ready = new Promise((resolve) => (ledger.joined = resolve));
  ledger.close = () => socket.disconnect();
  return ledger;
}

function sdkClient(url, name) {
  const ledger = new Ledger(name);
  const client = new FanfareClient({ url, getToken: () => jwt(claims), onError: () => {},
    socket: { forceNew: true, transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 100 } });
  const subscription = client.subscribe(room, { "project.updated": (event) => ledger.take(event) },
    { onGap: () => ++ledger.unrecovered });
  ledger.ready = subscription.ready;
  ledger.close = () => client.close();
  return ledger;
}

test(`${total} events, ${publishers} publishers, ${clients} clients, ${kills} kills`, { timeout: 3600000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-chaos-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const settings = { "history.path": join(folder, "log.db"), "history.events_max": 1000000, "history.room_events_max": 1000000,
    "history.bytes_max": 1000000000, "limits.connections_per_address": 10000, "limits.connections_per_user": 10000,
    "limits.connects_per_second": 0, "recovery.enabled": true };
  let server = await Server.start({ settings });
  const proxy = await Proxy.to(server.url);
  t.after(() => proxy.cut());
  const ledgers = [];
  for (let n = 0; n < clients; ++n) ledgers.push(n % 2 ? plainClient(proxy.url, `plain ${n}`) : sdkClient(proxy.url, `sdk ${n}`));
  t.after(() => ledgers.forEach((each) => each.close()));
  await within(60000, Promise.all(ledgers.map((each) => each.ready)), "the clients");

  const publishing = spawn(python, [fileURLToPath(new URL("publishers.py", import.meta.url)), String(publishers), String(perPublisher)],
    { env: { ...process.env, FANFARE_URL: proxy.url, FANFARE_KEY: serviceKey }, stdio: ["ignore", "pipe", "inherit"] });
  const said = once(createInterface({ input: publishing.stdout }), "line");
  const failed = new Promise((_, reject) => publishing.once("exit", (code) => code === 0 || reject(new Error(`publishers: ${code}`))));
  failed.catch(() => {});

  for (let kill = 1; kill <= kills; ++kill) {
    // Somewhere in the midst of the events, wherever the machine is then.
    await within(600000, Promise.race([failed, ledgers[0].until(Math.floor((total * kill) / (kills + 1)))]), `kill ${kill}`);
    server.kill();
    await server.exited;
    server = await Server.start({ settings });
    proxy.target = new URL(server.url);
  }
  const [line] = await within(600000, Promise.race([failed, said]), "the publishers");
  await within(600000, Promise.all(ledgers.map((each) => each.all)), "every number").catch(() => {});
  const received = ledgers.reduce((sum, each) => sum + each.received, 0);
  t.diagnostic(`published ${line}; received ${received} of ${total * clients}; not recovered ${ledgers.reduce((sum, each) => sum + each.unrecovered, 0)}`);
  assert.equal(line, `accepted ${total}`);
  for (const each of ledgers) {
    assert.equal(each.wrong, "");
    assert.equal(each.received, total, each.name);
  }
  await server.stop();
});
