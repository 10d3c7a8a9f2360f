// What `npm create vite` and a page's `npm install` lay out, from what is installed here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "vite";
import { root } from "./guide.mjs";

export const sdk = `${root}sdk/typescript`;

const main = `import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import App from "./App.tsx";
createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);`;

const types = { include: ["src", "vite.config.ts"], compilerOptions: { target: "es2022", lib: ["es2022", "dom", "dom.iterable"],
  module: "esnext", moduleResolution: "bundler", jsx: "react-jsx", strict: true, noEmit: true, skipLibCheck: true, types: [],
  allowImportingTsExtensions: true, verbatimModuleSyntax: true, noUnusedLocals: true, noUnusedParameters: true } };

/** A project of Vite's template react-ts in the folder, with the SDK, and the files of the page by name. */
export function layOut(folder, files) {
  const modules = join(folder, "node_modules");
  rmSync(modules, { force: true });
  mkdirSync(join(modules, "@fanfare/client"), { recursive: true });
  for (const part of ["package.json", "dist"]) cpSync(join(sdk, part), join(modules, "@fanfare/client", part), { recursive: true });
  for (const name of ["react", "react-dom", "socket.io-client", "@types/react", "@types/react-dom", "@types/node", "csstype", "@types/prop-types"]) {
    mkdirSync(join(modules, name, ".."), { recursive: true });
    if (existsSync(join(sdk, "node_modules", name))) symlinkSync(join(sdk, "node_modules", name), join(modules, name));
  }
  for (const name of ["vite", "@vitejs"]) symlinkSync(`${root}tests/docs/node_modules/${name}`, join(modules, name));
  const all = {
    "package.json": '{"private": true, "type": "module"}',
    "index.html": '<!doctype html><div id="root"></div><script type="module" src="/src/main.tsx"></script>',
    "src/main.tsx": main,
    "tsconfig.json": JSON.stringify(types),
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Fails unless the project's types are right and it builds. */
export async function check(folder) {
  try {
    execFileSync(process.execPath, [`${sdk}/node_modules/typescript/bin/tsc`, "-p", folder], { encoding: "utf8" });
  } catch (failure) {
    assert.fail(failure.stdout);
  }
  await build({ root: folder, logLevel: "error" });
  assert.ok(existsSync(join(folder, "dist/index.html")));
}
