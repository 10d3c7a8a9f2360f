// docs/guide/sizing.md: its figures are the measured ones, its reckoning adds up, its configuration is good, its command measures.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Workplace, root, rowsIn } from "./guide.mjs";

const page = "docs/guide/sizing.md";
const measured = readFileSync(`${root}docs/reference/performance.md`, "utf8");
const number = (text) => Number(/[\d,.]+/.exec(text)[0].replaceAll(",", ""));
/** The largest of the three runs. */
const worst = (what) => Math.max(...measured.split("\n").find((line) => line.startsWith(`| ${what}`)).split("|").slice(2, 5).map(number));

test("the figures are those that were measured, the worst of the runs, rounded up", () => {
  const costs = rowsIn(page, "What each costs").map(([, cost]) => number(cost));
  assert.equal(costs[0], Math.ceil(worst("a connection in two rooms") / 100) / 10);
  assert.equal(costs[1], worst("an event kept in memory"));
  assert.equal(costs[2], worst("an event kept in a file"));
  assert.ok(readFileSync(`${root}docs/guide/nodes.md`, "utf8").includes("an event of 266 bytes of JSON took 541 bytes"));
  assert.equal(costs[4], worst("a delivery"));
  assert.ok(measured.includes("costs the server 3 to 8 KiB"));
  const text = readFileSync(root + page, "utf8");
  for (const [, figure] of text.split("events a second |")[1].split("On two cores")[0].matchAll(/\| ([\d,]+) \|$/gm)) assert.ok(measured.includes(`| ${figure} `), figure);
});

test("the reckoning adds up", () => {
  const factors = { kB: 1e3, MB: 1e6, GB: 1e9, "µs": 1e-6 };
  const value = (text) => number(text) * (factors[/(kB|MB|GB|µs)/.exec(text)?.[1]] ?? 1);
  const rows = rowsIn(page, "An example");
  assert.equal(rows.length, 6);
  for (const [what, reckoning, shown] of rows) {
    const [left, right] = reckoning.split(" × ").map(value);
    const result = shown.includes("%") ? number(shown) / 100 : value(shown);
    assert.ok(Math.abs(left * right / result - 1) < 0.02, `${what}: ${left * right} is not ${result}`);
  }
  const costs = rowsIn(page, "What each costs").map(([, cost]) => cost.split(" of ")[0]);
  for (const [row, cost] of [[1, 0], [3, 4], [5, 2]]) assert.ok(rows[row][1].endsWith(costs[cost]), rows[row][1]);
});

test("the configuration is good, and holds the example", async (t) => {
  const place = new Workplace(t, page);
  const secret = '[auth]\nsecret = "at least thirty-two bytes that you keep"\n';
  place.write("sizing.toml", secret + place.block("sizing.toml"));
  assert.match(await place.run("check"), /good/);
  const set = (name) => Number(new RegExp(`^${name} = (\\d+)`, "m").exec(place.block("sizing.toml"))[1]);
  const rows = rowsIn(page, "An example");
  assert.ok(set("connections") > number(rows[0][2]) && set("events_max") > number(rows[4][2]) && set("bytes_max") > number(rows[5][2]) * 1e9);
});

test("the command measures", async (t) => {
  const place = new Workplace(t, page);
  const text = place.block("measure").trim().replace("build/release", `${place.home}/build/release`).replace("bench/", `${root}bench/`).replace("5000 100000", "100 1000");
  const shown = await place.run("measure", { text });
  for (const what of ["a connection in two rooms, WebSocket: ", "a delivery, one event to 100 at a time: ", "an event in memory: ", "the event: 350 bytes", "an event on disk: "]) {
    assert.ok(shown.includes(what), `${what} in ${shown}`);
  }
});
