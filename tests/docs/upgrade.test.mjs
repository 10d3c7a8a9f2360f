// docs/guide/upgrade.md: its commands around a restart, what clients and publishers notice of it, a file of a newer version, and the way back.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FanfareClient } from "../../sdk/typescript/dist/index.js";
import { Arrivals } from "../../sdk/typescript/tests/lab.mjs";
import { jwt, within } from "../interop/server.mjs";
import { Workplace, root, rowsIn } from "./guide.mjs";

const page = "docs/guide/upgrade.md";
const secret = "at least thirty-two bytes that you keep", key = "a-service-key-of-yours";
const update = (n) => ({ type: "project.updated", data: { project_id: "123", changes: { n } } });

test("checked, copied, restarted: clients and publishers lose nothing; and back", async (t) => {
  const place = new Workplace(t, page);
  place.write("fanfare.toml");
  let server, url;
  const start = async (listen) => {
    server = place.start("start", { text: `exec ${place.block("start").trim()} --listen ${listen}`, env: { FANFARE_SERVER__DRAIN_MS: "0" } });
    let found;
    while (!found) found = /^fanfare listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(await server.line());
    url = found[1];
  };
  const stop = async () => {
    server.stop();
    assert.equal((await server.ended()).code, 0);
  };
  const headers = { "x-api-key": key, "content-type": "application/json" };
  const publish = async (n) => {
    const answer = await fetch(`${url}/api/v1/events`, { method: "POST", headers, body: JSON.stringify(update(n)) });
    assert.equal(answer.status, 202);
  };
  await start("127.0.0.1:0");

  const arrivals = new Arrivals(), gaps = new Arrivals();
  const client = new FanfareClient({ url, getToken: () => jwt({}, { key: secret }), socket: { forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50 } });
  t.after(() => client.close());
  const subscription = client.subscribe("project:123", { "*": (event) => arrivals.push(event.data.changes.n) }, { onGap: () => gaps.push(true) });
  await subscription.ready;
  await publish(1);
  await arrivals.until(1);

  assert.match(await place.run("before"), /^fanfare \d+\.\d+\.\d+\nfanfare\.toml: good\nbefore\.db: written$/);

  // At the same address: a back-end's SDK tries again meanwhile.
  const listen = new URL(url).host;
  await stop();
  const publisher = place.start("back-end", { text: `exec python - <<'END'
from fanfare.sync import get_broadcaster
get_broadcaster().broadcast_project_updated(project_id="123", changes={"n": 2})
END`, env: { FANFARE_URL: url, FANFARE_KEY: key } });
  await start(listen);
  assert.equal((await publisher.ended()).code, 0);
  await publish(3);
  assert.deepEqual(await arrivals.until(3), [1, 2, 3]);
  assert.deepEqual(gaps.list, []);
  await stop();

  // A newer version was here.
  const mark = `import sqlite3\nfile = sqlite3.connect("fanfare.db")\nfile.execute("PRAGMA user_version=99")\nfile.commit()`;
  execFileSync("python3", ["-c", mark], { cwd: place.folder });
  const refused = await place.start("start", { text: `${place.block("start").trim()} --listen 127.0.0.1:0` }).ended();
  assert.deepEqual([refused.code, refused.errors], [2, place.block("refusal")]);
  await place.run("back");
  await start(listen);
  await within(30000, gaps.until(1), "the client's gap");
  const history = await fetch(`${url}/api/v1/rooms/project%3A123/history`, { headers });
  assert.deepEqual((await history.json()).events.map(({ data }) => data.changes.n), [1]);
});

test("a key that is gone is told with the nearest that there is", async (t) => {
  const place = new Workplace(t, page);
  place.write("fanfare.toml", `${place.block("fanfare.toml")}\n[limits]\nrecovered_events = 5\n`);
  const { code, errors } = await place.start("check", { text: place.block("before").split("\n")[1] }).ended();
  assert.deepEqual([code, errors], [2, 'fanfare: fanfare.toml:11: unknown key "limits.recovered_events"; did you mean "limits.recovered_bytes"?\n']);
});

test("the notes name each release, and keys that there are", () => {
  const changelog = readFileSync(`${root}CHANGELOG.md`, "utf8");
  const configuration = readFileSync(`${root}docs/reference/configuration.md`, "utf8");
  const notes = rowsIn(page, "Notes");
  for (const [, release] of changelog.matchAll(/^## \[(\d+\.\d+)/gm)) assert.ok(notes.some(([to]) => to === release), release);
  for (const [, text] of notes) {
    for (const [, name] of text.matchAll(/`((?:limits|cors)\.\w+)`/g)) {
      assert.equal(configuration.includes(`\`${name}\``), !text.includes(`\`${name}\` is gone`), name);
    }
  }
});
