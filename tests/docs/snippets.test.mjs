// Every block of every page of the guide is named, and run by a test: one that names the page and the block.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { blocksOf, root } from "./guide.mjs";

const compiled = ["docs/guide/library.md"]; // its C++ and CMake: tests/docs/CMakeLists.txt and tests/consumer
const pages = [...readdirSync(`${root}docs/guide`).map((name) => `docs/guide/${name}`), "SECURITY.md"];
const tests = ["tests/docs", "tests/interop"].flatMap((folder) => readdirSync(root + folder)
  .filter((name) => name.endsWith(".test.mjs")).map((name) => readFileSync(`${root}${folder}/${name}`, "utf8")));

for (const page of pages.filter((page) => !compiled.includes(page))) {
  test(page, () => {
    const about = tests.filter((text) => text.includes(page)).join("\n");
    for (const name of blocksOf(page).keys()) {
      assert.ok(new RegExp(`["\`]${name.replaceAll(".", "\\.")}["\`]`).test(about), `no test runs the block ${name}`);
    }
  });
}
