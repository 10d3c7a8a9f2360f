// docs/guide/quick.md: its blocks run, its lists are the program's, and it is one sheet of paper.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "node:test";
import { Browser } from "../interop/browser.mjs";
import { program } from "../interop/server.mjs";
import { Workplace, root, rowsOf, unquoted } from "./guide.mjs";

const page = "docs/guide/quick.md";
const text = readFileSync(root + page, "utf8");

test("the blocks", async (t) => {
  const place = new Workplace(t, page);
  await place.serve();
  assert.match(await place.run("shell"), /good/);
  place.write("quick.mjs");
  const token = execFileSync(program, ["token", "-c", join(place.folder, "fanfare.toml"), "--sub", "a", "--project", "123"], { encoding: "utf8" }).trim();
  const client = place.start("client", { text: "node quick.mjs", env: { TOKEN: token } });
  assert.match(await client.line(), /Atlas/); // the last ten come first
  assert.equal(await client.line(), "true");
  const [published, history] = (await place.run("curl")).split("}{");
  assert.match(published, /"accepted":1/);
  assert.match(history, /"seven"/);
});

test("the commands, types, codes and paths are the program's", () => {
  const guide = readFileSync(`${root}docs/guide/server.md`, "utf8");
  const generated = [...guide.matchAll(/^\| \[`([\w.]+)`\]\(\S+\) `(\{.*?\})` \| (`.*?`) \|/gm)].map(([, name, argument, ack]) => [`\`${name} ${argument}\``, ack]);
  assert.deepEqual(rowsOf(page, "client sends"), generated);
  const catalogue = execFileSync(program, ["events", "--format", "typescript"], { encoding: "utf8" });
  const types = [...catalogue.split("domainEventTypes = [")[1].split("]")[0].matchAll(/"(\w+)\.(\w+)"/g)].map(([, kind, name]) => [kind, name]);
  const row = /^\| types \| (.*) \|$/m.exec(text)[1];
  const told = row.split(" · ").flatMap((part) => { const [, kind, names] = /`(\w+)\.` (.*)/.exec(part); return names.split(", ").map((name) => [kind, name]); });
  assert.deepEqual(told, types);
  const socketio = readFileSync(`${root}docs/reference/socketio.md`, "utf8");
  const codes = [.../The codes: (.*)\. With/.exec(socketio)[1].matchAll(/`(\w+)`/g)].map(([, code]) => code);
  assert.deepEqual([.../^\| connect_error \| (.*) \|$/m.exec(text)[1].matchAll(/`(\w+)`/g)].map(([, code]) => code), codes);
  const http = readFileSync(`${root}docs/reference/http.md`, "utf8");
  for (const [, list] of /^\| HTTP \| (.*) \|$/m.exec(text)[1].matchAll(/`([^`]+)`/g)) {
    assert.ok(http.includes(`${list.split(" ").at(-1)}\n`), list);
  }
  assert.equal(typeof unquoted("`x`"), "string");
});

test("printed, it is one page", async (t) => {
  const place = new Workplace(t, page);
  const site = join(place.folder, "site");
  execFileSync(`${root}build/site-venv/bin/mkdocs`, ["build", "--quiet", "--strict", "--site-dir", site], { cwd: root, env: { ...process.env, NO_MKDOCS_2_WARNING: "1" } });
  const browser = await Browser.open(pathToFileURL(join(site, "guide/quick/index.html")).href);
  t.after(() => browser.close());
  const { data } = await browser.call("Page.printToPDF", { paperWidth: 8.27, paperHeight: 11.69 });
  const pages = Buffer.from(data, "base64").toString("latin1").match(/\/Type \/Page\b(?!s)/g).length;
  assert.equal(pages, 1);
});
