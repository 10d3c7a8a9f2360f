// docs/guide/production.md as it stands: its configuration is good, its nginx passes all that it should, its unit is sound; and what
// SECURITY.md says of endpoints and refusals.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ask, connect, next } from "../interop/client.mjs";
import { curl, jwt, within } from "../interop/server.mjs";
import { Workplace, root, rowsOf } from "./guide.mjs";
import { nginx } from "./nginx.mjs";

const page = "docs/guide/production.md";

/** The page's configuration and secrets, written as it says; gives what serve() needs of them. */
async function prepare(place) {
  place.replace("/var/lib/fanfare/", ""); // into the test's own folder
  place.write("production.toml");
  await place.run("secrets");
  const file = join(place.folder, "fanfare.env");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const variables = Object.fromEntries(readFileSync(file, "utf8").trim().split("\n").map((line) => line.split(/=(.*)/s)));
  const { FANFARE_AUTH__SECRET: secret, FANFARE_PUBLISH__KEYS: keys } = variables;
  return { secret, key: keys.split(",")[0], config: "production.toml", settings: { "auth.secret": secret, "publish.keys": keys } };
}

test("the configuration is good for production, and the server runs with it", async (t) => {
  const place = new Workplace(t, page);
  const options = await prepare(place);
  const { code, out, errors } = await place.start("check").ended();
  assert.equal(code, 0, errors);
  assert.match(out, /^production\.toml: good for production, [01] hints?$/);
  assert.match(errors, /^(fanfare: \S+: hint: limits\.connections needs 12000 file descriptors.*\n)?$/, "but for this machine's");
  const server = await place.serve(options);
  assert.equal((await curl(`${server.url}/readyz`)).status, 200);
});

test("a configuration that leaves boxes open is told so, and the page has every box that is told of", async (t) => {
  const place = new Workplace(t, page);
  const boxes = new Set(rowsOf(page, "box").map(([box]) => box));
  const told = async (text, env, expected) => {
    place.write("open.toml", text);
    const { code, errors } = await place.start("open", { text: "fanfare config --check open.toml --production", env }).ended();
    assert.equal(code, 1, errors);
    for (const [, box] of errors.matchAll(/ \[([^\]]+)\]$/gm)) assert.ok(boxes.has(box), box);
    for (const box of expected) assert.match(errors, new RegExp(` \\[${box}\\]$`, "m"));
    return errors;
  };
  const weak = { FANFARE_AUTH__SECRET: "changeme".repeat(8) };
  const errors = await told('[server]\nlisten = ["0.0.0.0:8000"]\ndrain_ms = 0\n[auth]\nquery_token = true\n[publish]\nkeys = ["one-key-for-each-back-end"]\n'
    + '[cors]\norigins = ["*"]\n[log]\nformat = "text"\n', weak,
  ["TLS", "Secrets", "Service keys", "Tokens", "Origins", "History", "Limits", "Rates", "Metrics", "Dashboard", "Logs", "Upgrades"]);
  const line = /^fanfare: (production\.toml:2: warning: .*)$/m.exec(readFileSync(root + page, "utf8"))[1];
  assert.ok(errors.includes(line.replace("production.toml", "open.toml")), "the page's example is what is said");
  await told('[history]\nbackend = "redis"\n[redis]\nurl = "redis://store.example:6379"\n', weak, ["Redis"]);
});

test("box by box: each has its keys and the tests that cover it", async (t) => {
  const place = new Workplace(t, page);
  const keys = await place.run("keys", { text: "fanfare config --show" });
  const text = readFileSync(root + page, "utf8");
  for (const [box, setting, command, tests] of rowsOf(page, "box")) {
    assert.match(text, new RegExp(`^- \\[ \\] \\*\\*${box}\\b`, "m"), `the list has ${box}`);
    for (const [, key] of setting.matchAll(/`([^`]+)`/g)) assert.ok(keys.includes(`${key} = `), key);
    assert.ok(command, box);
    for (const one of tests.split("; ")) {
      const [, path, names] = /^`([^`]+)`: (.+)$/.exec(one);
      const content = readFileSync(`${root}tests/${path}`, "utf8");
      assert.ok(content.includes(names) || names.split(", ").every((name) => content.includes(name)), `${path}: ${names}`);
    }
  }
});

test("behind nginx: polling, the upgrade and WebSockets work, and what is inside stays inside", async (t) => {
  const place = new Workplace(t, page);
  const { secret, key, ...options } = await prepare(place);
  const server = await place.serve(options);
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
