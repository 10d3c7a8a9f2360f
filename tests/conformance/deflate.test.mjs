// permessage-deflate (RFC 7692) as the official clients agree on it: what comes back is whole, and fewer bytes carry it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { load, startFixture, suite, within } from "./fixture.mjs";

const engine = load("engine.io-client");
const { io } = load("socket.io-client");
const on = ["--deflate", "on"];
const event = (from, name) =>
  within(15000, new Promise((resolve) => from.once(name, (...args) => resolve(args))), name);
const text = "all the same words, again and again; ".repeat(3000);
const noise = randomBytes(50000);

/** How many bytes the exchange took each way, on the wire. */
async function traffic(webSocket, exchange) {
  const tcp = webSocket._socket;
  const before = [tcp.bytesWritten, tcp.bytesRead];
  await exchange();
  return [tcp.bytesWritten - before[0], tcp.bytesRead - before[1]];
}

suite("engineio-echo", async (server, it) => {
  const open = async (options) => {
    const socket = new engine.Socket(server.http, { path: "/engine.io/", transports: ["websocket"], ...options });
    const done = socket.opts.transports.length > 1 ? event(socket, "upgrade") : event(socket, "open");
    await done;
    return socket;
  };
  const echo = async (socket, data) => {
    const answer = event(socket, "message");
    socket.send(data);
    assert.deepEqual((await answer)[0], data);
  };
  for (const transports of [["websocket"], ["polling", "websocket"]]) {
    await it(`compresses after ${transports.join(" and ")}`, async () => {
      const socket = await open({ transports });
      const { ws } = socket.transport;
      assert.match(ws.extensions, /^permessage-deflate/);
      const [sent, received] = await traffic(ws, () => echo(socket, text));
      assert.ok(sent < 5000 && received < 5000, `${sent} and ${received} bytes for ${text.length}`);
      const [, small] = await traffic(ws, () => echo(socket, "a".repeat(500)));
      assert.ok(small >= 500, "a short message goes plain");
      for (const data of ["\u20ac".repeat(2000), noise, Buffer.alloc(100000), text, "last"]) await echo(socket, data);
      socket.close();
    });
  }
  await it("keeps to what each client asks for", async () => {
    for (const perMessageDeflate of [false, { clientNoContextTakeover: true, serverNoContextTakeover: true },
      { clientMaxWindowBits: 10, serverMaxWindowBits: 9 }, { threshold: 0 }]) {
      const socket = await open({ perMessageDeflate });
      assert.equal(socket.transport.ws.extensions !== "", perMessageDeflate !== false);
      const [, received] = await traffic(socket.transport.ws, () => echo(socket, text));
      assert.equal(received > text.length, perMessageDeflate === false);
      await echo(socket, noise);
      await echo(socket, text);
      socket.close();
    }
  });
}, on);

suite("socketio-echo", async (server, it) => {
  const connect = async (options) => {
    const socket = io(server.http, { forceNew: true, transports: ["websocket"], ...options });
    await event(socket, "connect");
    return socket;
  };
  await it("compresses events, acks and attachments", async () => {
    const socket = await connect();
    const { ws } = socket.io.engine.transport;
    assert.match(ws.extensions, /^permessage-deflate/);
    const all = [text, { list: [text, 1.5, null] }, noise, Buffer.alloc(20000)];
    const back = event(socket, "message-back");
    socket.emit("message", ...all);
    assert.deepEqual(await back, all);
    const [sent, received] = await traffic(ws, async () =>
      assert.equal(await socket.timeout(15000).emitWithAck("message-with-ack", text), text));
    assert.ok(sent < 5000 && received < 5000, `${sent} and ${received} bytes for ${text.length}`);
    socket.disconnect();
  });
  await it("carries one broadcast to clients with and without", async () => {
    const sockets = [await connect(), await connect({ perMessageDeflate: false }), await connect(),
      await connect({ transports: ["polling"] })];
    for (const socket of sockets) await socket.emitWithAck("join", "room");
    for (const message of [text, "short", [noise, text]]) {
      const heard = sockets.map((socket) => event(socket, "room-msg"));
      sockets[0].emit("to-room", "room", message);
      for (const [got] of await Promise.all(heard)) assert.deepEqual(got, message);
    }
    for (const socket of sockets) socket.disconnect();
  });
}, on);

for (const name of ["client-lab", "engine-lab"]) {
  suite(name, async (server, it) => it("agrees", async () => {
    const socket = new engine.Socket(server.http,
      { path: name === "client-lab" ? "/socket.io/" : "/engine.io/", transports: ["websocket"] });
    await event(socket, "open");
    assert.match(socket.transport.ws.extensions, /^permessage-deflate/);
    socket.close();
  }), on);
}

test("deflate is off unless asked for", async () => {
  for (const [name, path] of [["engineio-echo", "/engine.io/"], ["engine-lab", "/engine.io/"], ["socketio-echo", "/socket.io/"],
    ["client-lab", "/socket.io/"]]) {
    const server = await startFixture(name);
    const socket = new engine.Socket(server.http, { path, transports: ["websocket"] });
    await event(socket, "open");
    assert.equal(socket.transport.ws.extensions, "", name);
    socket.close();
    await server.stop();
  }
});
