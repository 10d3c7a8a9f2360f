// The package as a user gets it: from a fresh checkout by `npm install FOLDER`, and as a tarball by `npm pack`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "fanfare-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const checkout = join(folder, "checkout");
cpSync(root, checkout, { recursive: true, filter: (file) => !/\/(node_modules|dist|tests)$/.test(file) });

/** What a program of the user's prints that imports the package's entries. */
function use(app) {
  const program = `import { FanfareClient } from "@fanfare/client";
    import { useRoom } from "@fanfare/client/react";
    import { startFanfare } from "@fanfare/client/testing";
    console.log(typeof FanfareClient, typeof useRoom, typeof startFanfare);`;
  writeFileSync(join(app, "main.mjs"), program);
  return execFileSync(process.execPath, ["--preserve-symlinks", "main.mjs"], { cwd: app, encoding: "utf8" }).trim();
}

test("the tarball holds what its entries name, and works when it is installed", () => {
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules")); // the compiler, which npm ci would bring
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--silent"],
    { cwd: checkout, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
  const files = new Set(packed.files.map(({ path }) => path));
  const { main, types, exports } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
  for (const entry of [main, types, ...Object.values(exports).flatMap((each) => Object.values(each))]) {
    assert.ok(files.has(entry.replace("./", "")), `${entry} is missing among ${[...files]}`);
  }
  assert.ok(files.has("README.md"));
  assert.ok(![...files].some((file) => file.startsWith("src/") || file.startsWith("dist/readme/")), `${[...files]}`);

  const app = join(folder, "app");
  const installed = join(app, "node_modules/@fanfare/client");
  cpSync(join(root, "node_modules"), join(app, "node_modules"), { recursive: true, dereference: false });
  execFileSync("mkdir", ["-p", installed]);
  execFileSync("tar", ["xzf", join(checkout, packed.filename), "-C", installed, "--strip-components=1"]);
  assert.equal(use(app), "function function function");
});

test("preparing builds what the entries name", () => {
  rmSync(join(checkout, "dist"), { recursive: true, force: true });
  execFileSync("npm", ["run", "--silent", "prepare"], { cwd: checkout, stdio: ["ignore", "ignore", "inherit"] });
  assert.ok(existsSync(join(checkout, "dist/index.js")) && existsSync(join(checkout, "dist/react.d.ts")));
});
