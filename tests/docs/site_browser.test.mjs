// The site as a reader has it: pages ask no other host for anything, the search finds, light and dark change places.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Browser } from "../interop/browser.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const media = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json", ".svg": "image/svg+xml" };
let folder, server, origin, browser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "fanfare-site-"));
  await promisify(execFile)(`${root}build/site-venv/bin/mkdocs`, ["build", "--strict", "--quiet", "--site-dir", folder],
    { cwd: root, env: { ...process.env, NO_MKDOCS_2_WARNING: "1" } });
  server = createServer(async ({ url }, response) => {
    const path = new URL(url, "http://site").pathname;
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    const found = await readFile(file).catch(() => undefined);
    response.writeHead(found ? 200 : 404, { "Content-Type": media[extname(file)] ?? "application/octet-stream" }).end(found);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await Browser.open(`${origin}/`);
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Goes to a page, and resolves with all that it has loaded. */
async function load(path) {
  const loaded = new Promise((resolve) => (browser.loaded = resolve));
  await browser.call("Page.navigate", { url: origin + path });
  await loaded;
  return browser.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)");
}

test("no page asks another host for anything", async () => {
  for (const path of ["/", "/ARCHITECTURE/", "/guide/server/", "/reference/events/", "/sdk/typescript/"]) {
    const loaded = await load(path);
    assert.ok(loaded.length > 3, `${path} loads its styles and scripts`);
    assert.deepEqual(loaded.filter((url) => !url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)), [], path);
    assert.equal(await browser.evaluate("document.querySelectorAll('.mermaid').length"), 0);
  }
});

test("the search finds", async () => {
  await load("/");
  await browser.evaluate(`(() => {
    document.querySelector("[data-md-toggle=search]").click();
    const field = document.querySelector(".md-search__input");
    field.focus();
    field.value = "conflatable";
    field.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  })()`);
  await browser.waitFor(`[...document.querySelectorAll(".md-search-result__link")].some((link) => link.href.includes("ARCHITECTURE"))`);
});

test("light and dark", async () => {
  await load("/");
  const colour = () => browser.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await colour();
  await browser.evaluate(`document.querySelector("label[for=__palette_1]").click()`);
  await browser.waitFor(`document.body.getAttribute("data-md-color-scheme") === "slate"`);
  assert.notEqual(await colour(), light);
});
