// RFC 6455 and 7692 against websocket-echo, in the numbers of Autobahn's cases: frames are built by hand, so that they
// can be wrong, and an answer is held to the strict verdict. 12.* and 13.* go through ws and its deflate.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Peer, suite } from "./fixture.mjs";

const text = 1, binary = 2, close = 8, ping = 9, pong = 10, more = 0;

function frame(opcode, payload = "", { fin = true, rsv = 0, masked = true, length } = {}) {
  const body = Buffer.from(payload);
  const size = length ?? body.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mark = masked ? 0x80 : 0;
  if (size < 126) head.push(mark | size);
  else if (size < 65536) head.push(mark | 126, size >> 8, size & 255);
  else head.push(mark | 127, ...(() => { const wide = Buffer.alloc(8); wide.writeBigUInt64BE(BigInt(size)); return wide; })());
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  for (let i = 0; i < body.length; ++i) body[i] ^= key[i & 3];
  return Buffer.concat([Buffer.from(head), key, body]);
}
const part = (opcode, payload, options) => frame(opcode, payload, { fin: false, ...options });
const closing = (code, reason = "") => {
  const body = Buffer.alloc(2);
  body.writeUInt16BE(code);
  return Buffer.concat([body, Buffer.from(reason)]);
};

suite("websocket-echo", async (server, it) => {
  const open = async () => {
    const connection = await server.raw();
    connection.write("GET /any/path HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const { status, headers } = await connection.head();
    assert.equal(status, 101);
    assert.equal(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return connection;
  };
  const read = async (connection) => {
    const [first, second] = await connection.bytes(2, "a frame");
    assert.equal(second & 0x80, 0, "a server does not mask");
    assert.equal(first & 0x70, 0, "no reserved bits");
    let size = second & 127;
    if (size === 126) size = (await connection.bytes(2)).readUInt16BE();
    else if (size === 127) size = Number((await connection.bytes(8)).readBigUInt64BE());
    const payload = await connection.bytes(size);
    return { opcode: first & 15, fin: first >= 0x80, payload };
  };
  /** Whole messages as [opcode, payload]; the fragments of an answer are put together. */
  const message = async (connection) => {
    const one = await read(connection);
    const parts = [one.payload];
    while (!one.fin) {
      const next = await read(connection);
      parts.push(next.payload);
      one.fin = next.fin;
    }
    return [one.opcode, Buffer.concat(parts)];
  };
  /** Sends the frames, byte by byte if `chop`, and wants these answers; then a clean close. */
  const echoes = async (frames, answers, chop = 0) => {
    const connection = await open();
    const all = Buffer.concat(frames);
    if (chop === 0) connection.write(all);
    for (let i = 0; chop && i < all.length; i += chop) connection.write(all.subarray(i, i + chop));
    for (const [opcode, payload] of answers) assert.deepEqual(await message(connection), [opcode, Buffer.from(payload)]);
    connection.write(frame(close, closing(1000)));
    assert.deepEqual(await message(connection), [close, closing(1000)]);
    assert.equal((await connection.rest()).length, 0, "the server ends TCP first");
  };
  /** Sends the frames, wants these answers, then a close frame of that code and the end. */
  const fails = async (frames, code, answers = []) => {
    const connection = await open();
    connection.write(Buffer.concat(frames));
    for (const [opcode, payload] of answers) assert.deepEqual(await message(connection), [opcode, Buffer.from(payload)]);
    const [opcode, payload] = await message(connection);
    assert.deepEqual([opcode, payload.length ? payload.readUInt16BE() : 0], [close, code]);
    assert.equal((await connection.rest()).length, 0);
  };
  const star = (count) => "*".repeat(count);

  await it("1.* frames of every length form", async () => {
    for (const opcode of [text, binary]) {
      for (const size of [0, 125, 126, 127, 128, 65535, 65536]) await echoes([frame(opcode, star(size))], [[opcode, star(size)]]);
      await echoes([frame(opcode, star(65536))], [[opcode, star(65536)]], 997);
    }
  });
  await it("2.* pings and pongs", async () => {
    for (const payload of ["", "Hello, world!", Buffer.from([0, 255, 254, 253]), star(125)]) {
      await echoes([frame(ping, payload)], [[pong, payload]]);
    }
    await fails([frame(ping, star(126))], 1002);
    await echoes([frame(ping, star(125))], [[pong, star(125)]], 1);
    await echoes([frame(pong)], []);
    await echoes([frame(pong, "unsolicited"), frame(ping, "x")], [[pong, "x"]]);
    const many = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
    await echoes(many.map((one) => frame(ping, one)), many.map((one) => [pong, one]));
    await echoes(many.map((one) => frame(ping, one)), many.map((one) => [pong, one]), 1);
  });
  await it("3.* reserved bits", async () => {
    for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
      for (const opcode of [text, binary, ping, close]) {
        await fails([frame(text, "a"), frame(opcode, opcode === close ? closing(1000) : "b", { rsv })], 1002, [[text, "a"]]);
      }
    }
  });
  await it("4.* reserved opcodes", async () => {
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      await fails([frame(opcode)], 1002);
      await fails([frame(text, "a"), frame(opcode, "b"), frame(ping)], 1002, [[text, "a"]]);
    }
  });
  await it("5.* fragments and what may come between", async () => {
    await fails([part(ping, "a"), frame(more, "b")], 1002);
    await fails([part(pong, "a"), frame(more, "b")], 1002);
    for (const chop of [0, 1]) {
      await echoes([part(text, "frag"), frame(more, "ment")], [[text, "fragment"]], chop);
      await echoes([part(text, "frag"), frame(ping, "p"), frame(more, "ment")], [[pong, "p"], [text, "fragment"]], chop);
      await echoes([part(text, "1"), part(more, "2"), frame(ping, "p"), part(more, "3"), part(more, "4"), frame(ping, "q"),
        frame(more, "5")], [[pong, "p"], [pong, "q"], [text, "12345"]], chop);
      await echoes([part(text), part(more), frame(more)], [[text, ""]], chop);
    }
    for (const fin of [true, false]) {
      await fails([frame(more, "no start", { fin }), frame(text, "b")], 1002);
      await fails([frame(text, "a"), frame(more, "no start", { fin })], 1002, [[text, "a"]]);
      await fails([part(text, "a"), frame(text, "no continuation", { fin })], 1002);
      await fails([part(binary, "a"), frame(binary, "no continuation", { fin })], 1002);
    }
  });
  const valid = ["Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "\u03ba\u1f79\u03c3\u03bc\u03b5", "\u{10ffff}", "\0", "\ufffe\uffff",
    "\ud7ff\ue000\ufffd", "\u{1f600}".repeat(50)];
  const invalid = ["80", "bf", "8080", "c0", "e0", "f0", "f8", "fc", "c0af", "e080af", "f08080af", "f8808080af", "c1bf", "e09fbf",
    "f08fbfbf", "c080", "eda080", "edafbf", "edb080", "edbfbf", "eda080edb080", "f4908080", "f7bfbfbf", "f888808080", "fe", "ff",
    "cebae1bdb9cf83cebcceb5eda080656469746564", "cebae1bdb9cf83cebcceb5f4908080656469746564", "c3", "e282", "f09f98"];
  await it("6.* UTF-8, however it is cut", async () => {
    for (const one of valid) {
      const bytes = Buffer.from(one);
      await echoes([frame(text, bytes)], [[text, bytes]]);
      await echoes([...Array.from(bytes, (_, i) => part(i ? more : text, bytes.subarray(i, i + 1))), frame(more)], [[text, bytes]]);
      await echoes([frame(text, bytes)], [[text, bytes]], 1);
    }
    for (const hex of invalid) {
      const bytes = Buffer.from(hex, "hex");
      await fails([frame(text, bytes)], 1007);
      await fails([part(text, "ok"), part(more, bytes), frame(more)], 1007);
      await echoes([frame(binary, bytes)], [[binary, bytes]]);
    }
  });
  await it("6.4.* fails fast, in the middle of a message and of a frame", async () => {
    const head = Buffer.from("cebae1bdb9cf83cebcceb5", "hex");
    await fails([part(text, head), part(more, Buffer.from("f4908080", "hex"))], 1007);
    await fails([frame(text, Buffer.concat([head, Buffer.from("f490", "hex")]), { length: 1000 })], 1007);
  });
  await it("7.* closing", async () => {
    const closes = async (sent, expected) => {
      const connection = await open();
      connection.write(Buffer.concat(sent));
      assert.deepEqual(await message(connection), [close, expected]);
      assert.equal((await connection.rest()).length, 0);
    };
    await closes([frame(close), frame(text, "ignored"), frame(ping)], Buffer.alloc(0));
    await closes([part(text, "a"), frame(close, closing(1000)), frame(more, "b")], closing(1000));
    await fails([frame(close, "x")], 1002);
    await closes([frame(close, closing(1000, star(123)))], closing(1000));
    await fails([frame(close, closing(1000, star(124)))], 1002);
    await fails([frame(close, closing(1000, Buffer.from("cebaeda080", "hex")))], 1007);
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
      await closes([frame(close, closing(code))], closing(code));
    }
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) await fails([frame(close, closing(code))], 1002);
    await fails([frame(text, "a", { masked: false })], 1002);
    for (const opcode of [text, binary]) {
      const wide = Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | 126, 0, 5, 1, 2, 3, 4]), Buffer.from("hello")]);
      await fails([wide], 1002);
      await fails([Buffer.from([0x80 | opcode, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])], 1002);
    }
  });
  await it("9.* large messages, whole, in fragments, chopped", async () => {
    for (const opcode of [text, binary]) {
      for (const size of [1 << 16, 1 << 20, 1 << 24]) await echoes([frame(opcode, star(size))], [[opcode, star(size)]]);
      for (const piece of [64, 4096, 1 << 20]) {
        const parts = [];
        for (let at = 0; at < 1 << 22; at += piece) parts.push(part(at ? more : opcode, star(piece)));
        await echoes([...parts, frame(more)], [[opcode, star(parts.length * piece)]]);
      }
      await echoes([frame(opcode, star(1 << 20))], [[opcode, star(1 << 20)]], 4096);
      await fails([frame(opcode, "", { length: (1 << 24) + 1 })], 1009);
    }
    const many = Array.from({ length: 1000 }, (_, i) => star(i % 300));
    await echoes(many.map((one) => frame(text, one)), many.map((one) => [text, one]));
  });
  await it("10.* fragments by the writer's size", async () => {
    const parts = [];
    for (let at = 0; at < 65536; at += 1300) parts.push(part(at ? more : text, star(Math.min(1300, 65536 - at))));
    await echoes([...parts, frame(more)], [[text, star(65536)]]);
  });
  await it("12.* and 13.* permessage-deflate in every agreement", async () => {
    const offers = [{}, { serverNoContextTakeover: true }, { clientNoContextTakeover: true },
      { serverNoContextTakeover: true, clientNoContextTakeover: true }, { serverMaxWindowBits: 9 }, { serverMaxWindowBits: 15 },
      { clientMaxWindowBits: true }, { clientMaxWindowBits: 9 }, { clientMaxWindowBits: 15, serverMaxWindowBits: 12, serverNoContextTakeover: true }];
    for (const offer of offers) {
      const peer = new Peer(server.ws, { perMessageDeflate: { threshold: 0, ...offer } });
      await peer.opened;
      assert.match(peer.socket.extensions, /permessage-deflate/, JSON.stringify(offer));
      const texts = ["", "a", "json ".repeat(10), "€".repeat(20000), JSON.stringify(Array.from({ length: 3000 }, (_, i) => ({ id: i })))];
      for (const one of [...texts, ...texts, randomBytes(65536), Buffer.alloc(1 << 20, 7)]) {
        peer.send(one);
        assert.deepEqual(await peer.next(), one, JSON.stringify(offer));
      }
      for (let i = 0; i < 200; ++i) peer.send(`message ${i}`);
      for (let i = 0; i < 200; ++i) assert.equal(await peer.next(), `message ${i}`);
      peer.socket.close(1000);
      assert.equal((await peer.end()).code, 1000);
    }
  });
});
