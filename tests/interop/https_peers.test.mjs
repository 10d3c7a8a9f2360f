// What the server itself calls over HTTPS: the key set and the authorization hook, with certificates of a CA made here.
// Whom it cannot verify it does not believe, and so lets nobody in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { authority, certificate as issued, folder } from "./certificates.mjs";
import { Server, curl, within } from "./server.mjs";
import { ask, connect } from "./client.mjs";
import { keyPair, keySet } from "./key_set.mjs";

const read = (name) => ({ cert: readFileSync(join(folder, `${name}.pem`)), key: readFileSync(join(folder, `${name}.key`)) });
/** The same, as a server takes it. */
function certificate(name, ...more) {
  issued(name, ...more);
  return read(name);
}
const [trusted, foreign] = [authority("ca"), authority("foreign-ca")];
const here = certificate("here", "ca", "DNS:localhost,IP:127.0.0.1");
const elsewhere = certificate("elsewhere", "ca", "DNS:keys.example");

const start = (set, ca, more = {}) => Server.start({ env: { SSL_CERT_FILE: ca, SSL_CERT_DIR: folder }, settings: { "auth.secret": null,
  "auth.algorithms": "RS256", "auth.jwks_url": set.url, "auth.jwks_cooldown_s": 1, "auth.jwks_refresh_s": 86400, ...more } });
const code = (server, token) => connect(server.url, token).then((socket) => (socket.disconnect(), "accepted"), (error) => error.data?.code);
const until = (what, work) => within(20000, (async () => { while (!(await work())); })(), what);
const logged = (server, line) => until(String(line), async () => line.test(server.stderr) || (await server.metrics()) === null);
const fetches = async (server, outcome) => (await server.metrics()).get(`fanfare_jwks_fetches_total{outcome="${outcome}"}`) ?? 0;

for (const host of ["localhost", "127.0.0.1"]) {
  test(`a key set over HTTPS from ${host}: accepted, rotated, and kept while the endpoint is down`, async () => {
    const [a, b, stranger] = ["a", "b", "stranger"].map(keyPair);
    const set = await keySet([a], { tls: here, host });
    const server = await start(set, trusted);
    assert.equal(await code(server, a.token()), "accepted");
    assert.deepEqual([set.fetches, await fetches(server, "ok")], [1, 1]);
    assert.equal(await code(server, stranger.token()), "token_invalid");

    set.keys = [b];
    await until("the rotated key", async () => (await code(server, b.token())) === "accepted");
    assert.equal(await code(server, a.token()), "token_invalid");
    assert.equal(await fetches(server, "ok"), set.fetches);

    set.close();
    await until("a fetch that fails", async () => {
      assert.equal(await code(server, stranger.token()), "token_invalid");
      return (await fetches(server, "unavailable")) >= 1;
    });
    assert.equal(await code(server, b.token()), "accepted");
    await logged(server, /key set not fetched/);
    await server.stop();
  });
}

for (const [what, tls, ca] of [["from an unknown CA", here, foreign], ["for another host", elsewhere, trusted],
  ["signed by itself", read("foreign-ca"), trusted]]) {
  test(`a key set with a certificate ${what} is not read: nobody is let in`, async () => {
    const a = keyPair("a");
    const set = await keySet([a], { tls, host: "localhost" });
    const server = await start(set, ca);
    assert.equal(await code(server, a.token()), "token_invalid");
    const refused = await curl(`${server.url}/api/v1/rooms/project:123`, ["-H", `Authorization: Bearer ${a.token()}`]);
    assert.deepEqual([refused.status, refused.body.code], [401, "token_invalid"]);
    const metrics = await server.metrics();
    assert.equal(metrics.get('fanfare_connects_refused_total{code="token_invalid"}'), 1);
    assert.equal(metrics.get('fanfare_requests_refused_total{cause="token_invalid"}'), 1);
    assert.ok((await fetches(server, "unavailable")) >= 1);
    await logged(server, /key set not fetched.*certificate verify failed/);
    assert.equal(set.fetches, 0, "nothing was asked of a peer that could not be verified");
    await server.stop();
  });
}

test("an endpoint that was never there", async () => {
  const a = keyPair("a");
  const set = await keySet([a], { tls: here });
  set.close();
  const server = await start(set, trusted);
  assert.equal(await code(server, a.token()), "token_invalid");
  assert.equal(await fetches(server, "unavailable"), 1);
  await server.stop();
});

test("the authorization hook over HTTPS: believed when verified, else forbidden", async () => {
  const a = keyPair("a");
  for (const [tls, allowed] of [[here, true], [elsewhere, false]]) {
    const [keys, hook] = [await keySet([a], { tls: here }), await keySet([], { tls, host: "localhost" })];
    const server = await start(keys, trusted, { "auth.hook_url": hook.origin + "/hook" });
    const socket = await connect(server.url, a.token({ projects: [] }));
    const answer = await ask(socket, "subscribe", { room: "project:9" });
    assert.equal(answer.ok ? "joined" : answer.error.code, allowed ? "joined" : "forbidden");
    assert.equal(hook.asked, allowed ? 1 : 0);
    await server.stop();
  }
});
