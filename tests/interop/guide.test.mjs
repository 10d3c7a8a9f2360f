// The blocks of docs/guide/server.md, run as they stand.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Server, program, serviceKey } from "./server.mjs";

const run = promisify(execFile);
const guide = await readFile(new URL("../../docs/guide/server.md", import.meta.url), "utf8");
const blocks = new Map([...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));

async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-guide-"));
  try { await work(folder); } finally { await rm(folder, { recursive: true }); }
}

test("every block has a name, so that it is run here", () => {
  assert.equal(guide.match(/^```\w/gm).length, blocks.size);
  assert.deepEqual([...blocks.keys()], ["bulk", "github.toml"]);
});

test("bulk publishing by curl", () => inFolder(async (folder) => {
  const server = await Server.start();
  const line = (n) => JSON.stringify({ type: "project.updated", data: { project_id: "1", changes: { n } } }) + "\n";
  await writeFile(join(folder, "events.ndjson"), line(1) + "{}\n" + line(2));
  const { stdout } = await run("bash", ["-euc", blocks.get("bulk").replace("http://127.0.0.1:8000", server.url)],
    { cwd: folder, env: { ...process.env, KEY: serviceKey } });
  const { accepted, refused, errors } = JSON.parse(stdout);
  assert.deepEqual([accepted, refused, errors[0].line], [2, 1, 2]);
  await server.stop();
}));

test("the configuration for GitHub", () => inFolder(async (folder) => {
  const file = join(folder, "github.toml");
  const settings = '[auth]\nsecret = "a secret of 32 bytes, or some more"\n\n' + blocks.get("github.toml");
  await writeFile(file, settings);
  await run(program, ["config", "--check", file]);
  await writeFile(file, settings.replace("projects", "project"));
  await assert.rejects(run(program, ["config", "--check", file]), /github\.projects/);
}));
