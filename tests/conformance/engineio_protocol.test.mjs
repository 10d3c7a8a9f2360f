// Engine.IO protocol v4 against engineio-echo: handshake, messages, heartbeat, closing, upgrade.
import assert from "node:assert/strict";
import { Peer, Poller, sleep, suite, within } from "./fixture.mjs";

const path = "/engine.io/";
const unknown = '{"code":1,"message":"Session ID unknown"}';
const keys = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"];

suite("engineio-echo", async (server, it) => {
  const url = (query) => `${server.http}${path}?${query}`;
  const session = () => new Poller(server, path).open();
  const websocket = () => new Peer(`${server.ws}${path}?EIO=4&transport=websocket`);
  const gone = async (one) => assert.deepEqual(await one.get(), { status: 400, body: unknown });

  await it("opens by polling", async () => {
    const { handshake } = await session();
    assert.deepEqual(Object.keys(handshake), keys);
    assert.match(handshake.sid, /^[\w-]{20}$/);
    assert.deepEqual({ ...handshake, sid: "" },
      { sid: "", upgrades: ["websocket"], pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
  });
  await it("opens by WebSocket", async () => {
    const peer = websocket();
    const open = await peer.next();
    assert.equal(open[0], "0");
    const handshake = JSON.parse(open.slice(1));
    assert.deepEqual(Object.keys(handshake), keys);
    assert.deepEqual(handshake.upgrades, []);
    peer.close();
  });
  await it("refuses with Node's codes", async () => {
    const refused = [
      ["GET", "transport=polling", 5, "Unsupported protocol version"],
      ["GET", "EIO=abc&transport=polling", 5, "Unsupported protocol version"],
      ["GET", "EIO=3&transport=polling", 5, "Unsupported protocol version"],
      ["GET", "EIO=4", 0, "Transport unknown"],
      ["GET", "EIO=4&transport=abc", 0, "Transport unknown"],
      ["GET", "EIO=4&transport=polling&sid=none", 1, "Session ID unknown"],
      ["POST", "EIO=4&transport=polling", 2, "Bad handshake method"],
      ["PUT", "EIO=4&transport=polling", 2, "Bad handshake method"],
      ["GET", "EIO=4&transport=websocket", 3, "Bad request"],
    ];
    for (const [method, query, code, message] of refused) {
      const answer = await fetch(url(query), { method });
      assert.equal(answer.status, 400, query);
      assert.equal(await answer.text(), JSON.stringify({ code, message }), query);
    }
    for (const query of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]) {
      const peer = new Peer(`${server.ws}${path}?${query}`);
      assert.equal((await peer.refused).status, 400, query);
      peer.close();
    }
  });
  await it("echoes over polling: text, several packets, binary", async () => {
    for (const body of ["4hello", "4one\x1e4two\x1e4three", "4hello\x1ebAQIDBA==", "4", "4\u20ac \u{1f600}"]) {
      const one = await session();
      assert.deepEqual(await one.post(body), { status: 200, body: "ok" });
      assert.deepEqual(await one.get(), { status: 200, body });
    }
  });
  await it("echoes over WebSocket: text and binary, in order", async () => {
    const peer = websocket();
    await peer.next();
    peer.send("4hello", Buffer.from([1, 2, 3, 4]), "4\u20ac", Buffer.alloc(0), "4");
    assert.deepEqual(await peer.take(5), ["4hello", Buffer.from([1, 2, 3, 4]), "4\u20ac", Buffer.alloc(0), "4"]);
    peer.close();
  });
  await it("takes base64 for binary over WebSocket, and sends it to who asks with b64", async () => {
    for (const [query, echo] of [["", Buffer.from([1, 2, 3])], ["&b64=", Buffer.from([1, 2, 3])], ["&b64=1", "bAQID"]]) {
      const peer = new Peer(`${server.ws}${path}?EIO=4&transport=websocket${query}`);
      await peer.next();
      peer.send("bAQID", "4text", Buffer.from([1, 2, 3]));
      assert.deepEqual(await peer.take(3), [echo, "4text", echo], query);
      peer.close();
    }
  });
  await it("ends a session at what it cannot read", async () => {
    for (const body of ["abc", "", "4a\x1e\x1e4b", "7", "9x", "b"]) {
      const one = await session();
      await one.post(body);
      if (body !== "b") await gone(one);  // a "b" alone is binary of no bytes
    }
    const peer = websocket();
    await peer.next();
    peer.send("abc");
    await peer.end();
  });
  await it("ends both polls that overlap, and the session", async () => {
    const one = await session();
    const answers = await Promise.all([one.get(), sleep(5).then(() => one.get())]);
    answers.sort((a, b) => a.status - b.status);
    assert.deepEqual(answers, [{ status: 200, body: "1" }, { status: 400, body: "" }]);
    await gone(one);
  });
  await it("ends the session of a poll that was cancelled", async () => {
    const one = await session();
    const cancelled = new AbortController();
    const poll = one.get({ signal: cancelled.signal }).catch(() => "aborted");
    await sleep(20);
    cancelled.abort();
    assert.equal(await poll, "aborted");
    assert.equal((await one.get()).status, 400);
  });
  await it("keeps a polling session alive by ping and pong", async () => {
    const one = await session();
    for (let i = 0; i < 3; ++i) {
      const asked = performance.now();
      assert.deepEqual(await one.get(), { status: 200, body: "2" });
      assert.ok(i === 0 || performance.now() - asked > 250, "a ping came early");
      assert.equal((await one.post("3")).body, "ok");
    }
  });
  await it("keeps a WebSocket session alive by ping and pong", async () => {
    const peer = websocket();
    await peer.next();
    let before = performance.now();
    for (let i = 0; i < 3; ++i) {
      assert.equal(await peer.next("a ping"), "2");
      assert.ok(performance.now() - before > 250, "a ping came early");
      before = performance.now();
      peer.send("3");
    }
    peer.close();
  });
  await it("ends sessions that do not answer pings", async () => {
    const one = await session();
    const since = performance.now();
    const peer = websocket();
    assert.equal((await peer.next())[0], "0");
    assert.equal(await peer.next("a ping"), "2");
    await peer.end();
    assert.ok(performance.now() - since > 450, "it ended early");
    await gone(one);
    await gone(one);
  });
  await it("ends a session after exactly its interval and its timeout", async () => {
    const one = await session();
    await sleep(500);
    await gone(one);
  });
  await it("lets the client close", async () => {
    const one = await session();
    const poll = one.get();
    await sleep(20);
    await one.post("1");
    assert.deepEqual(await poll, { status: 200, body: "6" });
    await gone(one);
    const peer = websocket();
    await peer.next();
    peer.send("1");
    await peer.end();
  });
  await it("tells a poll sent along with the close", async () => {
    // Two connections, and so perhaps two workers: whichever reads first.
    for (let i = 0; i < 50; ++i) {
      const one = await session();
      assert.deepEqual(await Promise.all([one.get(), one.post("1")]), [{ status: 200, body: "6" }, { status: 200, body: "ok" }]);
      await gone(one);
    }
  });
  await it("ends a client that pings, as the heartbeat goes the other way", async () => {
    const peer = websocket();
    await peer.next();
    peer.send("2");
    await peer.end();
  });

  const upgraded = async () => {
    const one = await session();
    const peer = new Peer(one.ws);
    await peer.opened;
    peer.send("2probe");
    assert.equal(await peer.next(), "3probe");
    return { one, peer };
  };
  await it("upgrades, and answers the parked poll with a noop", async () => {
    const { one, peer } = await upgraded();
    assert.deepEqual(await one.get(), { status: 200, body: "6" });
    peer.send("5", "4hello");
    assert.equal(await peer.next(), "4hello");
    peer.close();
  });
  await it("carries what was queued over to the WebSocket", async () => {
    const { one, peer } = await upgraded();
    await one.post("4queued");
    peer.send("5");
    const seen = await Promise.race([peer.next(), sleep(300).then(() => "")]);
    assert.ok(seen === "4queued" || seen === "", seen);
    peer.close();
  });
  await it("ignores polls once it is upgraded", async () => {
    for (let i = 0; i < 20; ++i) {
      const { one, peer } = await upgraded();
      peer.send("5");
      assert.equal((await one.get()).status, 400);
      peer.send("4hello");
      assert.equal(await peer.next(), "4hello");
      peer.close();
    }
  });
  await it("ignores polls after a probe and an upgrade sent at once", async () => {
    for (let i = 0; i < 20; ++i) {
      const one = await session();
      const peer = new Peer(one.ws);
      await peer.opened;
      peer.send("2probe", "5");
      assert.equal((await one.get()).status, 400);
      peer.close();
    }
  });
  await it("ignores a second WebSocket once it is upgraded", async () => {
    const { one, peer } = await upgraded();
    peer.send("5");
    const second = new Peer(one.ws);
    await second.end();
    peer.send("4hello");
    assert.equal(await peer.next(), "4hello");
    peer.close();
  });
  await it("closes a second probe and keeps the first", async () => {
    const { one, peer } = await upgraded();
    const second = new Peer(one.ws);
    await second.end();
    peer.send("5", "4hello");
    assert.equal(await peer.next(), "4hello");
    peer.close();
  });
  await it("closes a probe that says something else, and polls on", async () => {
    const one = await session();
    const peer = new Peer(one.ws);
    await peer.opened;
    peer.send("4hello");
    await peer.end();
    await one.post("4still here");
    assert.equal((await one.get()).body, "4still here");
  });
  await it("takes a message up to maxPayload and no longer one", async () => {
    const peer = websocket();
    await peer.next();
    const largest = "4" + "x".repeat(999999);
    peer.send(largest);
    assert.equal(await peer.next(), largest);
    peer.send(largest + "x");
    assert.deepEqual(await peer.end(), { code: 1009, reason: "" });
    const one = await session();
    assert.deepEqual(await one.post(largest), { status: 200, body: "ok" });
    assert.equal((await one.get()).body.length, 1000000);
    assert.deepEqual(await one.post(largest + "x"), { status: 413, body: "" });
    await gone(one);
  });
  await it("answers many sessions at once", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => session()));
    assert.equal(new Set(all.map((one) => one.sid)).size, 50);
    await within(15000, Promise.all(all.map((one) => one.post("1"))), "the ends");
  });
});
