// docs/guide/production.md as it stands: its configuration is good, its nginx passes all that it should, its unit is sound; and what
// SECURITY.md says of endpoints and refusals.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { ask, connect, next } from "../interop/client.mjs";
import { curl, jwt, within } from "../interop/server.mjs";
import { Workplace } from "./guide.mjs";
import { nginx } from "./nginx.mjs";

const page = "docs/guide/production.md";
const secret = "the output of: openssl rand -base64 48, and no other", key = "one-key-for-each-back-end";

test("the configuration is good, and the server runs with it", async (t) => {
  const place = new Workplace(t, page);
  place.write("production.toml");
  assert.match(await place.run("check"), /good/);
  const server = await place.serve({ config: "production.toml" });
  assert.equal((await curl(`${server.url}/readyz`)).status, 200);
});

test("behind nginx: polling, the upgrade and WebSockets work, and what is inside stays inside", async (t) => {
  const place = new Workplace(t, page);
  place.write("production.toml");
  const server = await place.serve({ config: "production.toml" });
  const url = await nginx(t, place, place.block("fanfare.conf"));
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    const socket = await connect(url, jwt({}, { key: secret }), { transports });
    if (transports.length === 2 && socket.io.engine.transport.name !== "websocket") await within(20000, once(socket.io.engine, "upgrade"), "the upgrade");
    assert.equal((await ask(socket, "subscribe", { room: "project:123" })).ok, true);
    const arrives = next(socket, "project.updated");
    assert.equal((await server.publish({ type: "project.updated", data: { project_id: "123", changes: {} } }, { key })).status, 202);
    await arrives;
    socket.disconnect();
  }
  for (const path of ["/metrics", "/api/v1/events", "/api/v1/openapi.json"]) assert.equal((await curl(url + path)).status, 403, path);
  assert.equal((await curl(`${url}/healthz`)).status, 200);
});

test("the unit is sound", async (t) => {
  const place = new Workplace(t, page);
  const unit = place.block("fanfare.service");
  for (const [, name] of unit.matchAll(/^(\w+)=/gm)) assert.match(name, /^[A-Z]\w+$/);
  assert.deepEqual([...unit.matchAll(/^\[(\w+)\]$/gm)].map(([, name]) => name), ["Unit", "Service", "Install"]);
  // Its time to stop is longer than the server's own.
  const shown = await place.run("times", { text: "fanfare config --show" });
  const ms = (name) => Number(new RegExp(`${name} = (\\d+)`).exec(shown)[1]);
  assert.ok(ms("server.drain_ms") + ms("server.stop_grace_ms") < 1000 * Number(/TimeoutStopSec=(\d+)/.exec(unit)[1]));
  assert.ok(ms("engine.ping_interval_ms") + ms("engine.ping_timeout_ms") < 1000 * Number(/proxy_read_timeout (\d+)s/.exec(place.block("fanfare.conf"))[1]));
});

test("SECURITY.md: what asks for no credential, and what does", async (t) => {
  const place = new Workplace(t, page);
  const server = await place.serve();
  for (const path of ["/metrics", "/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/asyncapi.json"]) assert.equal((await curl(server.url + path)).status, 200, path);
  for (const path of ["/api/v1/rooms", "/api/v1/connections", "/api/v1/websocket/stats"]) assert.equal((await curl(server.url + path)).status, 401, path);
  const origin = await curl(`${server.url}/socket.io/?EIO=4&transport=polling`, ["-H", "Origin: https://elsewhere.example"]);
  assert.equal(origin.status, 403);
  assert.match(execFileSync(`${place.folder}/build/release/bin/fanfare`, ["--version"], { encoding: "utf8" }), /\d/);
});
