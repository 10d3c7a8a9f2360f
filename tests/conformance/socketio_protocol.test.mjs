// Socket.IO protocol v5 against socketio-echo, byte for byte.
import assert from "node:assert/strict";
import { Peer, Poller, suite, within } from "./fixture.mjs";

const path = "/socket.io/";

suite("socketio-echo", async (server, it) => {
  const websocket = async () => {
    const peer = new Peer(`${server.ws}${path}?EIO=4&transport=websocket`);
    peer.skipPings = true;
    assert.match(await peer.next(), /^0\{"sid":"[\w-]{20}","upgrades":\[\],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000\}$/);
    return peer;
  };
  const connected = async () => {
    const peer = await websocket();
    peer.send("40");
    assert.match(await peer.next(), /^40\{"sid":"[\w-]{20}"\}$/);
    assert.equal(await peer.next(), '42["auth",{}]');
    return peer;
  };
  /** What is sent, and the answers that must come, after CONNECT. */
  const talk = async (sent, expected) => {
    const peer = await connected();
    peer.send(...sent);
    assert.deepEqual(await peer.take(expected.length), expected);
    peer.close();
  };
  const bytes = (...list) => Buffer.from(list);

  await it("connects to a namespace, with and without auth", async () => {
    const cases = [
      ["40", /^40\{"sid":"[\w-]{20}"\}$/, '42["auth",{}]'],
      ['40{"token":"123"}', /^40\{"sid":"[\w-]{20}"\}$/, '42["auth",{"token":"123"}]'],
      ["40/custom,", /^40\/custom,\{"sid":"[\w-]{20}"\}$/, '42/custom,["auth",{}]'],
      ["40/custom", /^40\/custom,\{"sid":"[\w-]{20}"\}$/, '42/custom,["auth",{}]'],
      ['40/custom,{"token":"abc"}', /^40\/custom,\{"sid":"[\w-]{20}"\}$/, '42/custom,["auth",{"token":"abc"}]'],
    ];
    for (const [sent, reply, event] of cases) {
      const peer = await websocket();
      peer.send(sent);
      assert.match(await peer.next(), reply);
      assert.equal(await peer.next(), event);
      peer.close();
    }
  });
  await it("sends the CONNECT reply in a write of its own", async () => {
    // As a client that listens for one message at a time; ws gives what came in one read in one turn of its loop.
    let lost = 0;
    for (let i = 0; i < 50; ++i) {
      const peer = await websocket();
      const heard = [];
      peer.socket.on("message", (data) => heard.push([String(data), turn]));
      let turn = 0;
      const clock = setInterval(() => ++turn, 0);
      peer.send("40");
      await peer.take(2);
      clearInterval(clock);
      const [reply, event] = heard.filter(([text]) => text !== "2");
      if (reply[1] === event[1]) ++lost;
      peer.close();
    }
    assert.ok(lost <= 10, `${lost} of 50 came together`);
  });
  await it("refuses an unknown namespace and stays", async () => {
    const peer = await websocket();
    peer.send("40/random", "40");
    assert.equal(await peer.next(), '44/random,{"message":"Invalid namespace"}');
    assert.match(await peer.next(), /^40\{/);
    peer.close();
  });
  await it("ends a connection at what it cannot read", async () => {
    for (const sent of ["4abc", "4", "49", '42{"a":1}', "42[]", "42[1", '42["connect"]', '40"text"', '46["x"]']) {
      const peer = await websocket();
      peer.send("40", sent);
      await peer.end(`the end after ${sent}`);
    }
  });
  await it("ends a connection whose packet comes before its CONNECT, or names no namespace it joined", async () => {
    for (const sent of [['42["message",1]'], ["41"], ["40", '42/custom,["message",1]'], ["40", "40"]]) {
      const peer = await websocket();
      peer.send(...sent);
      await peer.end(`the end after ${sent}`);
    }
  });
  await it("ends a connection without CONNECT after connectTimeout", async () => {
    const since = performance.now();
    const peer = await websocket();
    await peer.end();
    assert.ok(performance.now() - since > 950);
  });
  await it("disconnects from a namespace and keeps the connection", async () => {
    const peer = await connected();
    peer.skipPings = false;
    peer.send("41");
    assert.equal(await peer.next("a ping"), "2");
    peer.close();
    const other = await connected();
    other.send("40/custom");
    assert.equal((await other.next()).slice(0, 10), "40/custom,");
    assert.equal(await other.next(), '42/custom,["auth",{}]');
    other.send("41/custom", '42["message","message to main namespace"]');
    assert.equal(await other.next(), '42["message-back","message to main namespace"]');
    other.close();
  });
  await it("echoes events", () => talk(
    ['42["message",1,"2",{"3":[true]}]', '42["message"]', '42["message",null,"\u00e9\u{1f600}",{"a":{"b":-0.5}}]'],
    ['42["message-back",1,"2",{"3":[true]}]', '42["message-back"]', '42["message-back",null,"\u00e9\u{1f600}",{"a":{"b":-0.5}}]']));
  await it("echoes binary events", () => talk(
    ['452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', bytes(1, 2, 3), bytes(4, 5, 6)],
    ['452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', bytes(1, 2, 3), bytes(4, 5, 6)]));
  await it("acknowledges", () => talk(
    ['42456["message-with-ack",1,"2",{"3":[false]}]', '420["message-with-ack"]'],
    ['43456[1,"2",{"3":[false]}]', "430[]"]));
  await it("acknowledges with binary", () => talk(
    ['452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', bytes(1, 2, 3), bytes(4, 5, 6)],
    ['462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', bytes(1, 2, 3), bytes(4, 5, 6)]));
  await it("sends every byte", () => talk(
    ['42["get-binary"]'],
    ['451-["bin",{"_placeholder":true,"num":0}]', Buffer.from(Array.from({ length: 256 }, (_, i) => i))]));
  await it("bounds attachments at ten", async () => {
    const marks = (count) => Array.from({ length: count }, (_, num) => JSON.stringify({ _placeholder: true, num })).join(",");
    const ten = Array.from({ length: 10 }, (_, i) => bytes(i));
    await talk([`4510-["message",${marks(10)}]`, ...ten], [`4510-["message-back",${marks(10)}]`, ...ten]);
    const peer = await connected();
    peer.send(`4511-["message",${marks(11)}]`);
    await peer.end();
  });
  await it("ignores events nobody listens to, and acks nobody waits for", () => talk(
    ['42["nobody",1]', '421["nobody"]', "43999[1]", '42["message","after"]'], ['42["message-back","after"]']));
  await it("carries events to rooms, the sender included", async () => {
    const [a, b, c] = [await connected(), await connected(), await connected()];
    for (const peer of [a, b]) {
      peer.send('421["join","r"]');
      assert.equal(await peer.next(), "431[]");
    }
    a.send('42["to-room","r","one"]');
    assert.deepEqual(await Promise.all([a.next(), b.next()]), ['42["room-msg","one"]', '42["room-msg","one"]']);
    b.send('422["leave","r"]');
    assert.equal(await b.next(), "432[]");
    a.send('42["to-room","r","two"]');
    assert.equal(await a.next(), '42["room-msg","two"]');
    for (const peer of [b, c]) {
      peer.send('42["message","last"]');
      assert.equal(await peer.next(), '42["message-back","last"]');
      peer.close();
    }
    a.close();
  });
  await it("closes the transport without an Engine.IO close packet", async () => {
    const peer = await connected();
    peer.send('42["close-transport"]');
    assert.deepEqual(await peer.end(), { code: 1005, reason: "" });
  });
  await it("speaks by polling, in the same bytes", async () => {
    const one = await new Poller(server, path).open();
    let heard = [];
    const next = async () => {
      while (heard.length === 0) {
        const { status, body } = await one.get();
        assert.equal(status, 200);
        heard = body.split("\x1e").filter((packet) => packet !== "2");
        if (body.includes("2") && heard.length === 0) await one.post("3");
      }
      return heard.shift();
    };
    assert.equal((await one.post("40")).body, "ok");
    assert.match(await next(), /^40\{"sid":"[\w-]{20}"\}$/);
    assert.equal(await next(), '42["auth",{}]');
    await one.post('42["message","x"]\x1e451-["message",{"_placeholder":true,"num":0}]\x1ebAQID');
    assert.equal(await next(), '42["message-back","x"]');
    assert.equal(await next(), '451-["message-back",{"_placeholder":true,"num":0}]');
    assert.equal(await next(), "bAQID");
    await one.post("1");
  });
  await it("keeps JSON's bytes", async () => {
    const peer = await connected();
    const texts = ['{"b":1,"a":2,"c d":0}', "0.1", "1234567890123456789", "[[[]]]", '{"__proto__":1}', "5e-324", "true",
      "1.7976931348623157e+308", '""', '"\\ud800"', '"\\u0000\\n\\"\\\\"', '"\u2028/"'];
    for (const text of texts) {
      peer.send(`42["message",${text}]`);
      assert.equal(await peer.next(), `42["message-back",${text}]`);
    }
    peer.send('42["message","\\u2028\\ud83d\\ude00\\/"]');
    assert.equal(await peer.next(), '42["message-back","\u2028\u{1f600}/"]');
    peer.close();
  });
  await it("serves many clients at once, each in order", async () => {
    const peers = await Promise.all(Array.from({ length: 40 }, connected));
    await within(20000, Promise.all(peers.map(async (peer, who) => {
      for (let i = 0; i < 50; ++i) peer.send(`42["message",${who},${i}]`);
      for (let i = 0; i < 50; ++i) assert.equal(await peer.next(), `42["message-back",${who},${i}]`);
      peer.close();
    })), "every echo");
  });
});
