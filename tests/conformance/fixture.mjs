// Starts fanfare_fixture and the same server in Node, and speaks to them: HTTP requests byte by byte, WebSockets whose
// messages are kept until they are asked for. Every wait is for an event and fails by its own time limit.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import net from "node:net";
import { createInterface } from "node:readline";
import { after, test } from "node:test";

// The packages are those of tests/interop.
const require = createRequire(new URL("../interop/package.json", import.meta.url));
export const load = (name) => require(name);
export const WebSocket = load("ws");

const program = process.env.FANFARE_FIXTURE ??
  new URL("../../build/debug/bin/fanfare_fixture", import.meta.url).pathname;
const running = new Set();
after(async () => {
  for (const child of running) child.kill("SIGTERM");
  const ends = [...running].map((child) => child.exitCode ?? once(child, "exit"));
  await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, 10000).unref())]);
  for (const child of running) child.kill("SIGKILL");
});

export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function start(command, args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  child.once("exit", (code, signal) => {
    running.delete(child);
    if (code !== 0 && signal !== "SIGTERM") console.error(`${args[0]} ended with ${code ?? signal}`);
    // A sanitizer's report must fail the test that caused it.
    if (code !== 0 && signal !== "SIGTERM") process.exitCode = 1;
  });
  const lines = createInterface({ input: child.stdout });
  const port = await within(30000, new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const found = /listening on \S*?:(\d+)\/?$/.exec(line);
      if (found) resolve(Number(found[1]));
    });
    child.once("exit", () => reject(new Error(`${args[0]} did not start`)));
  }), `${args[0]} to listen`);
  return new Server(port, child);
}

/** A fixture; `options` are further flags. */
export const startFixture = (name, workers = 1, options = []) =>
  start(program, [name, "--listen", "127.0.0.1:0", "--workers", String(workers), ...options]);
/** The same in Node, by the packages it must equal. */
export const startReference = (name) => start(process.execPath, [new URL("reference.mjs", import.meta.url).pathname, name]);

/** Runs `body(server, workers)` on fixtures of one and of four workers. */
export function suite(name, body, options = []) {
  for (const workers of [1, 4]) {
    test(`${name}, ${workers} worker${workers > 1 ? "s" : ""}`, async (t) => {
      const server = await startFixture(name, workers, options);
      await body(server, (title, work) => t.test(title, { timeout: 60000 }, work), workers);
      await server.stop();
    });
  }
}

export class Server {
  constructor(port, child) {
    this.port = port;
    this.child = child;
    this.http = `http://127.0.0.1:${port}`;
    this.ws = `ws://127.0.0.1:${port}`;
  }
  async stop() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const [code, signal] = await within(20000, ended, "the end");
    if (code !== 0 && signal !== "SIGTERM") throw new Error(`the server ended with ${code ?? signal}`);
  }
  raw() { return RawConnection.open(this.port); }
  /** A request in bytes on a connection of its own; gives the answer. */
  async ask(text) {
    const connection = await this.raw();
    connection.write(text);
    const answer = await connection.answer();
    connection.close();
    return answer;
  }
}

/** An HTTP client that sends what it is given and reads answers by Content-Length. */
export class RawConnection {
  #buffer = Buffer.alloc(0);
  #wake = () => {};
  ended = false;
  static async open(port) {
    const connection = new RawConnection();
    const socket = net.connect(port, "127.0.0.1");
    connection.socket = socket;
    socket.on("data", (part) => {
      connection.#buffer = Buffer.concat([connection.#buffer, part]);
      connection.#wake();
    });
    socket.on("error", () => {});
    for (const name of ["end", "close"]) socket.on(name, () => { connection.ended = true; connection.#wake(); });
    await within(10000, once(socket, "connect"), "connect");
    return connection;
  }
  write(bytes) { this.socket.write(bytes); }
  close() { this.socket.destroy(); }
  async #more(what) {
    if (this.ended) throw new Error(`the connection ended before ${what}`);
    await within(15000, new Promise((resolve) => (this.#wake = resolve)), what);
  }
  /** Exactly that many bytes. */
  async bytes(count, what = "bytes") {
    while (this.#buffer.length < count) await this.#more(what);
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }
  async head() {
    let end;
    while ((end = this.#buffer.indexOf("\r\n\r\n")) < 0) await this.#more("an answer");
    const text = (await this.bytes(end + 4)).toString("latin1");
    const [line, ...fields] = text.trimEnd().split("\r\n");
    const headers = {};
    for (const field of fields) {
      const colon = field.indexOf(":");
      const name = field.slice(0, colon).toLowerCase();
      const content = field.slice(colon + 1).trim();
      if (name === "set-cookie") (headers[name] ??= []).push(content);
      else headers[name] = content;
    }
    return { status: Number(line.split(" ")[1]), headers };
  }
  async answer({ bodiless = false } = {}) {
    const { status, headers } = await this.head();
    let body = "";
    if (!bodiless && headers["transfer-encoding"] === "chunked") {
      body = await this.#chunks();
    } else if (!bodiless && headers["content-length"]) {
      body = (await this.bytes(Number(headers["content-length"]))).toString();
    }
    return { status, headers, body };
  }
  async #chunks() {
    let body = "";
    for (;;) {
      let end;
      while ((end = this.#buffer.indexOf("\r\n")) < 0) await this.#more("a chunk");
      const size = parseInt((await this.bytes(end + 2)).toString(), 16);
      body += (await this.bytes(size)).toString();
      await this.bytes(2);
      if (size === 0) return body;
    }
  }
  /** What else comes until the peer closes. */
  async rest() {
    while (!this.ended) await this.#more("the close");
    const left = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    return left;
  }
}

/** A WebSocket whose messages are kept in order: text as strings, binary as Buffers. */
export class Peer {
  #messages = [];
  #waiting = [];
  constructor(url, options = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.opened = new Promise((resolve) => this.socket.once("open", resolve));
    this.closed = new Promise((resolve) => this.socket.once("close", (code, reason) => resolve({ code, reason: String(reason) })));
    this.refused = new Promise((resolve) => this.socket.once("unexpected-response", (_, answer) => {
      let body = "";
      answer.on("data", (part) => (body += part)).on("end", () => resolve({ status: answer.statusCode, body }));
    }));
    this.socket.on("error", () => {});
    this.socket.on("message", (data, binary) => {
      const message = binary ? Buffer.from(data) : data.toString();
      if (message === "2" && this.skipPings) return this.socket.send("3");
      const next = this.#waiting.shift();
      if (next) next(message);
      else this.#messages.push(message);
    });
  }
  send(...messages) { for (const message of messages) this.socket.send(message); }
  next(what = "a message") {
    if (this.#messages.length) return Promise.resolve(this.#messages.shift());
    return within(15000, new Promise((resolve) => this.#waiting.push(resolve)), what);
  }
  async take(count) {
    const all = [];
    while (all.length < count) all.push(await this.next(`message ${all.length + 1} of ${count}`));
    return all;
  }
  end(what = "the close") { return within(15000, this.closed, what); }
  close() { this.socket.terminate(); }
}

/** Engine.IO by hand: polling requests of one session, each on a connection of fetch's. */
export class Poller {
  constructor(server, path) {
    this.url = `${server.http}${path}?EIO=4&transport=polling`;
    this.ws = `${server.ws}${path}?EIO=4&transport=websocket`;
  }
  async open() {
    const answer = await fetch(this.url);
    if (answer.status !== 200) throw new Error(`handshake: ${answer.status}`);
    const body = await answer.text();
    this.handshake = JSON.parse(body.slice(1));
    this.sid = this.handshake.sid;
    this.url += `&sid=${this.sid}`;
    this.ws += `&sid=${this.sid}`;
    return this;
  }
  async get(options) {
    const answer = await fetch(this.url, { signal: AbortSignal.timeout(15000), ...options });
    return { status: answer.status, body: await answer.text() };
  }
  async post(body, headers = {}) {
    const answer = await fetch(this.url, { method: "POST", body, headers, signal: AbortSignal.timeout(15000) });
    return { status: answer.status, body: await answer.text() };
  }
}
