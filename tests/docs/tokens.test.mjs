// docs/guide/tokens.md as it stands: its client, its back-end, and a server that ends in each way the page tells of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, next } from "../interop/client.mjs";
import { curl, jwt } from "../interop/server.mjs";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Workplace } from "./guide.mjs";

const page = "docs/guide/tokens.md";
const secret = "at least thirty-two bytes that you keep";

/** The page's back-end on a free port; its client against the server. */
async function living(t, { life = 600, ...options } = {}) {
  const place = new Workplace(t, page);
  place.replace("now + 600", `now + ${life}`);
  place.replace("--port 9000", "--port 0 2>&1");
  place.write("tokens.py");
  const backEnd = place.start("back-end");
  let port;
  while (!port) port = /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(await backEnd.line())?.[1];
  place.replace("127.0.0.1:9000", `127.0.0.1:${port}`);
  await place.serve(options);
  place.address = await Proxy.to(place.server.url);
  t.after(() => place.address.cut());
  place.write("life.mjs", place.block("life.mjs").replace(new URL(place.server.url).host, new URL(place.address.url).host));
  return place;
}

/** Ends the server, and starts another in its place: behind the address that the client knows. */
async function restart(place, { kill, ...options } = {}) {
  if (kill) place.server.kill();
  else await place.server.stop();
  await place.server.exited;
  await place.serve(options);
  place.address.target = new URL(place.server.url);
}

async function until(client, wanted) {
  const seen = [];
  for (;;) {
    const line = await client.line();
    if (wanted instanceof RegExp ? wanted.test(line) : line === wanted) return seen;
    seen.push(line);
  }
}

test("a token, a client and an event", async (t) => {
  const place = await living(t);
  const token = (await place.run("mint")).trim();
  const socket = await connect(place.server.url, token);
  assert.equal((await socket.established).data.user_id, "alice");
  socket.disconnect();
  const client = place.start("client");
  assert.equal(await client.line(), "live");
  await place.run("publish");
  assert.equal(await client.line(), "Atlas");
});

test("a token that nears its end is replaced, and the connection stays", async (t) => {
  const place = await living(t, { life: 4, settings: { "auth.secret": null, "publish.keys": null, "auth.leeway_s": 0, "auth.expiry_warning_s": 3 } });
  const client = place.start("client");
  const seen = [];
  while (seen.filter((line) => line === "token_expiring").length < 3) seen.push(await client.line());
  assert.deepEqual(seen.filter((line) => line !== "token_expiring"), ["live"]);
});

test("history in memory: a restart is noticed", async (t) => {
  const place = await living(t);
  const client = place.start("client");
  await until(client, "live");
  await place.run("publish");
  await until(client, "Atlas");
  await restart(place);
  assert.deepEqual((await until(client, "live, but something was missed: load afresh"))[0], "disconnected: transport close");
});

test("history in a file: what was published while the client was away comes, also after kill -9", async (t) => {
  const place = await living(t);
  place.write("kept.toml", place.readme + '\n[history]\npath = "kept.db"\n');
  await restart(place, { config: "kept.toml" });
  const client = place.start("client");
  await until(client, "live");
  await place.run("publish");
  await until(client, "Atlas");
  await restart(place, { config: "kept.toml", kill: true });
  await place.run("publish");
  const between = await until(client, "live");
  assert.ok(!between.some((line) => line.includes("missed")), between.join("\n"));
  if (!between.includes("Atlas")) await until(client, "Atlas"); // the client was back before it was published
});

test("revoked: ended by the server, until there is a newer token", async (t) => {
  const place = await living(t);
  const iat = Math.floor(Date.now() / 1000) - 10;
  const old = jwt({ iat }, { key: secret });
  const socket = await connect(place.server.url, old);
  const ended = next(socket, "disconnect");
  const { revoked_before: _, ...answer } = JSON.parse(await place.run("revoke"));
  assert.equal(answer.disconnected, 1, JSON.stringify(answer));
  assert.equal(await ended, "io server disconnect");
  assert.equal(socket.active, false);
  await assert.rejects(connect(place.server.url, old), (error) => error.data.code === "token_invalid");
});

test("disconnected by an administrator", async (t) => {
  const place = await living(t);
  const socket = await connect(place.server.url, jwt({}, { key: secret }));
  const ended = next(socket, "disconnect");
  const { status } = await curl(`${place.server.url}/api/v1/users/alice/connections`, ["-X", "DELETE", "-H", "X-API-Key: a-service-key-of-yours"]);
  assert.equal(status, 200);
  assert.equal(await ended, "io server disconnect");
});

test("the claims of the table", async (t) => {
  const place = await living(t);
  const code = (claims) => connect(place.server.url, jwt(claims, { key: secret })).then((socket) => { socket.disconnect(); return "taken"; }, (error) => error.data.code);
  const later = Math.floor(Date.now() / 1000) + 100;
  assert.equal(await code({ sub: undefined }), "token_invalid");
  assert.equal(await code({ exp: undefined }), "token_invalid");
  assert.equal(await code({ nbf: later }), "token_invalid");
  assert.equal(await code({ iat: later }), "token_invalid");
  assert.equal(await code({ exp: later - 200 }), "token_expired");
  assert.equal(await code({ projects: [1, "2"], agents: "*", roles: ["r"], scope: "events:publish admin", jti: "j" }), "taken");
});
