// What attackers have: connections on which any bytes go, and WebSocket frames no library would send.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import { deflateRawSync, constants } from "node:zlib";
import { within } from "../interop/server.mjs";

/** Connections that one attack opened, closed together when it ends. */
export class Attackers {
  #open = new Set();
  constructor(port) { this.port = port; }

  /** Resolves when connected. `text` gathers what comes as latin1; `ended` resolves when the server has closed. */
  async connect(first = "") {
    const socket = net.connect(this.port, "127.0.0.1");
    this.#open.add(socket);
    socket.text = "";
    socket.on("error", () => {});
    socket.on("data", (part) => (socket.text += part.toString("latin1")));
    socket.ended = new Promise((resolve) => { for (const name of ["end", "close"]) socket.once(name, resolve); });
    await within(20000, Promise.race([once(socket, "connect"), socket.ended]), "a connection");
    if (first) socket.write(first);
    return socket;
  }
  many(count, first) { return Promise.all(Array.from({ length: count }, () => this.connect(first))); }

  /** A WebSocket whose handshake is done; what came after it is in `text`. */
  async webSocket(target, headers = "") {
    const socket = await this.connect(`GET ${target} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n${headers}\r\n`);
    await heard(socket, "\r\n\r\n");
    if (!socket.text.startsWith("HTTP/1.1 101")) throw new Error(socket.text);
    return socket;
  }
  /** Engine.IO over it, and a namespace joined. */
  async client(token, headers) {
    const socket = await this.webSocket("/socket.io/?EIO=4&transport=websocket", headers);
    socket.write(frame(`40${JSON.stringify({ token })}`));
    await heard(socket, "connection.established");
    return socket;
  }
  close() {
    for (const socket of this.#open) socket.destroy();
    this.#open.clear();
  }
}

/** Resolves once the connection has said that. */
export async function heard(socket, what) {
  const said = (async () => {
    while (!socket.text.includes(what)) {
      if (socket.destroyed || socket.readableEnded) throw new Error(`ended before ${what}: ${socket.text.slice(-300)}`);
      await Promise.race([once(socket, "data"), socket.ended]);
    }
  })();
  return within(30000, said, what);
}

/** One frame (RFC 6455 §5.2); `opcode` with FIN and RSV bits, 0x81 being a whole text. */
export function frame(payload, opcode = 0x81, masked = true) {
  const bytes = Buffer.from(payload);
  const head = [opcode];
  const mask = masked ? 0x80 : 0;
  if (bytes.length < 126) head.push(mask | bytes.length);
  else if (bytes.length < 65536) head.push(mask | 126, bytes.length >> 8, bytes.length & 255);
  else head.push(mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (bytes.length >>> shift) & 255));
  // A key of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), bytes]);
}

/** So many bytes of a text, as permessage-deflate (RFC 7692 §7.2.1) sends them: about a thousandth of it. */
export function bomb(bytes) {
  const packed = deflateRawSync(Buffer.alloc(bytes, "a"), { finishFlush: constants.Z_SYNC_FLUSH, level: 9 });
  return packed.subarray(0, packed.length - 4);
}
