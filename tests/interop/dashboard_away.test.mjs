// The dashboard in Chromium when the server is away, Redis fails, or the dashboard is switched off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { admin, DashboardPage } from "./dashboard_page.mjs";
import { withNodes } from "./redis.mjs";
import { Server, within } from "./server.mjs";

test("a server that is away is told of, and found again", async () => {
  const server = await Server.start();
  const proxy = await Proxy.to(server.url);
  const other = await DashboardPage.open(proxy.url + "/dashboard/");
  try {
    await other.signIn(admin());
    await other.sees("Delivery latency");
    await proxy.cut();
    await other.sees("The server cannot be reached.");
    await other.isAccessible("away");
    await proxy.restore();
    await other.waitFor(`!document.body.innerText.includes("cannot be reached")`);
    await other.go("#/live");
    await other.waitFor(`document.querySelector("#link")?.innerText === "live"`); // Socket.IO is back too
  } finally {
    await other.close();
    await proxy.cut();
    await server.stop();
  }
});

test("a fleet's nodes and its Redis are told of", () => withNodes(2, { settings: { "fleet.timeout_s": 2 } }, async (nodes, redis) => {
  const other = await DashboardPage.open(nodes[0].url + "/dashboard/");
  try {
    await other.signIn(admin());
    await other.waitFor(`/Redis\\nconnected/.test(document.body.innerText)`);
    await other.waitFor(`document.querySelectorAll(".facts dd code").length === 2`);
    await redis.kill();
    await other.waitFor(`/Redis\\nnot reached/.test(document.body.innerText)`);
    await redis.restart();
    await other.waitFor(`/Redis\\nconnected/.test(document.body.innerText)`);
  } finally {
    await other.close();
  }
}));

test("switched off, there is nothing", async () => {
  const off = await Server.start({ settings: { "dashboard.enabled": "false" } });
  assert.equal((await fetch(off.url + "/dashboard/")).status, 404);
  assert.equal((await fetch(off.url + "/dashboard/session.json")).status, 404);
  await within(10000, off.stop(), "its end");
});
