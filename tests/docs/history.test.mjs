// docs/guide/history.md as it stands: commands on the file of a running server, a backup that is put back, an erasure.
// What survives kill -9: tests/interop/guide.test.mjs and tests/chaos.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ask, connect } from "../interop/client.mjs";
import { jwt } from "../interop/server.mjs";
import { Workplace, blocksOf, rowsOf } from "./guide.mjs";

const page = "docs/guide/history.md";
const secret = "at least thirty-two bytes that you keep", key = "a-service-key-of-yours";
const settings = { "auth.secret": secret, "publish.keys": key };

test("stats, export, backup, going back, erasing", async (t) => {
  const place = new Workplace(t, page);
  place.write("history.toml");
  assert.match(place.block("serve"), /^fanfare serve --config history\.toml$/m);
  await place.serve({ config: "history.toml", settings });
  const publish = async (n, data = {}) => {
    const answer = await place.server.publish({ type: "project.updated", data: { project_id: "123", changes: { n }, ...data } }, { key });
    assert.equal(answer.status, 202);
    return answer.body.events[0].cursor;
  };
  await publish(1);
  await publish(2, { updated_by: "alice" });

  const shown = await place.run("stats");
  const sample = /^```text\n(events .*?)```$/ms.exec(readFileSync(new URL(`../../${page}`, import.meta.url), "utf8"))[1];
  const names = (text) => text.trim().split("\n").map((line) => line.slice(0, 14).trim());
  assert.deepEqual(names(shown), names(sample));
  assert.match(shown, /^events +2$/m);

  await place.run("export");
  const lines = readFileSync(join(place.folder, "events.ndjson"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ data }) => data.changes.n), [1, 2]);

  assert.match(await place.run("backup"), /good: 2 events/);
  const seen = await publish(3); // not in the copy
  await place.server.stop();
  await place.run("restore");
  await place.serve({ config: "history.toml", settings });
  const socket = await connect(place.server.url, jwt({}, { key: secret }));
  const came = [];
  socket.on("project.updated", ({ data }) => came.push(data.changes.n));
  const answer = await ask(socket, "subscribe", { room: "project:123", since: seen });
  assert.equal(answer.recovered, false, "what was seen after the copy is not in it");
  socket.disconnect();

  assert.equal(await place.run("erase"), "deleted 1 event\ndeleted 1 event");
  assert.match(await place.run("stats"), /^events +0$/m);
});

test("the table of commands is the program's", async (t) => {
  const place = new Workplace(t, page);
  const help = await place.run("help", { text: "fanfare history --help" });
  const commands = [...help.split("Subcommands:\n")[1].matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
  const told = new Set(rowsOf(page, "command").map(([cell]) => /`(\w+)/.exec(cell)[1]));
  assert.deepEqual(told, new Set(commands));
  assert.ok(blocksOf(page).has("erase"));
});
