// The npm parsers as oracles: packets generated from a seed are encoded by socket.io-parser or socket.io-msgpack-parser,
// go through socketio-echo, and what comes back is decoded by the same parser and must be equal.
import assert from "node:assert/strict";
import { Peer, load, suite } from "./fixture.mjs";

const seed = Number(process.env.FANFARE_SEED ?? 20240917);
const count = Number(process.env.FANFARE_PACKETS ?? 1000);

// mulberry32
function generator(state, largest) {
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (bound) => Math.floor(next() * bound);
  const pick = (list) => list[below(list.length)];
  const string = () => Array.from({ length: below(12) }, () =>
    pick(["a", "Z", "0", " ", '"', "\\", "\n", "\0", "\u007f", "é", "€", "\u2028", "\u{1f600}", "/", "[", "{"])).join("");
  const number = () => pick([0, -1, 1, 127, 128, 255, 256, 65535, 65536, -32, -33, -128, -129, 2 ** 31, 2 ** 32, -(2 ** 31), 2 ** 53 - 1,
    -(2 ** 53 - 1), 0.5, -0.1, largest, 5e-324, below(1e9) / 7, below(1e6)]);
  let binaries;
  const value = (depth) => {
    const kind = below(depth > 0 ? 9 : 6);
    if (kind === 0) return null;
    if (kind === 1) return below(2) === 0;
    if (kind === 2) return number();
    if (kind === 3 || kind === 4) return string();
    if (kind === 5) return ++binaries > 10 ? "no more" : Buffer.from(Array.from({ length: below(20) }, () => below(256)));
    if (kind === 6) return Array.from({ length: below(5) }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: below(5) }, (_, i) => [`k${i}${string()}`, value(depth - 1)]));
  };
  return () => {
    binaries = 0;
    return Array.from({ length: below(4) }, () => value(4));
  };
}

function through(parser, options, largest) {
  suite("socketio-echo", async (server, it, workers) => {
    await it(`${count} packets of seed ${seed}`, async () => {
      const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
      peer.skipPings = true;
      await peer.next();
      const encoder = new parser.Encoder();
      const decoder = new parser.Decoder();
      const decoded = [];
      decoder.on("decoded", (packet) => decoded.push(packet));
      const send = (packet) => encoder.encode(packet).forEach((part) => peer.send(typeof part === "string" ? "4" + part : part));
      const receive = async () => {
        while (decoded.length === 0) {
          const part = await peer.next();
          decoder.add(typeof part === "string" ? part.slice(1) : part);
        }
        return decoded.shift();
      };
      send({ type: 0, nsp: "/", data: {} });
      assert.equal((await receive()).type, 0);
      assert.deepEqual((await receive()).data, ["auth", {}]);
      const next = generator(seed + workers, largest);
      for (let id = 0; id < count; ++id) {
        const args = next();
        const acked = id % 3 === 0;
        send({ type: 2, nsp: "/", data: [acked ? "message-with-ack" : "message", ...args], ...(acked ? { id } : {}) });
        const back = await receive();
        const why = `packet ${id}: ${JSON.stringify(args)}`;
        assert.deepEqual(back.data, acked ? args : ["message-back", ...args], why);
        assert.equal(back.nsp, "/", why);
        if (acked) assert.equal(back.id, id, why);
      }
      peer.close();
    });
  }, options);
}

through(load("socket.io-parser"), [], 1e300);
// notepack writes whole numbers past 2^64 as integers, and wrong.
through(load("socket.io-msgpack-parser"), ["--parser", "msgpack"], 2 ** 63);
