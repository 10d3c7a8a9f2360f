// Connection state recovery for the official client as it is: no cursor kept, no code but `socket.recovered`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { io } from "socket.io-client";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Server, jwt, within } from "./server.mjs";
import { ask } from "./client.mjs";

const room = "project:123";
const token = (claims) => jwt({ sub: "ann", projects: ["123"], ...claims });
const update = (n) => ({ type: "project.updated", data: { project_id: "123", changes: { n } } });

/** Ends every connection; while the network is away, `meanwhile` happens. */
async function outage(proxy, meanwhile = () => {}) {
  await proxy.cut();
  await meanwhile();
  await proxy.restore();
}

/**
 * An official client through a proxy that stays when the server goes; it notes what came, and how often it came back. It does not
 * upgrade: cut off in the midst of that, between two polls, engine.io-client notices nothing until its ping is due.
 */
async function client(proxy, { auth = () => ({ token: token() }), nsp = "", ...options } = {}) {
  const socket = io(proxy.url + nsp, { auth: (give) => give(auth()), forceNew: true, transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 100, ...options });
  const seen = [], back = [];
  socket.on("project.updated", (event) => seen.push(event.data.changes.n));
  socket.on("connect", () => back.push(Boolean(socket.recovered)));
  await within(20000, new Promise((resolve) => socket.once("connection.established", resolve)), "a connection");
  const until = (count) => within(20000, (async () => {
    while (seen.length < count) await new Promise((resolve) => socket.once("project.updated", resolve));
  })(), `${count} events`);
  const again = () => within(20000, new Promise((resolve) => socket.once("connect", resolve)), "its coming back");
  return { socket, seen, back, until, again };
}

async function withServer(settings, work) {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-recovery-"));
  const all = { "recovery.enabled": true, "history.path": join(folder, "log.db"), ...settings };
  const fleet = { server: await Server.start({ settings: all }) };
  const proxy = await Proxy.to(fleet.server.url);
  fleet.restart = async ({ inOrder = false } = {}) => {
    if (inOrder) await fleet.server.stop();
    else fleet.server.kill();
    await fleet.server.exited;
    fleet.server = await Server.start({ settings: all });
    proxy.target = new URL(fleet.server.url);
  };
  const clients = [];
  try {
    await work(fleet, proxy, async (...args) => clients[clients.push(await client(proxy, ...args)) - 1]);
  } finally {
    for (const each of clients) each.socket.disconnect();
    await proxy.cut();
    await fleet.server.stop();
    await rm(folder, { recursive: true });
  }
}

for (const [name, options] of [["websocket", { transports: ["websocket"] }], ["polling", { transports: ["polling"] }], ["/ws", { nsp: "/ws" }]]) {
  test(`kill -9 and a restart: ${name}`, () => withServer({}, async (fleet, proxy, connect) => {
    const { socket, seen, back, until, again } = await connect(options);
    const id = socket.id;
    assert.equal((await ask(socket, "subscribe", { room })).ok, true);
    await fleet.server.publish(update(1));
    await until(1);
    const returned = again();
    await fleet.restart();
    await fleet.server.publish([update(2), update(3)]);
    await returned;
    await until(3);
    await fleet.server.publish(update(4));
    await until(4);
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.deepEqual(back, [false, true]);
    assert.equal(socket.id, id);
    assert.deepEqual((await ask(socket, "presence", { room })).members, [{ user: "ann", connections: 1 }]);
    assert.equal((await fleet.server.metrics()).get('fanfare_recoveries_total{outcome="recovered"}'), 1);
  }));
}

test("a restart in order, as a deployment does it", () => withServer({}, async (fleet, proxy, connect) => {
  const { socket, seen, back, until, again } = await connect();
  assert.equal((await ask(socket, "subscribe", { room })).ok, true);
  await fleet.server.publish(update(1));
  await until(1);
  const returned = again();
  await fleet.restart({ inOrder: true });
  await fleet.server.publish(update(2));
  await returned;
  await until(2);
  assert.deepEqual([seen, back], [[1, 2], [false, true]]);
}));

test("a network that breaks: the client is back before the server has missed it", () => withServer({}, async (fleet, proxy, connect) => {
  const { socket, seen, back, until, again } = await connect({ transports: ["websocket"] });
  assert.equal((await ask(socket, "subscribe", { room, filter: { exact: { "/data/changes/n": 7 } } })).ok, true);
  for (let round = 1; round <= 3; ++round) {
    const returned = again();
    proxy.strand();
    await fleet.server.publish([update(6), update(7), update(8)]);
    await returned;
    await until(round);
  }
  assert.deepEqual(seen, [7, 7, 7], "the filter came back too");
  assert.deepEqual(back, [false, true, true, true]);
}));

test("a client that has had no event, and one that joined late, miss nothing and get nothing twice", () => withServer({}, async (fleet, proxy, connect) => {
  const early = await connect();
  assert.equal((await ask(early.socket, "subscribe", { room })).ok, true);
  await fleet.server.publish([update(1), update(2)]);
  await early.until(2);
  const late = await connect();
  assert.equal((await ask(late.socket, "subscribe", { room, last: 1 })).recovered, true);
  assert.deepEqual(late.seen, [2]);
  const returned = Promise.all([early.again(), late.again()]);
  await fleet.restart();
  await returned;
  await fleet.server.publish(update(3));
  await Promise.all([early.until(3), late.until(2)]);
  assert.deepEqual([early.seen, late.seen], [[1, 2, 3], [2, 3]]);
  assert.deepEqual([early.back, late.back], [[false, true], [false, true]]);
}));

test("who may no longer, is another, or left by itself gets a new session", () => withServer({}, async (fleet, proxy, connect) => {
  let projects = ["123"], sub = "ann";
  const { socket, back, again } = await connect({ auth: () => ({ token: token({ sub, projects }) }) });
  assert.equal((await ask(socket, "subscribe", { room })).ok, true);
  const breaks = async () => {
    const returned = again();
    await outage(proxy);
    await returned;
    return back.at(-1);
  };
  assert.equal(await breaks(), true);
  projects = [];
  assert.equal(await breaks(), false, "the room is not allowed any more");
  assert.deepEqual((await ask(socket, "subscribe", { room })).error.code, "forbidden");
  assert.equal(await breaks(), true, "the new session comes back");
  sub = "ben";
  assert.equal(await breaks(), false, "nobody takes another user's session");
  socket.disconnect();
  const returned = again();
  socket.connect();
  await returned;
  assert.equal(back.at(-1), false, "who leaves does not come back");
}));

test("too late, or with events gone, is not recovered", () => withServer({ "recovery.max_disconnection_s": 1, "history.room_events_max": 2 }, async (fleet, proxy, connect) => {
  const { socket, seen, back, again } = await connect({ transports: ["websocket"] });
  assert.equal((await ask(socket, "subscribe", { room })).ok, true);
  let returned = again();
  await outage(proxy, () => fleet.server.publish([update(1), update(2), update(3)]));
  await returned;
  assert.deepEqual([back.at(-1), seen], [false, []], "one of three has been dropped");
  returned = again();
  await outage(proxy, async () => {
    while ((await fleet.server.metrics()).get("fanfare_connections") !== 0); // its time counts from when the server has missed it
    await new Promise((resolve) => setTimeout(resolve, 1100)); // what is configured, and a bit: nothing happens at its end
  });
  await returned;
  assert.equal(back.at(-1), false);
  assert.equal((await fleet.server.metrics()).get('fanfare_recoveries_total{outcome="session"}'), 1);
}));

test("python-socketio: its handlers get the offset as one more argument", async () => {
  const server = await Server.start({ settings: { "recovery.enabled": true } });
  const script = new URL("python_client.py", import.meta.url).pathname;
  const child = spawn("/usr/bin/python3", [script, server.url, "/", "websocket"], { env: { ...process.env, TOKEN: token() }, stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await within(30000, lines.next(), "a line")).value);
  try {
    assert.equal((await line()).ok, true);
    await server.publish(update(1));
    const event = await line();
    assert.equal(event.data.changes.n, 1);
    assert.equal(await line(), event.cursor);
  } finally {
    child.kill();
  }
  await server.stop();
});

test("off, events have one argument and nobody is told a private id", async () => {
  const server = await Server.start();
  const proxy = await Proxy.to(server.url);
  const { socket, again, back } = await client(proxy);
  assert.equal((await ask(socket, "subscribe", { room })).ok, true);
  const came = new Promise((resolve) => socket.onAny((...args) => resolve(args.length)));
  await server.publish(update(1));
  assert.equal(await came, 2, "its name and the envelope");
  const returned = again();
  await outage(proxy);
  await returned;
  assert.deepEqual(back, [false, false]);
  socket.disconnect();
  await proxy.cut();
  await server.stop();
});
