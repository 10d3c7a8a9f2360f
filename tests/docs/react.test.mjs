// docs/guide/react.md as it stands: its files in a project as Vite makes them, built, type-checked and shown in a browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createServer } from "vite";
import { Browser } from "../interop/browser.mjs";
import { Workplace, rowsOf, unquoted } from "./guide.mjs";
import { check, layOut, sdk } from "./vite_project.mjs";

const page = "docs/guide/react.md";
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
  layOut(place.folder, Object.fromEntries(["vite.config.ts", "src/App.tsx", "src/Workflow.tsx"].map((name) => [name, place.block(name)])));
  await check(place.folder);

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
