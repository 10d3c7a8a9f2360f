// `fanfare serve --dev`, as `./dev run` starts it: the lines it prints are pasted into a shell.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connect } from "./client.mjs";
import { DashboardPage } from "./dashboard_page.mjs";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Server, within } from "./server.mjs";

test("the printed lines, pasted", async () => {
  // A newcomer has configured nothing.
  const server = await Server.start({ args: ["--dev"], settings: { "auth.secret": null, "publish.keys": null } });
  const folder = mkdtempSync(join(tmpdir(), "fanfare-dev-"));
  symlinkSync(new URL("node_modules", import.meta.url).pathname, join(folder, "node_modules"));
  const running = [];
  // Runs a line; what it gives waits for a line of output.
  const paste = (line) => {
    const child = spawn("bash", ["-c", "exec " + line], {
      cwd: folder, stdio: ["ignore", "pipe", "inherit"],
      // Debian's python3 is the one that has python-socketio.
      env: { ...process.env, PYTHONUNBUFFERED: "1", PATH: `/usr/bin:${process.env.PATH}` },
    });
    running.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return async (wanted) => {
      for (;;) {
        const { value, done } = await within(30000, lines.next(), `${wanted} from ${line}`);
        if (done) throw new Error(`ended without ${wanted}: ${line}`);
        if (wanted.test(value)) return value;
      }
    };
  };
  try {
    const readers = [await server.printed("node "), await server.printed("python3 ")].map(paste);
    for (const reads of readers) await reads(/^subscribed/);
    await paste(await server.printed("curl "))(/"accepted":1/);
    for (const reads of readers) await reads(/^project\.updated/);
    const minted = await paste("env " + await server.printed("FANFARE_AUTH__SECRET="))(/^eyJ/);
    (await connect(server.url, minted)).disconnect();
    const token = (await server.printed("token ")).split(/\s+/)[1];
    (await connect(server.url, token)).disconnect();
  } finally {
    running.forEach((child) => child.kill());
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});

test("the dashboard opens: hints, examples that are seen, faults where they arose, a restart outlived", async () => {
  const newcomer = { "auth.secret": null, "publish.keys": null };
  let server = await Server.start({ args: ["--dev"], settings: newcomer });
  const proxy = await Proxy.to(server.url); // one address, whichever port the server gets
  const page = await DashboardPage.open(proxy.url + "/");
  const isLive = () => page.waitFor(`document.querySelector("#link")?.innerText === "live"`);
  try {
    // Signed in by itself, at the first tab; and a line to paste that names the address which the person sees.
    await isLive();
    assert.equal(await page.evaluate(`document.querySelector("nav a").innerText`), "Live");
    assert.equal(await page.evaluate(`document.querySelector("[aria-current=page]").innerText`), "Live");
    await page.press("Publish, with curl");
    await page.sees(`curl ${proxy.url}/api/v1/events`);
    await page.press("Subscribe");
    await page.sees("Listening to project:p1");
    await page.waitFor(`eyes.field("Event type").options.length > 1`);
    const types = await page.evaluate(`[...eyes.field("Event type").options].map(({ value }) => value)`);
    assert.ok(types.includes("ai.suggestion"));
    const publish = () => page.evaluate(`document.getElementById("publish").requestSubmit()`);
    for (const type of types) {
      await page.fill("Event type", type);
      await page.waitFor(`document.querySelector("#publish button").disabled === false && document.getElementById("data-project_id")?.value === "p1"`);
      await publish();
      await page.sees(`Published ${type} as`);
      await page.waitFor(`document.querySelector(".events tbody")?.innerText.includes("${type}")`);
    }
    await page.fill("Event type", "project.updated");
    await page.waitFor(`eyes.field("changes")`);
    await page.fill("changes", "{");
    await publish();
    await page.waitFor(`document.getElementById("data-changes-fault")?.innerText.includes("no JSON")`);
    await page.fill("changes", "[]");
    await publish();
    await page.waitFor(`/\\/changes/.test(document.getElementById("data-changes-fault")?.innerText)`);
    assert.equal(await page.evaluate(`document.getElementById("listen-note").innerText`), "Listening to project:p1");

    const before = server.url;
    await server.stop();
    server = await Server.start({ args: ["--dev"], settings: newcomer });
    assert.notEqual(server.url, before);
    proxy.target = new URL(server.url);
    await page.waitFor(`!document.body.innerText.includes("cannot be reached")`);
    await isLive();
    await server.publish({ type: "project.updated", data: { project_id: "p1", changes: { after: "the restart" } } },
      { key: (await server.printed("key ")).split(/\s+/)[1] });
    await page.sees("the restart"); // the room has been joined again
  } finally {
    await page.close();
    await proxy.cut();
    await server.stop();
  }
});
