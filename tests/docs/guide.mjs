// Runs the named blocks of a page as a reader would: in a folder with the README's fanfare.toml, against a server that listens on
// a free port in place of 8000.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Server, program, within } from "../interop/server.mjs";

export const root = fileURLToPath(new URL("../../", import.meta.url));

const blocksIn = (text) => new Map([...text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, block]) => [name, block]));

/** The blocks of a page by name. What has no name is output (text, json) or a picture; all else has to be run. */
export function blocksOf(path) {
  const text = readFileSync(root + path, "utf8");
  for (const [line] of text.matchAll(/^```\w+$/gm)) {
    assert.ok(["```text", "```json", "```mermaid"].includes(line), `${path}: a block has no name, so that no test runs it: ${line}`);
  }
  const blocks = blocksIn(text);
  assert.equal(blocks.size, text.match(/^```\w+ \S/gm)?.length ?? 0, `${path}: two blocks have the same name`);
  return blocks;
}

function tableFrom(lines, from) {
  const rows = [];
  for (let at = from + 2; lines[at]?.startsWith("|"); ++at) {
    rows.push(lines[at].slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
  }
  return rows;
}

/** The rows of the table whose first head is this, each a list of cells. */
export function rowsOf(path, head) {
  const lines = readFileSync(root + path, "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  assert.ok(from >= 0, `${path} has no table "${head}"`);
  return tableFrom(lines, from);
}

/** The rows of the first table under a heading. */
export function rowsIn(path, title) {
  const lines = readFileSync(root + path, "utf8").split("\n");
  const heading = lines.indexOf(`## ${title}`);
  assert.ok(heading >= 0, `${path} has no part "${title}"`);
  return tableFrom(lines, lines.findIndex((line, at) => at > heading && line.startsWith("|")));
}

export const unquoted = (cell) => /`([^`]+)`/.exec(cell)[1];

export class Workplace {
  #running = [];
  #replaced = [];

  constructor(t, path) {
    this.blocks = blocksOf(path);
    /** Stands for the checkout's root. */
    this.home = mkdtempSync(join(tmpdir(), "fanfare-guide-"));
    /** Where commands begin. */
    this.folder = this.home;
    mkdirSync(join(this.folder, "build/release/bin"), { recursive: true });
    symlinkSync(program, join(this.folder, "build/release/bin/fanfare"));
    symlinkSync(`${root}tests/interop/node_modules`, join(this.folder, "node_modules"));
    this.readme = blocksIn(readFileSync(`${root}README.md`, "utf8")).get("fanfare.toml");
    this.write("fanfare.toml", this.readme);
    t.after(() => this.#end());
  }

  write(name, text = this.block(name)) {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  /** From now on blocks have `now` where the page has `then`. */
  replace(then, now) { this.#replaced.push([then, now]); }

  block(name) {
    assert.ok(this.blocks.has(name), `there is no block ${name}`);
    return this.#replaced.reduce((text, [then, now]) => text.replaceAll(then, now), this.blocks.get(name));
  }

  /** `fanfare serve` with a configuration of the folder. */
  async serve({ config = "fanfare.toml", ...options } = {}) {
    this.server = await Server.start({ settings: { "auth.secret": null, "publish.keys": null }, args: ["--config", join(this.folder, config)], ...options });
    this.#replaced = this.#replaced.filter(([then]) => then !== "127.0.0.1:8000");
    this.replace("127.0.0.1:8000", new URL(this.server.url).host);
    return this.server;
  }

  /** Starts a shell block. line() resolves with the next line it prints, ended with all that is left and the exit code. */
  start(name, { text = this.block(name), env = {} } = {}) {
    // What the page installs is there.
    const quiet = "npm() { :; }; pip() { :; };";
    const child = spawn("bash", ["-euc", `${quiet}\n${text}`], {
      cwd: this.folder, stdio: ["ignore", "pipe", "pipe"], detached: true,
      env: { ...process.env, ...(this.server && { FANFARE_URL: this.server.url }), PYTHONDONTWRITEBYTECODE: "1",
        PATH: `${this.home}/build/release/bin:${root}build/venv/bin:${process.env.PATH}`, ...env },
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (part) => (errors += part));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const exited = new Promise((resolve) => child.once("close", (code) => resolve(code)));
    const line = async () => {
      const { value, done } = await within(60000, lines.next(), `a line of ${name ?? text}`);
      if (done) throw new Error(`${name ?? text} ended: ${errors}`);
      return value;
    };
    const rest = async () => {
      const out = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) out.push(next.value);
      return { code: await exited, out: out.join("\n"), errors };
    };
    const stop = () => { try { process.kill(-child.pid, "SIGTERM"); } catch { /* ended already */ } };
    const one = { line, stop, ended: () => within(60000, rest(), `the end of ${name ?? text}`) };
    this.#running.push({ stop, exited });
    return one;
  }

  /** Runs a shell block to its end, which must be good; gives what it printed. */
  async run(name, options) {
    const { code, out, errors } = await this.start(name, options).ended();
    assert.equal(code, 0, `${name}: ${errors}`);
    return out;
  }

  async #end() {
    this.#running.forEach(({ stop }) => stop());
    await Promise.all(this.#running.map(({ exited }) => exited));
    await this.server?.stop().catch(() => {});
    rmSync(this.home, { recursive: true, force: true });
  }
}
