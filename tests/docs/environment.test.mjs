// docs/guide/environment.md as it stands.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { program } from "../interop/server.mjs";
import { Workplace, blocksOf, rowsOf } from "./guide.mjs";

const page = "docs/guide/environment.md";

test("variables count, and their values are shown with where they came from", async (t) => {
  const place = new Workplace(t, page);
  const shown = await place.run("serve");
  for (const line of ['cors.origins = ["https://app.example.com", "https://admin.example.com"]',
    'github.projects = { "acme/*" = "p2", "acme/rocket" = "p1" }', 'history.sync = "normal"  # FANFARE_HISTORY__SYNC']) {
    assert.ok(shown.includes(line), `${line} in:\n${shown}`);
  }
  assert.match(shown, /auth\.secret = .*  # FANFARE_AUTH__SECRET/);
  assert.match(shown, /publish\.keys = .*  # FANFARE_PUBLISH__KEYS/);
  assert.doesNotMatch(shown, /a-service-key-of-yours|thirty-two/);
});

test("one underscore is told", async (t) => {
  const place = new Workplace(t, page);
  const { code, errors } = await place.start("wrong").ended();
  assert.notEqual(code, 0);
  const text = /^```text\n(.*?)```$/ms.exec((await import("node:fs")).readFileSync(new URL(`../../${page}`, import.meta.url), "utf8"))[1];
  assert.equal(errors, text);
});

test("each kind of value, and what is none", () => {
  const show = (variables) => spawnSync(program, ["config", "--show"], { env: { ...process.env, ...variables }, encoding: "utf8" });
  assert.match(show({ FANFARE_LOG__LEVEL: "debug" }).stdout, /log\.level = "debug"/);
  assert.match(show({ FANFARE_LIMITS__CONNECTIONS: "50000" }).stdout, /limits\.connections = 50000/);
  assert.match(show({ FANFARE_CORS__CREDENTIALS: "true" }).stdout, /cors\.credentials = true/);
  assert.match(show({ FANFARE_CORS__ORIGINS: "https://a.example , https://b.example" }).stdout, /\["https:\/\/a\.example", "https:\/\/b\.example"\]/);
  assert.match(show({ FANFARE_LIMITS__CONNECTIONS: "many" }).stderr, /FANFARE_LIMITS__CONNECTIONS/);
  assert.match(show({ FANFARE_GITHUB__PROJECTS: "rocket" }).stderr, /pairs: name=value,name=value/);
});

test("the variables that are no keys are those the program's help names", () => {
  const help = ["serve", "publish", "listen"].map((name) => execFileSync(program, [name, "--help"], { encoding: "utf8" })).join("");
  const named = new Set(help.match(/FANFARE_[A-Z]+/g));
  const told = rowsOf(page, "variable").map(([name]) => /`(\w+)`/.exec(name)[1]).filter((name) => name.startsWith("FANFARE_"));
  assert.deepEqual(new Set(told), named);
  assert.ok(blocksOf(page).size >= 2);
});
