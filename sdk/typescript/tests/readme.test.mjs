// Every snippet of the README compiles under `strict` and does what it says against the real server.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Browser } from "../../../tests/interop/browser.mjs";
import { Server, jwt, program, within } from "../../../tests/interop/server.mjs";
import { publish } from "./lab.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(root + "README.md", "utf8");
const snippets = [...readme.matchAll(/^```(tsx?) (\S+)\n([\s\S]*?)^```$/gm)].map(([, language, name, text]) => ({ language, name, text }));
// Inside the package, where "@fanfare/client" is itself.
const folder = root + "dist/readme/";

let server, tokens, tokenUrl;
before(async () => {
  server = await Server.start({ settings: { "cors.origins": "*" } });
  tokens = createServer((_, response) => response.writeHead(200, { "access-control-allow-origin": "*" }).end(jwt({})));
  await once(tokens.listen(0, "127.0.0.1"), "listening");
  tokenUrl = `http://127.0.0.1:${tokens.address().port}/token`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});
after(async () => {
  tokens.closeAllConnections();
  tokens.close();
  await server.stop();
});

/** Writes the snippet with the real addresses in place of the examples'; gives the file. */
function write({ language, text }, place) {
  const file = `${folder}snippet${place}.${language}`;
  const real = text.replaceAll("https://events.example.com", server.url).replaceAll("https://app.example.com/token", tokenUrl);
  assert.ok(real !== text || place === 2, "a snippet names the server, or is given a client");
  writeFileSync(file, real);
  return file;
}

test("all snippets compile", () => {
  assert.deepEqual(snippets.map(({ name }) => name), ["room.ts", "since.ts", "own.ts", "page.tsx", "official.ts"]);
  snippets.forEach(write);
  const options = { extends: root + "tsconfig.json", compilerOptions: { noEmit: true, rootDir: root, types: [] }, include: ["*"], exclude: [] };
  writeFileSync(folder + "tsconfig.json", JSON.stringify(options));
  try {
    execFileSync(process.execPath, [root + "node_modules/typescript/bin/tsc", "-p", folder], { encoding: "utf8" });
  } catch (failure) {
    assert.fail(failure.stdout);
  }
});

const failed = { type: "workflow.failed", data: { workflow_id: "w", project_id: "123", error: "no disk" } };
const progress = { type: "workflow.progress", data: { workflow_id: "w", project_id: "123", progress: 42 } };
const runs = [
  [0, "live", [progress, failed], ["w 42", /^workflow\.failed /]],
  [1, "[ { user: 'alice', connections: 1 } ]", [progress, failed], ["failed: no disk"]],
  [4, "live", [failed], ["failed: no disk"]],
];
for (const [place, ready, events, printed] of runs) {
  test(`snippet ${place + 1} runs`, async () => {
    const outfile = `${folder}snippet${place}.mjs`;
    await build({ entryPoints: [write(snippets[place], place)], outfile, format: "esm" });
    const child = spawn(process.execPath, [outfile], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await within(20000, lines.next(), "a line")).value;
    try {
      for (let line = await next(); line !== ready; line = await next()) assert.ok(line !== undefined, "it ended");
      await publish(server, events);
      for (const wanted of printed) assert.match(await next(), wanted instanceof RegExp ? wanted : new RegExp(`^${wanted}$`));
    } finally {
      child.kill();
    }
  });
}

test("the test runs as it stands", () => {
  const block = (name) => new RegExp(`^\`\`\`\\w+ ${name}\n([^]*?)^\`\`\`$`, "m").exec(readme)[1];
  writeFileSync(folder + "app.test.mjs", block("app.test.mjs"));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(FANFARE_|NODE_TEST)/.test(name)));
  const command = block("testing").replace("build/release/bin/fanfare", program).replace("--test", "--test --test-reporter tap");
  assert.match(execFileSync("bash", ["-euc", command], { cwd: folder, env, encoding: "utf8" }), /^# pass 2$/m);
});

test("the React snippet runs in a browser", async () => {
  const mount = `import { createRoot } from "react-dom/client"; import { Page } from "./snippet3.tsx";
    createRoot(document.body.appendChild(document.createElement("main"))).render(<Page />);`;
  write(snippets[3], 3);
  const { outputFiles } = await build({
    stdin: { contents: mount, loader: "tsx", resolveDir: folder },
    bundle: true, write: false, format: "esm", jsx: "automatic", define: { "process.env.NODE_ENV": '"production"' },
  });
  const page = createServer((request, response) => {
    const script = request.url === "/page.js";
    response.writeHead(200, { "content-type": `text/${script ? "javascript" : "html"}; charset=utf-8` });
    response.end(script ? outputFiles[0].text : '<!doctype html><body><script type="module" src="/page.js"></script>');
  });
  await once(page.listen(0, "127.0.0.1"), "listening");
  const browser = await Browser.open(`http://127.0.0.1:${page.address().port}/`);
  const shows = (value) => browser.evaluate(`new Promise((resolve) => {
    const look = () => document.querySelector("progress")?.value === ${value} && (watcher.disconnect(), resolve(true));
    const watcher = new MutationObserver(look);
    watcher.observe(document.body, { subtree: true, childList: true, attributes: true });
    look();
  })`);
  await shows(0);
  await publish(server, progress);
  await shows(42);
  await publish(server, { type: "workflow.completed", data: { workflow_id: "w", project_id: "123" } });
  await shows(100);
  await browser.close();
  page.closeAllConnections();
  page.close();
});
