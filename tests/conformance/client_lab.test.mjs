// client-lab by the official socket.io-client, through polling, upgrade and WebSocket; then what it logs on the wire.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { load, sleep, startFixture, suite, within } from "./fixture.mjs";

const { Manager, io } = load("socket.io-client");
const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

suite("client-lab", async (server, it) => {
  const open = (nsp = "/", options = {}) => io(server.http + nsp, { forceNew: true, reconnectionDelay: 10, ...options });
  const event = (socket, name) =>
    within(15000, new Promise((resolve) => socket.once(name, (...args) => resolve(args))), name);

  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    const connect = async (nsp, options) => {
      const socket = open(nsp, { transports, ...options });
      await event(socket, "connect");
      return socket;
    };
    const exchange = async (socket, name, answer, ...args) => {
      const answered = event(socket, answer);
      socket.emit(name, ...args);
      return answered;
    };
    await it(`serves every event by ${transports.join(" and ")}`, async () => {
      const socket = await connect("/");
      const upgraded = transports.length > 1 && socket.io.engine.transport.name === "polling"
        ? event(socket.io.engine, "upgrade") : null;
      assert.match((await exchange(socket, "hi", "hi"))[0], /^[\w-]+\.\d+$/, "the offset that recovery goes by");
      if (upgraded) await upgraded;
      assert.equal(await socket.emitWithAck("echo", 123), 123);
      assert.deepEqual(await socket.emitWithAck("echo", { a: [Buffer.from("x")] }), { a: [Buffer.from("x")] });
      socket.once("ack", (answer) => answer(5, { test: true }));
      await exchange(socket, "ack", "got it");
      assert.match(await socket.emitWithAck("getAckDate", { test: true }), date);
      assert.match((await exchange(socket, "getDate", "takeDate"))[0], date);
      assert.match((await exchange(socket, "getDateObj", "takeDateObj"))[0].date, date);
      const texts = [];
      const all = new Promise((resolve) => socket.on("takeUtf8", (text) => texts.push(text) === 5 && resolve()));
      socket.emit("getUtf8");
      await within(15000, all, "five texts");
      assert.deepEqual(texts, ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"]);
      assert.equal((await exchange(socket, "false", "false"))[0], false);
      assert.deepEqual((await exchange(socket, "doge", "doge"))[0], Buffer.from("asdfasdf"));
      assert.deepEqual((await exchange(socket, "getbin", "takebin"))[0], Buffer.from("asdfasdf"));
      const bytes = Buffer.from("hello world");
      await exchange(socket, "buffa", "buffack", bytes);
      await exchange(socket, "blob", "back", bytes);
      for (const kind of ["jsonbuff", "jsonblob"]) {
        await exchange(socket, kind, `${kind}-ack`, { hello: "lol", message: bytes, goodbye: "gotcha" });
      }
      socket.emit("abuff1", bytes);
      await exchange(socket, "abuff2", "abuff2-ack", "please arrive second");
      socket.emit("blob1", bytes);
      socket.emit("blob2", "second");
      await exchange(socket, "blob3", "blob3-ack", bytes);
      assert.equal(await socket.emitWithAck("getId"), socket.id);
      assert.notEqual(socket.id, socket.io.engine.id);
      await assert.rejects(socket.timeout(50).emitWithAck("unknown"), /timed out/);
      socket.disconnect();
    });
    await it(`hands over query and auth by ${transports.join(" and ")}`, async () => {
      const handshake = async (nsp, options) => {
        const socket = open(nsp, { transports, ...options });
        const [said] = await event(socket, "handshake");
        socket.disconnect();
        return said;
      };
      assert.equal((await handshake("/abc", { query: { a: "b" } })).query.a, "b");
      const { query } = await handshake("/abc?b=c&d=e", {});
      assert.deepEqual([query.b, query.d, query.EIO], ["c", "e", "4"]);
      assert.equal((await handshake("/abc", { query: { "&a": "&=?a" } })).query["&a"], "&=?a");
      const said = await handshake("/abc", { auth: { a: "b", c: { d: [1] } } });
      assert.deepEqual(said.auth, { a: "b", c: { d: [1] } });
      assert.deepEqual(Object.keys(said),
        ["headers", "time", "address", "xdomain", "secure", "issued", "url", "query", "auth"]);
      assert.deepEqual((await handshake("/abc", {})).auth, {});
      const root = await connect("/?c=d", { query: undefined });
      assert.equal((await root.emitWithAck("getHandshake")).query.c, "d");
      root.disconnect();
    });
    await it(`rejects by middleware through ${transports.join(" and ")}`, async () => {
      const refused = async (nsp, options = {}) => {
        const socket = open(nsp, { transports, ...options });
        const [error] = await event(socket, "connect_error");
        socket.disconnect();
        return error.message;
      };
      assert.equal(await refused("/no"), "Auth failed (custom namespace)");
      assert.equal(await refused("/", { query: { fail: true } }), "Auth failed (main namespace)");
      assert.equal(await refused("/nowhere"), "Invalid namespace");
    });
  }
  await it("has its namespaces", async () => {
    for (const nsp of ["/foo", "/timeout_socket", "/valid", "/asd", "/abc"]) {
      const socket = open(nsp);
      await event(socket, "connect");
      if (nsp === "/foo") assert.equal(await socket.emitWithAck("getId"), socket.id);
      socket.disconnect();
    }
  });
  await it("shares one connection between namespaces, and keeps it when one leaves", async () => {
    const manager = new Manager(server.http);
    const foo = manager.socket("/foo");
    await event(foo, "connect");
    const asd = manager.socket("/asd");
    await event(asd, "connect");
    foo.disconnect();
    assert.equal(await Promise.race([event(asd, "disconnect"), sleep(200).then(() => "stays")]), "stays");
    const closed = event(manager, "close");
    asd.disconnect();
    await closed;
  });
  await it("reconnects with a new id where nothing was received, and recovers where something was", async () => {
    const fresh = open();
    await event(fresh, "connect");
    const { id } = fresh;
    fresh.io.engine.close();
    await event(fresh, "connect");
    assert.notEqual(fresh.id, id);
    assert.equal(fresh.recovered, false);
    const old = fresh.id;
    fresh.emit("hi");
    await event(fresh, "hi");
    fresh.io.engine.close();
    await event(fresh, "connect");
    assert.deepEqual([fresh.id, fresh.recovered], [old, true]);
    fresh.disconnect();
  });
  await it("keeps the order of what was sent before the connection, and of retries", async () => {
    const socket = open("/", { autoConnect: false, retries: 3, ackTimeout: 1000 });
    const seen = [];
    const all = [1, 2, 3].map((i) => new Promise((resolve) => socket.emit("echo", i, (error, value) => {
      seen.push(value);
      resolve(error);
    })));
    socket.connect();
    assert.deepEqual(await within(15000, Promise.all(all), "the acks"), [null, null, null]);
    assert.deepEqual(seen, [1, 2, 3]);
    socket.disconnect();
  });
  await it("makes every handshake wait a little", async () => {
    const since = performance.now();
    await (await fetch(`${server.http}/socket.io/?EIO=4&transport=polling`)).text();
    assert.ok(performance.now() - since >= 9.5);
    for (const transport of ["polling", "websocket"]) {
      const socket = open("/", { transports: [transport], timeout: 0 });
      assert.equal((await event(socket, "connect_error"))[0].message, "timeout");
      socket.disconnect();
    }
  });
  await it("serves the python-socketio client", async () => {
    const script = `
import sys, socketio
client = socketio.Client(reconnection=False)
heard = []
client.on("takeUtf8", lambda text, *offset: heard.append(text))
client.connect("${server.http}", transports=[sys.argv[1]] if sys.argv[1] != "both" else None)
assert client.call("echo", {"a": b"bytes", "b": [1, "x"]}) == {"a": b"bytes", "b": [1, "x"]}
assert client.call("getId") == client.get_sid()
client.emit("getUtf8")
client.call("echo", 1)
assert len(heard) == 5, heard
client.disconnect()
print("ok")
`;
    for (const transport of ["polling", "websocket", "both"]) {
      const output = await new Promise((resolve) => execFile("/usr/bin/python3", ["-c", script, transport], { timeout: 30000 },
        (error, out, err) => resolve(out + err)));
      assert.equal(output.trim(), "ok", transport);
    }
  });
});

suite("client-lab", async (server, it) => {
  for (const transport of ["polling", "websocket"]) {
    await it(`what one turn queues past the send queue's bound reaches a client that reads by ${transport}`, async () => {
      const socket = io(server.http, { forceNew: true, transports: [transport], reconnection: false });
      let lost;
      socket.on("disconnect", (reason) => (lost = reason));
      await within(15000, new Promise((resolve) => socket.once("connect", resolve)), "connect");
      const large = "y".repeat(5_000_000);
      assert.ok((await within(30000, socket.emitWithAck("echo", large), "5 MB back")) === large, "as it was sent");
      for (const [count, bytes] of [[1, 6_000_000], [600, 10_000]]) {
        const got = [];
        const all = new Promise((resolve) => socket.on("burst", (n, text) => {
          assert.equal(text.length, bytes);
          if (got.push(n) === count) resolve();
        }));
        socket.emit("burst", { count, bytes });
        await within(30000, all, `${count} of ${bytes} bytes`);
        socket.off("burst");
        assert.deepEqual(got, [...Array(count).keys()]);
      }
      assert.equal(lost, undefined);
      socket.disconnect();
    });
  }
}, ["--max-payload", "10000000"]);
