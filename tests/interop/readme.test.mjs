// The README's example, run as it stands: its named code blocks become files, its shell blocks are executed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { program, within } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const readme = readFileSync(join(here, "../../README.md"), "utf8");
const blocks = new Map([...readme.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));

/** Runs a shell block; lines() gives what it prints, line by line. */
function shell(text, folder) {
  // Debian's python3 is the one that has python-socketio.
  const child = spawn("bash", ["-euc", text],
    { cwd: folder, stdio: ["ignore", "pipe", "inherit"], detached: true, env: { ...process.env, PATH: `/usr/bin:${process.env.PATH}` } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await within(60000, lines.next(), "a line of: " + text);
    if (done) throw new Error("ended: " + text);
    return value;
  };
  // The block's own children go with it.
  const stop = () => { try { process.kill(-child.pid, "SIGTERM"); } catch { /* ended already */ } };
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return { line, stop, ended };
}

test("the README's example", async () => {
  for (const name of ["fanfare.toml", "serve", "listen.mjs", "listen-js", "listen.py", "listen-py", "publish"]) {
    assert.ok(blocks.has(name), `the README has no block named ${name}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "fanfare-readme-"));
  mkdirSync(join(folder, "build/release/bin"), { recursive: true });
  symlinkSync(program, join(folder, "build/release/bin/fanfare"));
  symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));

  const running = [];
  try {
    writeFileSync(join(folder, "fanfare.toml"), blocks.get("fanfare.toml"));
    // The one change: a free port instead of 8000.
    const server = shell(blocks.get("serve").trim() + " --listen 127.0.0.1:0", folder);
    running.push(server);
    let port;
    while (!port) port = /^fanfare listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(await server.line())?.[1];
    const here_and_now = (name) => blocks.get(name).replaceAll("127.0.0.1:8000", `127.0.0.1:${port}`);

    for (const file of ["listen.mjs", "listen.py"]) writeFileSync(join(folder, file), here_and_now(file));
    const readers = ["listen-js", "listen-py"].map((name) => shell(here_and_now(name), folder));
    running.push(...readers);
    for (const reader of readers) assert.match(await reader.line(), /subscribed/);

    const publish = shell(here_and_now("publish"), folder);
    running.push(publish);
    assert.equal(JSON.parse(await publish.line()).accepted, 1);
    for (const reader of readers) {
      const line = await reader.line();
      assert.match(line, /project\.updated/);
      assert.match(line, /Atlas/);
    }
  } finally {
    running.reverse().forEach(({ stop }) => stop());
    await within(30000, Promise.all(running.map(({ ended }) => ended)), "the end of all");
    rmSync(folder, { recursive: true });
  }
});
