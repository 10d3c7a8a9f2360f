// engine-lab, by the official engine.io-client and by hand.
import assert from "node:assert/strict";
import { Peer, Poller, load, sleep, suite, within } from "./fixture.mjs";

const { Socket } = load("engine.io-client");
const path = "/engine.io/";
const cookies = [/^1=1; Max-Age=86400$/, /^2=2; Path=\/; HttpOnly; Secure; SameSite=Strict$/, /^3=3; Max-Age=0$/,
  /^4=4; Expires=\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/];

suite("engine-lab", async (server, it) => {
  const client = (options = {}) => new Socket(server.http, { path, ...options });
  // The request's own fields are read at once: the client forgets them.
  const failure = (socket) => within(15000, new Promise((resolve) => socket.once("error", (error) =>
    resolve([error.message, error.description, error.context?.responseText]))), "an error");
  const event = (socket, name) => within(15000, new Promise((resolve) => socket.once(name, (...args) => resolve(args))), name);
  /** Messages that are not "hi". */
  const listen = (socket) => {
    const heard = [], waiting = [];
    socket.on("message", (data) => {
      if (data === "hi") return;
      const next = waiting.shift();
      if (next) next(data);
      else heard.push(data);
    });
    return () => heard.length ? Promise.resolve(heard.shift()) : within(15000, new Promise((resolve) => waiting.push(resolve)), "a message");
  };
  const bytes = Buffer.from([0, 1, 2, 3, 4]);

  await it("sets four cookies at the handshake alone", async () => {
    for (const query of ["EIO=4&transport=polling", "EIO=4&transport=polling&b64=1"]) {
      const answer = await server.ask(`GET ${path}?${query} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["set-cookie"].length, 4);
      cookies.forEach((cookie, i) => assert.match(answer.headers["set-cookie"][i], cookie));
      const { sid } = JSON.parse(answer.body.slice(1));
      const poll = await server.ask(`GET ${path}?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.deepEqual([poll.body, poll.headers["set-cookie"]], ["4hi", undefined]);
    }
    const upgrade = await server.raw();
    upgrade.write(`GET ${path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const { status, headers } = await upgrade.head();
    assert.equal(status, 101);
    cookies.forEach((cookie, i) => assert.match(headers["set-cookie"][i], cookie));
    upgrade.close();
  });
  await it("greets in a write of its own", async () => {
    // A client that awaits one message at a time hears the greeting only if it comes in another turn of its loop.
    let lost = 0;
    for (let i = 0; i < 50; ++i) {
      const peer = new Peer(`${server.ws}${path}?EIO=4&transport=websocket`);
      const turns = [];
      let turn = 0;
      const clock = setInterval(() => ++turn, 0);
      peer.socket.on("message", () => turns.push(turn));
      assert.deepEqual((await peer.take(2)).map((text) => text.slice(0, 2)), ['0{', "4h"]);
      clearInterval(clock);
      if (turns[0] === turns[1]) ++lost;
      peer.close();
    }
    assert.ok(lost <= 10, `${lost} of 50 came together`);
  });
  await it("denies", async () => {
    const answer = await fetch(`${server.http}${path}?EIO=4&transport=polling&deny=1`);
    assert.equal(answer.status, 403);
    assert.equal(await answer.text(), '{"code":4,"message":"Forbidden"}');
    const peer = new Peer(`${server.ws}${path}?EIO=4&transport=websocket&deny=1`);
    assert.equal((await peer.refused).status, 403);
    for (const denied of ["polling", "websocket"]) {
      const transports = denied === "polling" ? ["polling", "websocket"] : ["websocket", "polling"];
      const options = { transports, tryAllTransports: true, transportOptions: { [denied]: { query: { deny: 1 } } } };
      const socket = client(options);
      await event(socket, "open");
      assert.equal(socket.transport.name, transports[1]);
      socket.close();
    }
  });
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    await it(`says hi and echoes through ${transports.join(" and ")}`, async () => {
      const socket = client({ transports });
      const next = listen(socket);
      const hi = event(socket, "message");
      const upgrade = transports.length > 1 ? event(socket, "upgrade") : null;
      await event(socket, "open");
      assert.deepEqual(await hi, ["hi"]);
      if (upgrade) await upgrade;
      for (const text of ["cash money €€€", "\u{10000}-\u{dffff}-\u{f0000}-\u{10ffff}-\ue000-\uf8ff"]) {
        socket.send(text);
        assert.equal(await next(), text);
      }
      socket.send("give utf8");
      assert.equal(await next(), "пойду спать всем спокойной ночи");
      socket.send("give binary");
      assert.deepEqual(Buffer.from(await next()), bytes);
      socket.send(bytes);
      assert.deepEqual(Buffer.from(await next()), bytes);
      socket.close();
    });
  }
  await it("bounces binary of a client that forces base64, by polling and after the upgrade", async () => {
    const socket = client({ forceBase64: true });
    const next = listen(socket);
    const upgrade = event(socket, "upgrade");
    await event(socket, "open");
    socket.send(bytes);
    assert.deepEqual(Buffer.from(await next()), bytes);
    await upgrade;
    socket.send(bytes);
    assert.deepEqual(Buffer.from(await next()), bytes);
    socket.close();
  });
  await it("tells the headers of the carrying request, by polling and by WebSocket", async () => {
    const socket = client({ transports: ["polling"], withCredentials: true, extraHeaders: { "X-Mixed-Case": "Kept" } });
    const next = listen(socket);
    await event(socket, "open");
    await sleep(10);
    socket.send("sendHeaders");
    const headers = JSON.parse(await next());
    assert.equal(headers.cookie, "1=1; 2=2");
    assert.equal(headers["x-mixed-case"], "Kept");
    assert.equal(headers["content-type"], "text/plain;charset=UTF-8");
    assert.deepEqual(Object.keys(headers), Object.keys(headers).map((name) => name.toLowerCase()));
    socket.close();
    const bare = client({ transports: ["polling"] });
    const bareNext = listen(bare);
    await event(bare, "open");
    bare.send("sendHeaders");
    assert.equal(JSON.parse(await bareNext()).cookie, undefined);
    bare.close();
  });
  await it("lets a client fill its posts to maxPayload", async () => {
    const socket = client({ transports: ["polling"] });
    const next = listen(socket);
    await event(socket, "open");
    const texts = ["a".repeat(99), "b".repeat(30), "c".repeat(30), "d".repeat(35), "€".repeat(33), "f".repeat(99)];
    for (const text of texts) socket.send(text);
    for (const text of texts) assert.equal(await next(), text);
    const lengths = [72, 20, 20, 72];
    for (const length of lengths) socket.send(Buffer.alloc(length, 7));
    for (const length of lengths) assert.equal((await next()).length, length);
    socket.close();
  });
  await it("takes a body of 100 bytes, and ends the session over one of 101", async () => {
    const one = await new Poller(server, path).open();
    assert.equal(one.handshake.maxPayload, 100);
    assert.equal((await one.get()).body, "4hi");
    assert.deepEqual(await one.post("4" + "a".repeat(99)), { status: 200, body: "ok" });
    assert.equal((await one.get()).body, "4" + "a".repeat(99));
    const poll = one.get();
    await sleep(20);
    assert.deepEqual(await one.post("4" + "a".repeat(100)), { status: 413, body: "" });
    assert.deepEqual(await one.post("4x"), { status: 400, body: '{"code":1,"message":"Session ID unknown"}' });
    assert.deepEqual(await poll, { status: 200, body: "1" });
  });
  await it("tells the client why its message was too long", async () => {
    for (let i = 0; i < 20; ++i) {
      const socket = client({ transports: ["polling"] });
      const failed = failure(socket);
      const closed = event(socket, "close");
      await event(socket, "open");
      socket.send("a".repeat(101));
      assert.deepEqual(await failed, ["xhr post error", 413, ""]);
      assert.equal((await closed)[0], "transport error");
    }
    const socket = client({ transports: ["websocket"] });
    const closed = event(socket, "close");
    await event(socket, "open");
    socket.send("a".repeat(101));
    const [reason, details] = await closed;
    assert.deepEqual([reason, details.context.code, details.context.reason], ["transport close", 1009, ""]);
  });
  await it("does not know foreign session ids", async () => {
    const socket = client({ transports: ["polling"], query: { sid: "abc" } });
    assert.deepEqual(await failure(socket), ["xhr poll error", 400, '{"code":1,"message":"Session ID unknown"}']);
    const other = client({ transports: ["websocket"], query: { sid: "abc" } });
    assert.equal((await event(other, "error"))[0].message, "websocket error");
  });
  await it("lets a client close while it upgrades, after what it sent", async () => {
    const socket = client();
    await event(socket, "upgrading");
    socket.send("hi");
    socket.close();
    await event(socket, "close");
    assert.equal(socket.writeBuffer.length, 0);
  });
  await it("outlives several heartbeats", async () => {
    for (const transports of [["polling"], ["websocket"]]) {
      const socket = client({ transports });
      let pings = 0;
      const third = new Promise((resolve) => socket.on("ping", () => ++pings === 3 && resolve()));
      await within(15000, third, "three pings");
      assert.equal(socket.readyState, "open");
      socket.close();
    }
  });
});
