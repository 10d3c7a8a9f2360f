// A connection lives as long as its token: warned, refreshed, evicted, closed, revoked; and the keys behind tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, curl, jwt, serviceKey, within } from "./server.mjs";
import { ask, connect, next } from "./client.mjs";
import { keyPair, keySet } from "./key_set.mjs";

const now = () => Math.floor(Date.now() / 1000);
const update = (project_id, n) => ({ type: "project.updated", data: { project_id, changes: { n } } });
const expect = (socket, code) => within(20000, new Promise((resolve) => {
  socket.on("connection.error", ({ data }) => { if (data.code === code) resolve(data); });
}), code);
const gone = (socket) => within(20000, new Promise((resolve) => socket.once("disconnect", resolve)), "the end of the connection");
const code = (url, token) => connect(url, token).then((socket) => (socket.disconnect(), "accepted"), (error) => error.data?.code);
const api = (server, method, path, body) => curl(server.url + path, ["-X", method, "-H", `Authorization: Bearer ${serviceKey}`,
  ...(body ? ["-H", "Content-Type: application/json", "--data-binary", JSON.stringify(body)] : [])]);

test("warned, refreshed with fewer projects: evicted from the lost room, nothing missed in the others", async () => {
  const server = await Server.start({ settings: { "auth.expiry_warning_s": 5 } });
  const exp = now() + 9;
  const socket = await connect(server.url, jwt({ projects: ["1", "2"], exp, jti: "first" }));
  const warning = await expect(socket, "token_expiring");
  assert.equal(Date.parse(warning.expires_at), exp * 1000);
  assert.equal(outcome(await ask(socket, "subscribe", { room: ["project:1", "project:2"] })), "ok");

  const seen = [];
  const all = new Promise((resolve) => socket.on("project.updated", ({ data }) => {
    seen.push(`${data.project_id} ${data.changes.n}`);
    if (data.changes.n === 60) resolve();
  }));
  let n = 0;
  const publish = async (count) => {
    for (let i = 0; i < count; ++i) assert.equal((await server.publish([update("1", ++n), update("2", n)])).status, 202);
  };
  await publish(10);
  const [refreshed] = await Promise.all([ask(socket, "auth.refresh", { token: jwt({ projects: ["2"], exp: now() + 7200, jti: "second" }) }), publish(20)]);
  assert.equal(refreshed.ok, true, JSON.stringify(refreshed));
  assert.deepEqual(refreshed.rooms.sort(), ["global", "project:2", "user:alice"]);
  assert.ok(Date.parse(refreshed.expires_at) > exp * 1000);
  const lostAfter = n;
  await publish(30);
  await within(20000, all, "the last event");
  const of = (id) => seen.filter((line) => line.startsWith(id + " ")).map((line) => Number(line.split(" ")[1]));
  assert.deepEqual(of("2"), [...Array(60).keys()].map((i) => i + 1), "all of the room that stayed, once, in order");
  assert.ok(of("1").length >= 10 && of("1").every((number) => number <= lostAfter), "nothing of the lost room after the answer");
  assert.equal(outcome(await ask(socket, "subscribe", { room: "project:1" })), "forbidden");
  // The old token's id no longer names this connection, the new one's does.
  assert.equal((await api(server, "POST", "/api/v1/revocations", { jti: "first" })).body.disconnected, 0);
  const end = gone(socket);
  assert.equal((await api(server, "POST", "/api/v1/revocations", { jti: "second" })).body.disconnected, 1);
  await end;
  await server.stop();
});

const outcome = (answer) => (answer.ok ? "ok" : answer.error.code);

test("refusals to refresh leave the connection as it was", async () => {
  const server = await Server.start({ settings: { "auth.leeway_s": 0 } });
  const socket = await connect(server.url, jwt({ projects: ["1"] }));
  assert.equal(outcome(await ask(socket, "subscribe", { room: "project:1" })), "ok");
  const refresh = async (token) => outcome(await ask(socket, "auth.refresh", { token }));
  assert.equal(await refresh(jwt({ sub: "bob", projects: [] })), "forbidden");
  assert.equal(await refresh(jwt({ exp: now() - 10 })), "token_expired");
  assert.equal(await refresh(jwt({}, { key: "another secret, of thirty-two bytes" })), "token_invalid");
  assert.equal(await refresh("nonsense"), "token_invalid");
  assert.equal(outcome(await ask(socket, "auth.refresh", {})), "bad_request");
  const event = next(socket, "project.updated");
  await server.publish(update("1", 1));
  assert.equal((await event).data.changes.n, 1);
  assert.equal(await code(server.url, jwt({ exp: now() - 10 })), "token_expired");
  await server.stop();
});

test("closed after the grace, unless refreshed within it", async () => {
  const server = await Server.start({ settings: { "auth.leeway_s": 0, "auth.refresh_grace_s": 2, "auth.expiry_warning_s": 1 } });
  const exp = now() + 3;
  const token = jwt({ exp, projects: ["1"] });
  const [late, kept] = [await connect(server.url, token), await connect(server.url, token)];
  const ended = gone(late);
  const told = expect(late, "token_expired");
  let closed = 0;
  ended.then(() => (closed = Date.now()));
  const warned = await Promise.all([expect(late, "token_expiring"), expect(kept, "token_expiring")]);
  for (const data of warned) assert.equal(Date.parse(data.expires_at), exp * 1000);
  assert.equal((await ask(kept, "auth.refresh", { token: jwt({ projects: ["1"] }) })).ok, true);
  await told;
  await ended;
  assert.ok(closed >= (exp + 2) * 1000, "not before the grace has passed");
  assert.equal(kept.connected, true);
  assert.equal((await ask(kept, "ping", { n: 1 })).n, 1);
  assert.ok((await server.metrics()).get("fanfare_connections_expired_total") >= 1);
  await server.stop();
});

test("a plain official client comes back by itself when its token has ended, with the token its auth function gives", async () => {
  const server = await Server.start({ settings: { "auth.leeway_s": 0, "auth.refresh_grace_s": 0 } });
  for (const transport of ["polling", "websocket"]) {
    let asked = 0;
    const auth = (give) => give({ token: jwt({ projects: ["1"], exp: now() + (++asked === 1 ? 2 : 600) }) });
    const socket = await connect(server.url, undefined, { transports: [transport], auth, reconnection: true, reconnectionDelay: 10 });
    const told = expect(socket, "token_expired");
    const reason = await gone(socket);
    await told;
    assert.match(reason, /^transport (close|error)$/, transport);
    const data = (await next(socket, "connection.established")).data;
    assert.ok(Date.parse(data.expires_at) > Date.now() + 60_000);
    assert.equal(asked, 2);
    socket.disconnect();
  }
  await server.stop();
});

test("revoked by user: gone from every worker within a second, and kept out", async () => {
  const server = await Server.start({ workers: 3 });
  const token = jwt({ sub: "mallory", projects: ["1"] });
  const sockets = [];
  for (let i = 0; i < 12; ++i) {
    sockets.push(await connect(server.url + (i % 3 ? "" : "/ws"), token, { transports: [i % 2 ? "websocket" : "polling"] }));
  }
  const bystander = await connect(server.url, jwt({ sub: "bob" }));
  const ends = Promise.all(sockets.map(gone));
  const start = Date.now();
  const answer = await api(server, "POST", "/api/v1/revocations", { user: "mallory" });
  assert.equal(answer.body.disconnected, 12);
  await ends;
  assert.ok(Date.now() - start < 1000, `${Date.now() - start} ms`);
  assert.equal(await code(server.url, token), "token_invalid");
  assert.equal(await code(server.url + "/ws", jwt({ sub: "mallory" })), "token_invalid", "issued in the same second");
  assert.equal(await code(server.url, jwt({ sub: "mallory", iat: now() + 2 })), "accepted", "issued afterwards");
  assert.equal(bystander.connected, true);
  assert.equal((await api(server, "GET", "/api/v1/connections?user=mallory")).body.total, 0);
  assert.equal(outcome(await ask(bystander, "auth.refresh", { token })), "token_invalid");
  await server.stop();
});

test("revoked by jti: that token only; a forced disconnect lets its user back in", async () => {
  const server = await Server.start({ workers: 3 });
  const [bad, good] = [jwt({ jti: "bad" }), jwt({ jti: "good" })];
  const [first, second] = [await connect(server.url, bad), await connect(server.url, good)];
  const end = gone(first);
  assert.equal((await api(server, "POST", "/api/v1/revocations", { jti: "bad" })).body.disconnected, 1);
  await end;
  assert.equal(second.connected, true);
  assert.equal(await code(server.url, bad), "token_invalid");
  const ended = gone(second);
  const answer = await api(server, "DELETE", "/api/v1/users/alice/connections");
  assert.deepEqual([answer.status, answer.body.disconnected], [200, 1]);
  await ended;
  assert.equal(await code(server.url, good), "accepted");
  assert.equal(await code(server.url, bad), "token_invalid");
  const refused = await curl(`${server.url}/api/v1/users/alice/connections`, ["-X", "DELETE", "-H", `Authorization: Bearer ${good}`]);
  assert.equal(refused.status, 403);
  await server.stop();
});

test("key sets: several keys and a secret at once, rotation, unknown kids, an endpoint that is down", async () => {
  const [a, b, c, stranger] = ["a", "b", "c", "stranger"].map(keyPair);
  const set = await keySet([a, b]);
  const server = await Server.start({ settings: {
    "auth.algorithms": "HS256,RS256", "auth.jwks_url": set.url, "auth.jwks_cooldown_s": 1, "auth.jwks_refresh_s": 86400 } });
  for (const token of [a.token(), b.token(), jwt({})]) assert.equal(await code(server.url, token), "accepted");
  assert.equal(set.fetches, 1);
  assert.equal(await code(server.url, stranger.token()), "token_invalid");

  // Rotated: the new kid is fetched once the cooldown has passed; the old key is then no longer taken.
  set.keys = [b, c];
  await within(20000, (async () => { while ((await code(server.url, c.token())) !== "accepted"); })(), "the rotated key");
  assert.equal(await code(server.url, b.token()), "accepted");
  assert.equal(await code(server.url, jwt({})), "accepted");
  await within(20000, (async () => { while ((await code(server.url, a.token())) !== "token_invalid"); })(), "the end of the old key");

  // Down: what is known goes on.
  set.status = 500;
  const asked = set.fetches;
  await within(20000, (async () => { while (set.fetches === asked) await code(server.url, stranger.token()); })(), "another fetch");
  assert.equal(await code(server.url, c.token()), "accepted");
  set.close();
  assert.equal(await code(server.url, stranger.token()), "token_invalid");
  assert.equal(await code(server.url, c.token()), "accepted");
  await server.stop();
});

test("invented kids do not make the server hammer the endpoint", async () => {
  const [a, stranger] = [keyPair("a"), keyPair("x")];
  const set = await keySet([a]);
  const server = await Server.start({ settings: {
    "auth.algorithms": "RS256", "auth.jwks_url": set.url, "auth.jwks_cooldown_s": 3600, "auth.secret": null } });
  assert.equal(await code(server.url, a.token()), "accepted");
  const forged = [...Array(20).keys()].map((n) => stranger.token().replace(/^[^.]+/,
    Buffer.from(JSON.stringify({ alg: "RS256", kid: `k${n}` })).toString("base64url")));
  for (const answer of await Promise.all(forged.map((token) => code(server.url, token)))) assert.equal(answer, "token_invalid");
  assert.equal(set.fetches, 1);
  await server.stop();
});
