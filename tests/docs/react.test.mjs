// docs/guide/react.md as it stands: its files in a project as Vite makes them, built, type-checked and shown in a browser.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build, createServer } from "vite";
import { Browser } from "../interop/browser.mjs";
import { Workplace, root, rowsOf, unquoted } from "./guide.mjs";

const page = "docs/guide/react.md";
const sdk = `${root}sdk/typescript`;

/** What `npm create vite` and the page's `npm install` lay out. */
function project(place) {
  const modules = join(place.folder, "node_modules");
  rmSync(modules);
  mkdirSync(join(modules, "@fanfare/client"), { recursive: true });
  for (const part of ["package.json", "dist"]) cpSync(join(sdk, part), join(modules, "@fanfare/client", part), { recursive: true });
  for (const name of ["react", "react-dom", "socket.io-client", "@types/react", "@types/react-dom", "@types/node", "csstype", "@types/prop-types"]) {
    mkdirSync(join(modules, name, ".."), { recursive: true });
    if (existsSync(join(sdk, "node_modules", name))) symlinkSync(join(sdk, "node_modules", name), join(modules, name));
  }
  for (const name of ["vite", "@vitejs"]) symlinkSync(`${root}tests/docs/node_modules/${name}`, join(modules, name));
  place.write("package.json", '{"private": true, "type": "module"}');
  place.write("index.html", '<!doctype html><div id="root"></div><script type="module" src="/src/main.tsx"></script>');
  place.write("src/main.tsx", `import { StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import App from "./App.tsx";
    createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);`);
  place.write("tsconfig.json", JSON.stringify({ include: ["src", "vite.config.ts"], compilerOptions: { target: "es2022", lib: ["es2022", "dom", "dom.iterable"],
    module: "esnext", moduleResolution: "bundler", jsx: "react-jsx", strict: true, noEmit: true, skipLibCheck: true, types: [],
    allowImportingTsExtensions: true, verbatimModuleSyntax: true, noUnusedLocals: true, noUnusedParameters: true } }));
  for (const name of ["vite.config.ts", "src/App.tsx", "src/Workflow.tsx"]) place.write(name);
}

test("the page's files: types, build, and live in a browser", async (t) => {
  const place = new Workplace(t, page);
  const tokens = new Workplace(t, "docs/guide/tokens.md");
  tokens.replace("--port 9000", "--port 0 2>&1");
  tokens.write("tokens.py");
  const backEnd = tokens.start("back-end");
  let port;
  while (!port) port = /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(await backEnd.line())?.[1];
  place.replace("127.0.0.1:9000", `127.0.0.1:${port}`);
  const server = await place.serve();
  project(place);

  try {
    execFileSync(process.execPath, [`${sdk}/node_modules/typescript/bin/tsc`, "-p", place.folder], { encoding: "utf8" });
  } catch (failure) {
    assert.fail(failure.stdout);
  }
  await build({ root: place.folder, logLevel: "error" });
  assert.ok(existsSync(join(place.folder, "dist/index.html")));

  const vite = await createServer({ root: place.folder, logLevel: "error", server: { host: "127.0.0.1", port: 0, hmr: false } });
  await vite.listen();
  t.after(() => vite.close());
  const browser = await Browser.open(`http://127.0.0.1:${vite.httpServer.address().port}/`);
  t.after(() => browser.close());
  await browser.waitForText("live");
  await place.run("publish");
  await browser.waitFor("document.querySelector('progress')?.value === 42");
  const failed = { type: "workflow.failed", data: { workflow_id: "w1", project_id: "123", error: "no disk" } };
  assert.equal((await server.publish(failed, { key: "a-service-key-of-yours" })).status, 202);
  await browser.waitForText("no disk");
});

test("the options of the table are those there are", () => {
  const source = readFileSync(`${sdk}/src/room.ts`, "utf8");
  const options = [.../^export interface SubscribeOptions \{\n(.*?)^\}/ms.exec(source)[1].matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  assert.deepEqual(rowsOf(page, "option").map(([cell]) => unquoted(cell)), options);
});

test("the package is copied, not linked: what it imports is the project's", (t) => {
  const place = new Workplace(t, page);
  assert.match(place.block("create"), /--install-links \.\.\/sdk\/typescript socket\.io-client/);
});
