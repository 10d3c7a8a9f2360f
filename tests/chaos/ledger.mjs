// What the chaos tests share: publishers of numbered events, clients that come back, and what each client got.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { io } from "../interop/node_modules/socket.io-client/build/esm/index.js";
import { FanfareClient } from "../../sdk/typescript/dist/index.js";
import { jwt, serviceKey, within } from "../interop/server.mjs";

/** CHAOS="publishers events clients faults", or `preset` */
export const sizes = (preset) => {
  const [publishers, events, clients, faults] = (process.env.CHAOS ?? preset).split(" ").map(Number);
  const perPublisher = Math.floor(events / publishers);
  return { publishers, perPublisher, total: perPublisher * publishers, clients, faults };
};

const python = fileURLToPath(new URL("../../build/venv/bin/python", import.meta.url));
const room = "project:chaos";
const claims = { projects: ["chaos"] };

/** Bounds that drop nothing of it, and limits that let all of it in. */
export const settings = { "history.events_max": 1000000, "history.room_events_max": 1000000, "history.bytes_max": 1000000000,
  "limits.connections_per_address": 10000, "limits.connections_per_user": 10000, "limits.connects_per_second": 0,
  "recovery.enabled": true };

/** What one client got: its count by publisher, and the first thing that was wrong. Where it was told that it is not recovered, a
 *  gap is not wrong. */
export class Ledger {
  received = 0;
  wrong = "";
  unrecovered = 0;
  constructor(name, { publishers, total }) {
    this.name = name;
    this.total = total;
    this.next = Array(publishers).fill(0);
    this.afresh = Array(publishers).fill(false);
    this.marked = () => {};
    this.end = new Promise((resolve) => (this.ended = resolve));
    this.all = new Promise((resolve) => (this.done = resolve));
  }
  told() {
    ++this.unrecovered;
    this.afresh.fill(true);
  }
  take({ data: { changes: { by, n } } }) {
    if (by < 0) return this.ended();
    if (n !== this.next[by] && !this.afresh[by] && !this.wrong) this.wrong = `${this.name}: of ${by} came ${n} where ${this.next[by]} was due`;
    this.afresh[by] = false;
    this.next[by] = n + 1;
    ++this.received;
    if (this.received >= this.mark) this.marked();
    if (this.received === this.total || this.wrong) this.done();
  }
  /** Resolves once it has got that many, or something is wrong. */
  until(mark) {
    if (this.received >= mark) return undefined;
    return Promise.race([this.all, new Promise((resolve) => Object.assign(this, { mark, marked: resolve }))]);
  }
}

/** The official client as it is, with connection state recovery: it keeps nothing, and asks for its room once. */
export function plainClient(url, name, size) {
  const ledger = new Ledger(name, size);
  const socket = io(url, { auth: (give) => give({ token: jwt(claims) }), forceNew: true, transports: ["websocket"],
    reconnectionDelay: 20, reconnectionDelayMax: 100 });
  let subscribed = false;
  socket.on("project.updated", (event) => ledger.take(event));
  socket.on("connect", async () => {
    if (socket.recovered) return;
    if (subscribed) ledger.told();
    const answer = await socket.timeout(60000).emitWithAck("subscribe", { room }).catch(() => null);
    subscribed ||= answer?.ok === true;
    ledger.joined();
  });
  ledger.ready = new Promise((resolve) => (ledger.joined = resolve));
  ledger.close = () => socket.disconnect();
  return ledger;
}

export function sdkClient(url, name, size) {
  const ledger = new Ledger(name, size);
  const client = new FanfareClient({ url, getToken: () => jwt(claims), onError: () => {},
    socket: { forceNew: true, transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 100 } });
  const subscription = client.subscribe(room, { "project.updated": (event) => ledger.take(event) },
    { onGap: () => ledger.told() });
  ledger.ready = subscription.ready;
  ledger.close = () => client.close();
  return ledger;
}

/** As many clients as `size` says, half of them official ones as they are, once they have all joined. */
export async function connectAll(url, size) {
  const ledgers = [];
  for (let n = 0; n < size.clients; ++n) {
    ledgers.push(n % 2 ? plainClient(url, `plain ${n}`, size) : sdkClient(url, `sdk ${n}`, size));
  }
  await Promise.all(ledgers.map((each) => each.ready));
  return ledgers;
}

/** Publishers as a process of their own: `said` resolves to what it says at the end, `failed` rejects if it fails. */
export function publish(url, { publishers, perPublisher }, patienceS = 5) {
  const publishing = spawn(python, [fileURLToPath(new URL("publishers.py", import.meta.url)), String(publishers), String(perPublisher)],
    { env: { ...process.env, FANFARE_URL: url, FANFARE_KEY: serviceKey, PATIENCE_S: patienceS }, stdio: ["ignore", "pipe", "inherit"] });
  const said = once(createInterface({ input: publishing.stdout }), "line").then(([line]) => line);
  const failed = new Promise((_, reject) => publishing.once("exit", (code) => code === 0 || reject(new Error(`publishers: ${code}`))));
  failed.catch(() => {});
  return { said, failed };
}

/** Waits for all that is published; tells what came, and fails unless every client got every number once and in order. With
 *  `end`, which publishes a last event of publisher -1, who was told of a loss may have a gap there. */
export async function settle(t, ledgers, size, { said, failed }, end) {
  const line = await within(600000, Promise.race([failed, said]), "the publishers");
  if (end) {
    // Until all are back and have heard it.
    const all = Promise.all(ledgers.map((each) => each.end)).then(() => true);
    await within(600000, (async () => { do await end(); while (!(await Promise.race([all, pause(500)]))); })(), "the end");
  } else {
    await within(600000, Promise.all(ledgers.map((each) => each.all)), "every number").catch(() => {});
  }
  const sum = (what) => ledgers.reduce((total, each) => total + what(each), 0);
  t.diagnostic(`published ${line}; received ${sum((each) => each.received)} of ${size.total * size.clients}; ` +
    `not recovered ${sum((each) => each.unrecovered)}`);
  assert.equal(line, `accepted ${size.total}`);
  for (const each of ledgers) {
    assert.equal(each.wrong, "");
    if (!end || each.unrecovered === 0) assert.equal(each.received, size.total, each.name);
  }
}
