// First light: project.updated published by curl reaches the official clients, whatever transport and address they use.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { ask, connect, next, subscriber } from "./client.mjs";
import { DashboardPage } from "./dashboard_page.mjs";
import { Server, jwt, secret as configured, serviceKey, within } from "./server.mjs";

let server, token, key, secret;
before(async () => {
  // A secret and a key are configured: --dev uses and shows none of them.
  server = await Server.start({ args: ["--dev"], workers: 2 });
  key = (await server.printed("key ")).split(/\s+/)[1];
  [, secret] = /FANFARE_AUTH__SECRET='([^']+)'/.exec(await server.printed("FANFARE_AUTH__SECRET="));
  token = jwt({ projects: ["123"] }, { key: secret });
  assert.ok(!server.stdout.includes(serviceKey) && !server.stdout.includes(configured));
});
after(() => server.stop());

const data = { project_id: "123", changes: { name: "Neues Büro 🏢" }, updated_by: "bob" };

async function publishUpdate() {
  const answer = await server.publish({ type: "project.updated", data }, { key });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.equal(answer.body.accepted, 1);
  return answer.body.events[0];
}

function assertEnvelope(event, published) {
  assert.equal(event.specversion, "1.0");
  assert.equal(event.id, published.id);
  assert.equal(event.cursor, published.cursor);
  assert.equal(event.type, "project.updated");
  assert.equal(event.subject, "project:123");
  assert.ok(event.source.length > 0);
  assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  assert.deepEqual(event.data, data);
  assert.deepEqual(Object.keys(event).sort(),
    ["cursor", "data", "id", "source", "specversion", "subject", "time", "type"]);
}

const ways = { "polling then upgrade": ["polling", "websocket"], "websocket only": ["websocket"], "polling only": ["polling"] };
const addresses = {
  "io(url)": ["", {}],
  'io(url + "/ws")': ["/ws", {}],
  "path /ws/socket.io/": ["", { path: "/ws/socket.io/" }],
  'io(url + "/ws") and path /ws/socket.io/': ["/ws", { path: "/ws/socket.io/" }],
};

for (const [way, transports] of Object.entries(ways)) {
  for (const [address, [namespace, options]] of Object.entries(addresses)) {
    test(`socket.io-client, ${way}, ${address}`, async () => {
      const { socket, answer } = await subscriber(server.url + namespace, token, "project:123", { transports, ...options });
      try {
        assert.equal(answer.room, "project:123");
        assert.equal(typeof answer.cursor, "string");
        const engine = socket.io.engine;
        if (transports.length === 2 && engine.transport.name !== "websocket") {
          await within(20000, new Promise((resolve) => engine.once("upgrade", resolve)), "the upgrade");
        }
        assert.equal(engine.transport.name, transports.at(-1));
        const arriving = next(socket, "project.updated");
        const published = await publishUpdate();
        assertEnvelope(await arriving, published);
      } finally {
        socket.disconnect();
      }
    });
  }
}

test("the token may come in the Authorization header", async () => {
  const socket = await connect(server.url, undefined, { extraHeaders: { Authorization: `Bearer ${token}` } });
  socket.disconnect();
});

test("connection.established tells who, where and for how long", async () => {
  const socket = await connect(server.url, token);
  const { data: told } = await within(20000, socket.established, "connection.established");
  assert.equal(told.user_id, "alice");
  assert.deepEqual([...told.rooms].sort(), ["global", "user:alice"]);
  assert.ok(told.connection_id);
  socket.disconnect();
});

test("ping, unsubscribe, and the events in place of acks", async () => {
  const { socket } = await subscriber(server.url, token, "project:123");
  const pong = await ask(socket, "ping", { n: 1 });
  assert.equal(pong.n, 1);
  assert.ok(pong.time);
  assert.deepEqual(await ask(socket, "unsubscribe", { room: "project:123" }), { ok: true, room: "project:123" });
  const subscribed = next(socket, "subscribed");
  socket.emit("subscribe", { room: "project:123" });
  assert.equal((await subscribed).data.room, "project:123");
  const failed = next(socket, "connection.error");
  socket.emit("subscribe", { room: "project:999" });
  assert.equal((await failed).data.code, "forbidden");
  socket.disconnect();
});

test("a client in two rooms of an event receives it once; after leaving, not at all", async () => {
  const agent = jwt({ sub: "carol", projects: ["123"], agents: ["a1"] }, { key: secret });
  const { socket } = await subscriber(server.url, agent, "project:123");
  assert.ok((await ask(socket, "subscribe", { room: "agent:a1" })).ok);
  const seen = [];
  socket.on("agent.connected", (event) => seen.push(event.id));
  const both = await server.publish({ type: "agent.connected", data: { agent_id: "a1", project_id: "123" } }, { key });
  assert.equal(both.status, 202);
  await ask(socket, "unsubscribe", { room: "agent:a1" });
  await ask(socket, "unsubscribe", { room: "project:123" });
  await server.publish({ type: "agent.connected", data: { agent_id: "a1", project_id: "123" } }, { key });
  await ask(socket, "ping", {});
  assert.deepEqual(seen, [both.body.events[0].id]);
  socket.disconnect();
});

for (const [name, namespace, transports] of [
  ["polling then upgrade, /", "/", "polling,websocket"], ["websocket, /ws", "/ws", "websocket"], ["polling, /", "/", "polling"],
]) {
  test(`python-socketio, ${name}`, async () => {
    const script = new URL("python_client.py", import.meta.url).pathname;
    const child = spawn("/usr/bin/python3", [script, server.url, namespace, transports],
      { env: { ...process.env, TOKEN: token }, stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      const answer = JSON.parse((await within(30000, lines.next(), "the subscription")).value);
      assert.equal(answer.ok, true, JSON.stringify(answer));
      const published = await publishUpdate();
      assertEnvelope(JSON.parse((await within(20000, lines.next(), "the event")).value), published);
    } finally {
      child.kill();
    }
  });
}

test("Chromium on the dashboard, which --dev opens at /", async () => {
  const page = await DashboardPage.open(server.url + "/");
  try {
    await page.waitFor(`document.querySelector("#link")?.innerText === "live"`);
    await page.fill("Room", "project:123");
    await page.press("Subscribe");
    await page.sees("Listening to project:123");
    await publishUpdate();
    await page.sees("Neues Büro 🏢");
  } finally {
    await page.close();
  }
});
