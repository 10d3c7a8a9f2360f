// docs/guide/tutorial.md, letter by letter: its commands, its three programs on free ports, its page in a browser, and the kill.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Browser } from "../interop/browser.mjs";
import { Workplace, root } from "./guide.mjs";
import { check, layOut } from "./vite_project.mjs";

const page = "docs/guide/tutorial.md";
const venv = `${root}build/venv`;

/** The line that the program prints when it is there; gives what the expression's group finds. */
async function printed(program, expression) {
  for (;;) {
    const found = expression.exec((await program.line()).replace(/\u001b\[\d+m/g, ""));
    if (found) return found[1];
  }
}

/** The page's folder, made by its first command; every other begins in there. */
async function folderOf(place) {
  await place.run("folder");
  place.folder = join(place.folder, "live-page");
  for (const name of ["fanfare.toml", "app.py"]) place.write(name);
}

test("what is installed is what there is, and what the page uses", async (t) => {
  const place = new Workplace(t, page);
  const [, packages] = /pip install \.\.\/sdk\/python (.*)/.exec(place.block("install-back-end"));
  execFileSync(`${venv}/bin/pip`, ["show", "-q", ...packages.split(" ")]);
  assert.match(place.block("create-web"), /--template react-ts\ncd web\n/);
  assert.ok(existsSync(join(root, "sdk/typescript")) && place.block("create-web").includes("--install-links ../../sdk/typescript socket.io-client"));
  assert.equal(/secret = (".*")/.exec(place.block("fanfare.toml"))[1], /^SECRET = (".*?")/m.exec(place.block("app.py"))[1]);
  assert.ok(place.block("fanfare.toml").includes(`"${/FANFARE_KEY=(\S+)/.exec(place.block("back-end"))[1]}"`));
  const readme = readFileSync(`${root}README.md`, "utf8");
  assert.ok(readme.includes("./dev build release") && readme.includes("build/release/bin/fanfare"));
});

test("its commands, its page, and Fanfare killed meanwhile", async (t) => {
  const place = new Workplace(t, page);
  await folderOf(place);

  const serve = (listen) => place.start("fanfare", { text: `exec ${place.block("fanfare").trim()} --listen ${listen}` });
  let fanfare = serve("127.0.0.1:0");
  const url = await printed(fanfare, /^fanfare listening on (http:\/\/127\.0\.0\.1:\d+)/);
  const env = { FANFARE_URL: url };
  place.replace("127.0.0.1:8000", new URL(url).host);

  symlinkSync(venv, join(place.folder, "venv")); // what the page's pip makes
  place.replace("asyncio.sleep(0.5)", "asyncio.sleep(0.01)");
  place.write("app.py");
  const backEnd = place.start("back-end", { text: `exec env ${place.block("back-end").trim().replace("9000", "0 2>&1")}`, env });
  const backEndUrl = await printed(backEnd, /Uvicorn running on (http:\/\/127\.0\.0\.1:\d+)/);
  place.replace("127.0.0.1:9000", new URL(backEndUrl).host);
  const listening = place.start("try", { env });
  assert.match(await listening.line(), /^\{"id":"[0-9a-f]{6}"\}\{/); // curl's answer has no end of line
  const last = await printed(listening, /"type":"(workflow\.completed)"/);
  assert.equal(last, "workflow.completed");
  listening.stop();

  layOut(join(place.folder, "web"), Object.fromEntries(["vite.config.ts", "src/App.tsx"].map((name) => [name, place.block(name)])));
  await check(join(place.folder, "web"));
  const vite = "exec node node_modules/vite/bin/vite.js --host 127.0.0.1 --port 0";
  const web = place.start("web", { text: place.block("web").replace("npm run dev", vite) });
  const address = await printed(web, /Local: +(http:\/\/127\.0\.0\.1:\d+\/)/);
  const [one, other] = [await Browser.open(address), await Browser.open(address)];
  t.after(() => Promise.all([one.close(), other.close()]));
  await Promise.all([one, other].map((browser) => browser.waitForText("live")));

  const press = "document.querySelector('button').click()";
  await one.evaluate(press);
  await Promise.all([one, other].map((browser) => browser.waitForText(" done")));

  // The second build has begun when Fanfare goes, and is told when it is back.
  await Promise.all([one, other].map((browser) => browser.evaluate("window.loadedOnce = true")));
  fanfare.stop();
  await fanfare.ended();
  await Promise.all([one, other].map((browser) => browser.waitForText("joining")));
  await other.evaluate(press);
  fanfare = serve(new URL(url).host);
  await printed(fanfare, /^fanfare listening on (\S+)/);
  for (const browser of [one, other]) {
    await browser.waitForText("live");
    await browser.waitFor("[...document.querySelectorAll('p')].filter((line) => line.innerText.endsWith('done')).length === 2");
    assert.equal(await browser.evaluate("window.loadedOnce"), true);
    assert.deepEqual(browser.console.filter((line) => line.includes("Error:")), []);
  }
});
