// Three nodes behind a balancer that knows nothing of sessions: whichever a request reaches hands it to the one that holds the
// session; and what one node is asked of all connections, it asks the others.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nginx } from "../docs/nginx.mjs";
import { ask, connect, io, next, subscriber } from "./client.mjs";
import { authority, certificate } from "./certificates.mjs";
import { withNodes } from "./redis.mjs";
import { curl, jwt, serviceKey, within } from "./server.mjs";

const room = "project:123";
const token = (claims) => jwt({ sub: "ann", projects: ["123"], ...claims });
const update = (n) => ({ type: "project.updated", data: { project_id: "123", changes: { n } } });
const bearer = ["-H", `Authorization: Bearer ${serviceKey}`];
const settings = { "fleet.secret": "a secret of the fleet of these tests", "cors.origins": "http://app.example" };

/** Round robin, by request, as nginx does when it is told nothing else. */
async function balancer(t, nodes) {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-balancer-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const place = { folder, write: (name, text) => writeFileSync(join(folder, name), text) };
  return nginx(t, place, `
    upstream fanfare { ${nodes.map((node) => `server ${new URL(node.url).host};`).join(" ")} }
    server { listen 443 ssl; location / {
      proxy_pass http://fanfare; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; } }`);
}

const path = "/socket.io/?EIO=4&transport=polling";
async function handshake(node) {
  const { body } = await curl(node.url + path);
  return JSON.parse(body.slice(1)).sid;
}
const post = (node, sid, text, args = []) => curl(`${node.url}${path}&sid=${sid}`, ["--data-binary", "@-", "-H", "Content-Type: text/plain", ...args], text);
const poll = (node, sid, args = []) => curl(`${node.url}${path}&sid=${sid}`, args);

/** Asks until a node knows where the others are; they tell it within a moment. */
const met = (nodes) => within(20000, Promise.all(nodes.map(async (node) => {
  const known = async () => (await curl(node.url + "/api/v1/websocket/stats", bearer)).body.nodes.filter(({ address }) => address).length;
  while ((await known()) !== nodes.length);
})), "the nodes to know each other");

const handed = async (nodes, kind, outcome = "ok") => {
  const all = await Promise.all(nodes.map((node) => node.metrics()));
  return all.reduce((sum, each) => sum + (each.get(`fanfare_handed_over_total{kind="${kind}",outcome="${outcome}"}`) ?? 0), 0);
};

test("a session is polled, posted to and ended through any node", () => withNodes(3, { settings }, async ([a, b, c]) => {
  await met([a, b, c]);
  const sid = await handshake(a);
  const posted = await post(b, sid, `40${JSON.stringify({ token: token() })}`, ["-H", "Origin: http://app.example"]);
  assert.equal(posted.status, 200);
  assert.equal(posted.body, "ok");
  assert.equal(posted.headers.match(/access-control-allow-origin: http:\/\/app.example/gi).length, 1, "said once");
  assert.match((await poll(c, sid)).body, /^40\{"sid":/);
  assert.equal((await post(c, sid, `42["subscribe",{"room":"${room}"}]`)).body, "ok");
  assert.equal((await b.publish({ ...update(1), data: { project_id: "123", changes: { text: "x".repeat(3000) } } })).status, 202);
  let got = "";
  while (!got.includes("xxx")) {
    const { body, headers } = await poll(b, sid, ["--compressed"]);
    if (body.includes("xxx")) assert.match(headers, /content-encoding: gzip/i);
    got += body;
  }
  // What Node answers a second poll with, and any session that is not there.
  assert.equal((await curl(`${b.url}/socket.io/?EIO=4&transport=websocket&sid=${sid}`)).status, 400);
  assert.equal((await post(b, sid, "1")).body, "ok");
  for (const node of [a, b, c]) {
    const gone = await poll(node, sid);
    assert.equal(gone.status, 400);
    assert.equal(gone.body.code, 1);
  }
  assert.ok((await handed([a, b, c], "request")) >= 5);
}));

for (const [name, transports] of [["polls only", ["polling"]], ["upgrades", ["polling", "websocket"]], ["speaks WebSocket at once", ["websocket"]]]) {
  test(`the official client behind round robin: ${name}`, (t) => withNodes(3, { settings }, async (nodes) => {
    await met(nodes);
    const url = await balancer(t, nodes);
    const clients = await Promise.all(Array.from({ length: 6 }, async () => {
      const socket = io(url, { auth: { token: token() }, forceNew: true, reconnection: false, transports });
      const upgraded = transports.length > 1 ? new Promise((resolve) => socket.io.engine.once("upgrade", resolve)) : undefined;
      await next(socket, "connection.established");
      await within(20000, upgraded, "the upgrade");
      assert.equal(socket.io.engine.transport.name, transports.at(-1));
      assert.equal((await ask(socket, "subscribe", { room })).ok, true);
      const seen = [];
      socket.on("project.updated", ({ data }) => seen.push(data.changes.n));
      return { socket, seen };
    }));
    for (let n = 0; n < 20; ++n) assert.equal((await nodes[n % 3].publish(update(n))).status, 202);
    for (const { socket, seen } of clients) {
      await within(20000, (async () => {
        while (seen.length < 20) await new Promise((resolve) => socket.once("project.updated", resolve));
      })(), "20 events");
      assert.deepEqual(seen, Array.from({ length: 20 }, (_, n) => n));
      assert.equal((await ask(socket, "ping", { n: 1 })).n, 1);
    }
    if (transports.includes("polling")) assert.ok((await handed(nodes, transports.length > 1 ? "upgrade" : "request")) > 0);
    const ended = clients.map(({ socket }) => next(socket, "disconnect"));
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(ended);
    nodes.forEach((node) => (node.killed = true));
  }));
}

test("the client of a node that is killed begins anew through another", (t) => withNodes(3, { settings }, async (nodes) => {
  await met(nodes);
  const url = await balancer(t, nodes);
  const socket = io(url, { auth: { token: token() }, forceNew: true, transports: ["polling"], reconnectionDelay: 20, reconnectionDelayMax: 200 });
  await next(socket, "connection.established");
  const { body } = await curl(nodes[0].url + "/api/v1/connections?user=ann", bearer);
  const again = next(socket, "connection.established");
  const holder = (await Promise.all(nodes.map(async (node) => [node, (await node.metrics()).get("fanfare_connections") ?? 0]))).find(([, count]) => count > 0)[0];
  assert.equal(body.connections.length, 1);
  holder.killed = true;
  holder.kill();
  await again;
  socket.disconnect();
}));

test("only the fleet's own nodes are believed to be that", () => withNodes(2, { settings }, async ([a, b]) => {
  await met([a, b]);
  const sid = await handshake(a);
  const forged = ["-H", `Fanfare-Fleet: v1 b ${Date.now()} - ${"A".repeat(43)}`];
  for (const node of [a, b]) assert.equal((await poll(node, sid, forged)).status, 403);
  assert.equal((await curl(a.url + "/api/v1/connections", forged)).status, 401);
  assert.equal(await handed([a, b], "received", "forbidden"), 2);
  assert.match((await curl(a.url + "/healthz")).body, /ok/);
}));

test("who is connected, and why who may, is asked of all nodes", () => withNodes(3, { settings }, async ([a, b, c]) => {
  await met([a, b, c]);
  const sockets = [];
  for (const [node, sub] of [[a, "ann"], [b, "ben"], [c, "ann"]]) sockets.push((await subscriber(node.url, token({ sub }), room)).socket);
  const list = async (query = "") => (await curl(`${b.url}/api/v1/connections${query}`, bearer)).body;
  const all = await list();
  assert.equal(all.total, 3);
  assert.deepEqual(all.connections.map(({ user }) => user), ["ann", "ben", "ann"], "in order of connecting");
  assert.equal(new Set(all.connections.map(({ node }) => node)).size, 3);
  assert.equal(all.missing_nodes, undefined);
  assert.equal((await list("?user=ann")).total, 2);
  const one = await list("?limit=1");
  assert.equal(one.total, 3);
  assert.equal(one.connections.length, 1);
  const access = await curl(`${b.url}/api/v1/access?user=ann&room=${room}`, bearer);
  assert.deepEqual(access.body.connections.map(({ decision }) => decision), ["allow", "allow"]);

  // A node that stands still is named, not waited for.
  const { name } = (await curl(c.url + "/api/v1/websocket/stats", bearer)).body.nodes.find(({ address }) => address === new URL(c.url).host);
  process.kill(c.pid, "SIGSTOP");
  const without = await list();
  assert.deepEqual(without.missing_nodes, [name]);
  assert.equal(without.total, 2);
  process.kill(c.pid, "SIGCONT");

  const gone = sockets.filter((_, n) => n !== 1).map((socket) => next(socket, "disconnect"));
  const done = await curl(b.url + "/api/v1/users/ann/connections", [...bearer, "-X", "DELETE"]);
  assert.equal(done.body.disconnected, 2);
  await Promise.all(gone);
  sockets[1].disconnect();
}));

test("a node that drains says so to the others", () => withNodes(2, { settings }, async ([a, b]) => {
  await met([a, b]);
  const socket = await connect(b.url, token());
  const draining = within(20000, (async () => {
    const nodes = async () => (await curl(a.url + "/api/v1/websocket/stats", bearer)).body.nodes;
    while ((await nodes()).length === 2);
  })(), "b to be gone");
  await b.stop();
  await draining;
  socket.disconnect();
}));

test("nodes that speak TLS reach each other by it", () => {
  const ca = authority("ca");
  const { cert, key } = certificate("node", "ca", "IP:127.0.0.1");
  const secure = { ...settings, "server.tls_cert": cert, "server.tls_key": key, "fleet.tls_ca": ca };
  return withNodes(2, { settings: secure }, async ([a, b]) => {
    const trusting = ["--cacert", ca];
    const sid = JSON.parse((await curl(a.url + path, trusting)).body.slice(1)).sid;
    await within(20000, (async () => {
      while ((await post(b, sid, "40", trusting)).status !== 200);
    })(), "b to reach a");
    assert.match((await poll(b, sid, trusting)).body, /^44/);
  });
});
