// docs/reference/metrics.md against /metrics of a server that has had something of each kind to count.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ask, connect, subscriber } from "../interop/client.mjs";
import { Server, curl, jwt } from "../interop/server.mjs";
import { Workplace, root, rowsOf, unquoted } from "./guide.mjs";

const page = await readFile(new URL("../../docs/reference/metrics.md", import.meta.url), "utf8");
const rows = new Map([...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)]
  .map(([, name, type, labels, help]) => [name, { type, labels: labels === "none" ? [] : labels.replaceAll("`", "").split(", "), help }]));

/** Families of the exposition format by name. */
function families(text) {
  const found = new Map();
  for (const [, name, help] of text.matchAll(/^# HELP (\w+) (.*)$/gm)) found.set(name, { help, labels: new Set() });
  for (const [, name, type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) found.get(name).type = type;
  for (const [, name, labels] of text.matchAll(/^(\w+)\{(.*)\} /gm)) {
    for (const [, label] of labels.matchAll(/(\w+)="/g)) found.get(name).labels.add(label);
  }
  return found;
}

test("every metric of a running server is on the page, with its type, labels and help", async () => {
  const server = await Server.start({ settings: { "recovery.enabled": true, "github.secret": "a secret" } });
  await assert.rejects(connect(server.url)); // a CONNECT refused
  const { socket } = await subscriber(server.url, jwt(), "project:123", { transports: ["websocket"] });
  assert.equal((await ask(socket, "subscribe", { room: "no such room" })).error.code, "unknown_room"); // a command refused
  assert.equal((await server.publish({ type: "no.such.type", data: {} })).status, 400); // a publish request refused
  assert.equal((await curl(`${server.url}/api/v1/rooms`)).status, 401); // a request refused
  assert.equal((await curl(`${server.url}/`, ["-H", "Upgrade: nonsense", "-H", "Content-Length: x"])).status, 400); // an HTTP error
  assert.equal((await curl(`${server.url}/webhooks/github`, ["-d", "{}"])).status, 401); // a delivery
  const polls = await connect(server.url, jwt(), { transports: ["polling"] });
  polls.disconnect();
  const ended = new Promise((resolve) => socket.once("disconnect", resolve));
  socket.disconnect();
  await ended;

  const shown = families((await curl(`${server.url}/metrics`)).body);
  for (const [name, { type, labels, help }] of shown) {
    const row = rows.get(name);
    assert.ok(row, `${name} is not on the page`);
    assert.deepEqual([row.type, row.help], [type, help.replace(/\.?$/, ".").replaceAll("\\\\", "\\")], name);
    for (const label of labels) assert.ok(row.labels.includes(label), `${name}: the label ${label} is not on the page`);
    if (labels.size > 0) assert.deepEqual([...labels].sort(), row.labels, name);
  }
  for (const name of ["fanfare_connects_refused_total", "fanfare_commands_refused_total", "fanfare_publish_refused_total",
    "fanfare_requests_refused_total", "fanfare_github_deliveries_total", "fanfare_recoveries_total", "fanfare_websocket_messages_total"]) {
    assert.ok(shown.has(name), `${name} was not provoked`);
  }
  await server.stop();
});

test("the guide: its commands run, its queries name metrics and labels that there are", async (t) => {
  const place = new Workplace(t, "docs/guide/metrics.md");
  const server = await place.serve();
  assert.match(await place.run("look"), /^# TYPE fanfare_connections gauge$/m);
  await place.run("health");
  assert.equal(typeof JSON.parse(await place.run("stats")), "object");
  const read = `import json, sys, yaml; print(json.dumps([yaml.safe_load(open(name)) for name in sys.argv[1:]]))`;
  for (const name of ["prometheus.yml", "alerts.yml"]) place.write(name);
  const [scrape, alerts] = JSON.parse(execFileSync(`${root}build/site-venv/bin/python`, ["-c", read, "prometheus.yml", "alerts.yml"], { cwd: place.folder, encoding: "utf8" }));
  assert.deepEqual(scrape.scrape_configs[0].static_configs[0].targets, [new URL(server.url).host]);
  const queries = [...alerts.groups[0].rules.map(({ expr }) => expr), ...rowsOf("docs/guide/metrics.md", "question").map(([, cell]) => unquoted(cell))];
  for (const query of queries) {
    for (const [name, labels] of [...query.matchAll(/\b((?:fanfare|process)_\w+)(\{[^}]*\})?/g)].map(([, ...found]) => found)) {
      assert.ok(rows.has(name), `${query}: there is no ${name}`);
      for (const [, label] of (labels ?? "").matchAll(/(\w+)[=!]/g)) assert.ok(rows.get(name).labels.includes(label), `${query}: ${name} has no label ${label}`);
    }
  }
});
