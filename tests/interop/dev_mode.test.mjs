// `fanfare serve --dev`, as `./dev run` starts it: the lines it prints are pasted into a shell.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { Browser } from "./browser.mjs";
import { connect } from "./client.mjs";
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

test("the page: examples are seen, faults stand where they arose, a restart is outlived", async () => {
  const newcomer = { "auth.secret": null, "publish.keys": null };
  let server = await Server.start({ args: ["--dev"], settings: newcomer });
  const proxy = await Proxy.to(server.url); // one address, whichever port the server gets
  const browser = await Browser.open(proxy.url + "/");
  const submit = (form) => browser.evaluate(`document.getElementById("${form}").requestSubmit()`);
  try {
    await browser.waitForText("connected as dev");
    await submit("subscribe-form");
    await browser.waitForText("Listening to project:p1");
    const types = await browser.evaluate("dev.types.map(({ type }) => type)");
    assert.ok(types.includes("ai.suggestion"));
    for (const type of types) {
      await browser.evaluate(`el("type").value = "${type}"; el("type").dispatchEvent(new Event("change"))`);
      await submit("publish-form");
      await browser.waitFor(`document.querySelector('#events [data-type="${type}"]')`);
    }
    await browser.evaluate(`el("data").value = "{"`);
    await submit("publish-form");
    await browser.waitFor(`el("publish-note").textContent.startsWith("Data is no JSON")`);
    await browser.evaluate(`el("data").value = "{}"`);
    await submit("publish-form");
    await browser.waitFor(`/malformed.*\\//.test(el("publish-note").textContent)`);
    assert.equal(await browser.evaluate(`el("note").textContent`), "Listening to project:p1");

    await browser.evaluate("window.before = true");
    await server.stop();
    server = await Server.start({ args: ["--dev"], settings: newcomer });
    proxy.target = new URL(server.url);
    await browser.waitFor(`window.before === undefined && el("status").dataset.state === "connected"`);
  } finally {
    await browser.close();
    await proxy.cut();
    await server.stop();
  }
});
