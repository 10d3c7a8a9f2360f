// deploy/: no container engine is asked for here. What the compose file would start is started, with addresses of this machine for
// its names; what the image would lack, the program's own libraries tell.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import yaml from "js-yaml";
import { ask, connect, io, next } from "../interop/client.mjs";
import { freePort } from "../interop/redis.mjs";
import { Server, curl, jwt, program, within } from "../interop/server.mjs";
import { root } from "./guide.mjs";
import { nginx } from "./nginx.mjs";

const { services, volumes } = yaml.load(readFileSync(`${root}deploy/fleet/compose.yaml`, "utf8"));
const secrets = { AUTH_SECRET: "a secret of the compose test, 32 bytes", PUBLISH_KEY: "a-key-of-the-compose-test", FLEET_SECRET: "a fleet's secret of the compose test" };

function workplace(t) {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-compose-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, write: (name, text) => writeFileSync(join(folder, name), text) };
}

/** Runs a command as the container would; resolves when it says `ready`. */
async function run(t, [command, ...args], folder, ready) {
  mkdirSync(folder, { recursive: true });
  // A group of its own: a shell's commands end with it.
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const ended = once(child, "exit");
  t.after(async () => { process.kill(-child.pid, "SIGKILL"); await ended; });
  await within(20000, new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => line.includes(ready) && resolve());
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code}`)));
  }), `${command} to be ready`);
}

test("three nodes, nginx, Redis and sentinels, as the compose file has them", async (t) => {
  const place = workplace(t);
  const names = Object.keys(services);
  const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()])));
  const here = (text) => names.reduce((all, name) => all.replaceAll(`${name}:${name.startsWith("sentinel") ? 26379 : 8000}`, `127.0.0.1:${ports[name]}`)
    .replaceAll(`${name} 6379`, `127.0.0.1 ${ports[name]}`).replaceAll(`-ip ${name}`, "-ip 127.0.0.1"), text);
  for (const name of names.filter((each) => each.startsWith("redis"))) {
    assert.ok(volumes[name] !== undefined && services[name].volumes[0] === `${name}:/data`);
    await run(t, [...here(services[name].command).split(" "), "--port", String(ports[name]), "--bind", "127.0.0.1"], join(place.folder, name), "eady to accept connections");
  }
  for (const name of names.filter((each) => each.startsWith("sentinel"))) {
    const folder = join(place.folder, name);
    const text = here(services[name].command).replace("port 26379", `port ${ports[name]}" "bind 127.0.0.1`).replaceAll("/tmp/", `${folder}/`);
    await run(t, ["sh", "-c", text], folder, "+monitor");
  }
  const nodes = [];
  for (const name of names.filter((each) => each.startsWith("fanfare"))) {
    const env = Object.fromEntries(Object.entries(services[name].environment).map(([key, text]) => [key, here(text).replace(/\$\{(\w+):\?[^}]*\}/, (_, variable) => secrets[variable])]));
    assert.equal(services[name].environment.FANFARE_FLEET__ADVERTISE, `${name}:8000`);
    delete env.FANFARE_FLEET__ADVERTISE;
    nodes.push(await Server.start({ settings: { "auth.secret": null, "publish.keys": null }, env }));
  }
  const admin = ["-H", `X-API-Key: ${secrets.PUBLISH_KEY}`];
  await within(20000, Promise.all(nodes.map(async ({ url }) => {
    while ((await curl(`${url}/api/v1/websocket/stats`, admin)).body.nodes.length !== 3);
  })), "the nodes to meet");
  let conf = readFileSync(`${root}deploy/fleet/nginx.conf`, "utf8");
  for (const [n, node] of nodes.entries()) conf = conf.replace(`fanfare${n + 1}:8000`, new URL(node.url).host);
  const url = await nginx(t, place, conf.replace("listen 8000;", "listen 443 ssl;"));
  const token = jwt({ projects: ["123"] }, { key: secrets.AUTH_SECRET });
  const socket = io(url, { auth: { token }, forceNew: true });
  const upgraded = new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
  await next(socket, "connection.established");
  await within(20000, upgraded, "the upgrade");
  assert.equal((await ask(socket, "subscribe", { room: "project:123" })).ok, true);
  const came = next(socket, "project.updated");
  const body = JSON.stringify({ type: "project.updated", data: { project_id: "123", changes: {} } });
  const published = await within(60000, (async () => {
    // Until a replica has caught up, too few have it.
    for (;;) {
      const answer = await curl(`${url}/api/v1/events`, [...admin, "-H", "Content-Type: application/json", "-d", body]);
      if (answer.status !== 503) return answer;
    }
  })(), "an event that a replica has");
  assert.equal(published.status, 202);
  await came;
  const polling = await connect(url, token, { transports: ["polling"] });
  assert.equal((await ask(polling, "ping", { n: 1 })).n, 1);
  polling.disconnect();
  socket.disconnect();
  for (const node of nodes) await node.stop();
});

test("the image has what the program is linked with, and its files are there", () => {
  const text = readFileSync(`${root}deploy/Dockerfile`, "utf8");
  const listed = /apt-get install -y --no-install-recommends (.*) \\/.exec(text)[1].split(" ");
  const libraries = [...execFileSync("ldd", [program], { encoding: "utf8" }).matchAll(/=> (\/\S+)/g)].map(([, path]) => path);
  const needed = new Set(libraries.filter((path) => !/lib(asan|ubsan)\.so/.test(path)).map((path) => {
    const found = [path, path.replace(/^\/lib/, "/usr/lib"), path.replace(/^\/usr\/lib/, "/lib")]
      .map((each) => { try { return execFileSync("dpkg", ["-S", each], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }); } catch { return ""; } });
    return found.join("").split(":")[0];
  }));
  needed.delete("libc6"); // of every Debian
  assert.ok(needed.size > 4, [...needed].join(" "));
  assert.deepEqual([...needed].filter((name) => !listed.includes(name)), []);
  assert.deepEqual(listed.filter((name) => !needed.has(name) && !["ca-certificates", "curl"].includes(name)), []);
  assert.match(text, /\.\/dev build release/);
  assert.match(text, /COPY --from=build \/src\/build\/release\/bin\/fanfare /);
  for (const name of ["dev", "deploy/fleet/nginx.conf"]) assert.ok(existsSync(root + name), name);
});
