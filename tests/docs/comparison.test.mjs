// The README's table and figures: each row has its sources, each figure stands where it was measured, with a command that there is.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root, rowsIn } from "./guide.mjs";

const page = "docs/reference/comparison.md";
const text = (path) => readFileSync(root + path, "utf8");
const linksOf = (cell) => [...cell.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);

test("the README's table is the page's, and dated alike", () => {
  assert.deepEqual(rowsIn("README.md", "Beside others"), rowsIn(page, "Where each row comes from").map(([name]) => rowsOfFirst().find(([first]) => first === name)));
  const date = /As of (\d{4}-\d\d-\d\d)/;
  assert.equal(date.exec(text("README.md"))[1], date.exec(text(page))[1]);
});

/** The page's first table. */
function rowsOfFirst() {
  return text(page).split("## ")[0].split("\n").filter((line) => line.startsWith("| ")).slice(1).map((line) => line.slice(2, -2).split(" | "));
}

test("every claim has a source; ours is a file that is there", () => {
  const rows = rowsIn(page, "Where each row comes from");
  assert.ok(rows.length >= 12);
  for (const [name, ours, ...others] of rows) {
    const links = linksOf(ours);
    assert.ok(links.length > 0, name);
    for (const link of links) assert.ok(existsSync(join(root, dirname(page), link.split("#")[0])), `${name}: ${link}`);
    for (const other of others) {
      assert.ok(other.length > 0, name);
      for (const link of linksOf(other)) assert.match(link, /^https:\/\//, name);
    }
  }
});

test("the versions are those that the tests run beside it", () => {
  const version = (path) => JSON.parse(text(path)).version;
  assert.ok(text(page).includes(`socket.io ${version("tests/interop/node_modules/socket.io/package.json")}`));
  assert.ok(text(page).includes(`python-socketio ${/python-socketio==(.*)/.exec(text("sdk/python/tests/requirements.txt"))[1]}`));
});

test("the README's figures are those of the performance page, by commands that there are", () => {
  const measured = text("docs/reference/performance.md");
  const part = text("README.md").split("## Figures")[1].split("\n## ")[0];
  const figures = part.match(/\d{1,3}(?:,\d{3})+/g);
  assert.ok(figures.length >= 10);
  for (const figure of figures) assert.ok(measured.includes(figure), figure);
  for (const [, command] of part.matchAll(/`\.\/dev ([a-z]+ [a-z]+)`/g)) {
    assert.ok(measured.includes(`./dev ${command}`), command);
    assert.ok(text(`tools/dev/${command.split(" ")[0]}.sh`).includes(command.split(" ")[1]), command);
  }
});
