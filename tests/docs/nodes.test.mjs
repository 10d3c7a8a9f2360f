// docs/guide/nodes.md: its Redis, its nodes and its balancer, as the page has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Workplace } from "./guide.mjs";
import { nginx } from "./nginx.mjs";
import { ask, connect, io, next } from "../interop/client.mjs";
import { Redis } from "../interop/redis.mjs";
import { Server, curl, jwt, secret, serviceKey, within } from "../interop/server.mjs";

const page = "docs/guide/nodes.md";

test("three nodes behind nginx are one for clients that poll, then upgrade", async (t) => {
  const place = new Workplace(t, page);
  const lines = place.block("redis.conf").trim().split("\n").map((line) => line.split(" "));
  const redis = await Redis.start(Object.fromEntries(lines));
  t.after(() => redis.stop());
  place.replace("redis://127.0.0.1:6379", redis.url);
  const nodes = [];
  place.replace("secret = \"…\"", `secret = "${secret}"`);
  place.write("nodes.toml");
  for (const port of ["8001", "8002", "8003"]) {
    const node = await Server.start({ settings: { "auth.secret": secret, "publish.keys": serviceKey }, args: ["--config", `${place.folder}/nodes.toml`] });
    nodes.push(node);
    place.replace(`127.0.0.1:${port}`, new URL(node.url).host);
  }
  const known = async ({ url }) => (await curl(`${url}/api/v1/websocket/stats`, ["-H", `X-API-Key: ${serviceKey}`])).body.nodes.length;
  await within(20000, Promise.all(nodes.map(async (node) => { while ((await known(node)) !== 3); })), "three nodes");
  const url = await nginx(t, place, place.block("balancer"));
  const socket = io(url, { auth: { token: jwt({ projects: ["123"] }) }, forceNew: true });
  const upgraded = new Promise((resolve) => socket.io.engine.once("upgrade", (transport) => resolve(transport.name)));
  await next(socket, "connection.established");
  assert.equal(await upgraded, "websocket");
  assert.equal((await ask(socket, "subscribe", { room: "project:123" })).ok, true);
  for (const [n, node] of nodes.entries()) {
    const came = next(socket, "project.updated");
    assert.equal((await node.publish({ type: "project.updated", data: { project_id: "123", changes: { n } } })).status, 202);
    assert.equal((await came).data.changes.n, n);
  }
  const polling = await connect(url, jwt({ projects: ["123"] }), { transports: ["polling"] });
  assert.equal((await ask(polling, "ping", { n: 1 })).n, 1);
  polling.disconnect();
  socket.disconnect();
  for (const node of nodes) await node.stop();
});

test("the rights that the page names are enough", async (t) => {
  const redis = await Redis.start();
  t.after(() => redis.stop());
  await redis.cli("ACL", "SETUSER", "f", "on", ">p", "+@all", "-@dangerous", "+info", "~{fanfare}:*");
  const node = await Server.start({ settings: { "history.backend": "redis", "redis.url": redis.url.replace("redis://", "redis://f:p@") } });
  assert.equal((await node.publish({ type: "project.updated", data: { project_id: "1", changes: {} } })).status, 202);
  await node.stop();
});
