// TLS, the clean end, and what hostile peers leave behind: counters, and a server that goes on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect as tcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import WebSocket from "ws";
import { ask, connect, next, subscriber } from "./client.mjs";
import { Server, curl, jwt, serviceKey, within } from "./server.mjs";

const update = { type: "project.updated", data: { project_id: "123", changes: {} } };

test("TLS by certificate files: polling, upgrade and wss", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-tls-"));
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "pipe" });
  const server = await Server.start({ settings: { "server.tls_cert": cert, "server.tls_key": key } });
  assert.match(server.url, /^https:/);
  const ca = readFileSync(cert);
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    const { socket } = await subscriber(server.url, jwt({}), "project:123", { transports, ca });
    const arriving = next(socket, "project.updated");
    assert.equal((await server.publish(update, { args: ["--cacert", cert] })).status, 202);
    assert.equal((await arriving).subject, "project:123");
    socket.disconnect();
  }
  await server.stop();
  rmSync(folder, { recursive: true });
});

test("SIGTERM closes cleanly: clients are told, the exit code is 0", async () => {
  const server = await Server.start();
  const sockets = await Promise.all([["websocket"], ["polling"]].map((transports) => connect(server.url, jwt({}), { transports })));
  const told = sockets.map((socket) => next(socket, "disconnect"));
  const ended = server.stop();
  for (const reason of await Promise.all(told)) {
    assert.ok(["io server disconnect", "transport close"].includes(reason), reason);
  }
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test("a polling session is found from whichever worker a request arrives at", async () => {
  const server = await Server.start({ workers: 4 });
  // Each curl is a TCP connection of its own, and the kernel hands it to any worker.
  const url = server.url + "/socket.io/?EIO=4&transport=polling";
  const { sid } = JSON.parse((await curl(url)).body.slice(1));
  const post = (text) => curl(`${url}&sid=${sid}`, ["--data-binary", "@-", "-H", "Content-Type: text/plain"], text);
  const poll = () => curl(`${url}&sid=${sid}`);
  assert.equal((await post(`40{"token":"${jwt({})}"}`)).body, "ok");
  for (let text = ""; !text.includes("connection.established");) text += (await poll()).body;
  for (let n = 0; n < 25; ++n) {
    assert.equal((await post(`42${n}["ping",{"n":${n}}]`)).body, "ok");
    const { status, body } = await poll();
    assert.equal(status, 200);
    assert.ok(body.startsWith(`43${n}[`) && body.includes(`"n":${n}`), body);
  }
  await server.stop();
});

test("the connection limit refuses with over_limit", async () => {
  const server = await Server.start({ settings: { "limits.connections": 2 } });
  const held = [await connect(server.url, jwt({})), await connect(server.url, jwt({}))];
  const refused = await connect(server.url, jwt({})).catch((error) => error);
  assert.equal(refused.data?.code, "over_limit", String(refused));
  held[0].disconnect();
  let again = null;  // the place becomes free once the server has seen the end
  for (let tries = 0; tries < 100 && !again; ++tries) again = await connect(server.url, jwt({})).catch(() => null);
  assert.ok(again, "no place became free");
  await server.stop();
});

test("CORS: allowed origins get the headers, on errors too; others do not", async () => {
  const server = await Server.start({ settings: { "cors.origins": "https://app.example", "cors.credentials": true } });
  for (const path of ["/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=4&transport=polling&sid=unknown", "/nowhere",
    "/api/v1/events"]) {
    const allowed = await curl(server.url + path, ["-H", "Origin: https://app.example"]);
    assert.match(allowed.headers, /access-control-allow-origin: https:\/\/app\.example/i, path);
    assert.match(allowed.headers, /access-control-allow-credentials: true/i, path);
    const stranger = await curl(server.url + path, ["-H", "Origin: https://evil.example"]);
    assert.doesNotMatch(stranger.headers, /access-control-allow-origin: https:\/\/evil/i, path);
  }
  const preflight = await curl(server.url + "/api/v1/events",
    ["-X", "OPTIONS", "-H", "Origin: https://app.example", "-H", "Access-Control-Request-Method: POST"]);
  assert.ok([200, 204].includes(preflight.status));
  assert.match(preflight.headers, /access-control-allow-methods:[^\r\n]*POST/i);
  await server.stop();
});

test("an origin that is not listed is refused on both transports, but for the server's own host", async () => {
  const server = await Server.start({ settings: { "cors.origins": "https://app.example" } });
  const from = (origin, transport) =>
    connect(server.url, jwt({}), { transports: [transport], extraHeaders: { Origin: origin } });
  for (const transport of ["polling", "websocket"]) {
    await assert.rejects(from("https://evil.example", transport), transport);
    for (const origin of ["https://app.example", server.url]) (await from(origin, transport)).disconnect();
  }
  const refused = await curl(server.url + "/socket.io/?EIO=4&transport=polling", ["-H", "Origin: https://evil.example"]);
  assert.equal(refused.status, 403);
  await server.stop();
  const open = await Server.start({ settings: { "cors.enforce": false } });
  (await connect(open.url, jwt({}), { extraHeaders: { Origin: "https://evil.example" } })).disconnect();
  await open.stop();
});

test("health and readiness", async () => {
  const server = await Server.start();
  assert.equal((await curl(server.url + "/healthz")).status, 200);
  assert.equal((await curl(server.url + "/readyz")).status, 200);
  const stats = await curl(server.url + "/api/v1/websocket/stats", ["-H", `Authorization: Bearer ${serviceKey}`]);
  assert.equal(stats.status, 200);
  assert.equal(typeof stats.body, "object");
  await server.stop();
});

/** Writes bytes to a fresh TCP connection and waits until the server ends it. */
function raw(server, bytes) {
  const { hostname, port } = new URL(server.url);
  return within(30000, new Promise((resolve) => {
    let text = "";
    const socket = tcp(Number(port), hostname, () => socket.write(bytes, "latin1"));
    socket.on("data", (part) => (text += part.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  }), "the server to end the connection");
}

/** Opens a session over WebSocket, sends these messages and waits for the end. */
function speak(server, ...messages) {
  return within(30000, new Promise((resolve) => {
    const socket = new WebSocket(server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket");
    socket.on("open", () => messages.forEach((message) => socket.send(message)));
    socket.on("error", () => {});
    socket.on("close", resolve);
  }), "the server to end the session");
}

const head = "Host: x\r\nConnection: close\r\n";
const hostile = {
  "bytes that are no HTTP": (server) => raw(server, "\x00\x01garbage\r\n\r\n"),
  "two Content-Length": (server) => raw(server, `POST /api/v1/events HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`),
  "endless headers": (server) => raw(server, `GET / HTTP/1.1\r\n${head}X: ${"x".repeat(100000)}\r\n\r\n`),
  "an unknown session": (server) => curl(server.url + "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA"),
  "an unmasked frame": (server) => raw(server, `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n` +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x01x"),
  "no Socket.IO packet": (server) => speak(server, `40{"token":"${jwt({})}"}`, "4nonsense"),
  "broken JSON": (server) => speak(server, `40{"token":"${jwt({})}"}`, '42["a",'),
  "JSON too deep": (server) => speak(server, `40{"token":"${jwt({})}"}`, `42["a",${"[".repeat(5000)}${"]".repeat(5000)}]`),
  "a message too large": (server) => speak(server, `40{"token":"${jwt({})}"}`, `42["a","${"x".repeat(2000000)}"]`),
  "a forged token": async (server) => connect(server.url, jwt({}, { key: "x".repeat(40) })).catch(() => {}),
  "a room not allowed": async (server) => {
    const socket = await connect(server.url, jwt({}));
    await ask(socket, "subscribe", { room: "project:999" });
    socket.disconnect();
  },
  "a wrong event": (server) => server.publish({ type: "project.exploded", data: {} }),
  "a wrong key": (server) => server.publish(update, { key: "wrong" }),
};

test("bad input is counted by cause, ends nothing and leaks nothing", async (t) => {
  const server = await Server.start({ workers: 2 });
  for (const [name, attack] of Object.entries(hostile)) {
    await t.test(name, async () => {
      const before = await server.metrics();
      await attack(server);
      const after = await server.metrics();
      const grown = [...after].filter(([key, amount]) => amount > (before.get(key) ?? 0) && key.includes('="')).map(([key]) => key);
      assert.ok(grown.some((key) => /error|refus|reject|fail|bad|invalid|dropped/i.test(key)), `grown: ${grown.join(", ")}`);
    });
  }
  const { socket } = await subscriber(server.url, jwt({}), "project:123");
  const arriving = next(socket, "project.updated");
  await server.publish(update);
  await arriving;
  socket.disconnect();
  await server.stop();
});
