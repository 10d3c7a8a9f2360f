// Starts `fanfare serve` as a process of its own and speaks to it as a user would: tokens from the command line,
// events published by curl. Every wait is for an event, and fails by its own time limit.
import { spawn, execFile } from "node:child_process";
import { createHmac, sign } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
export const program = process.env.FANFARE_PROGRAM ?? new URL("../../build/debug/bin/fanfare", import.meta.url).pathname;
export const secret = "a secret of the interop tests, 32+ bytes";
export const serviceKey = "the-interop-tests-key";

// A test that failed half-way leaves its server; once that ends, so do the program's own sockets, and so the program.
const running = new Set();
after(async () => {
  await Promise.allSettled([...running].map((server) => server.stop()));
  for (const server of running) server.kill();
});

/** `auth.query_token` becomes FANFARE_AUTH__QUERY_TOKEN. */
export function environment(settings) {
  const variables = {};
  for (const [key, value] of Object.entries(settings)) {
    if (value !== null) variables["FANFARE_" + key.replaceAll(".", "__").toUpperCase()] = String(value);
  }
  return variables;
}

export class Server {
  #process;
  #lines = [];
  #stopping;
  #output;
  stderr = "";
  exited;

  /** `settings` are configuration keys; `args` follow `serve`; `env` are further variables. Resolves when it listens. */
  static async start({ settings = {}, args = [], workers = 2, env = {} } = {}) {
    const server = new Server();
    server.settings = { "auth.secret": secret, "publish.keys": serviceKey, ...settings };
    server.env = { ...process.env, ...environment(server.settings), ...env };
    const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--workers", String(workers), ...args], {
      env: server.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    server.#process = child;
    running.add(server);
    child.once("exit", () => running.delete(server));
    child.stderr.setEncoding("utf8").on("data", (text) => (server.stderr += text));
    server.exited = once(child, "exit").then(([code, signal]) => ({ code, signal }));
    const lines = createInterface({ input: child.stdout });
    server.#output = lines;
    lines.on("line", (line) => server.#lines.push(line));
    const listening = new Promise((resolve) => {
      lines.on("line", (line) => {
        const found = /^fanfare listening on (https?:\/\/\S+)/.exec(line);
        if (found) resolve(found[1].replace(/\/$/, ""));
      });
    });
    const died = server.exited.then(({ code }) => {
      throw new Error(`fanfare serve ended with ${code}:\n${server.stderr}`);
    });
    died.catch(() => {});
    server.url = await within(20000, Promise.race([listening, died]), "the listening line");
    return server;
  }

  get stdout() { return this.#lines.join("\n"); }

  /** Resolves once standard output holds a line that starts so, white space aside; gives the line. */
  async printed(start) {
    const find = () => this.#lines.map((line) => line.trim()).find((line) => line.startsWith(start));
    while (!find()) await within(10000, once(this.#output, "line"), `a line that starts with ${start}`);
    return find();
  }
  get pid() { return this.#process.pid; }

  /** `fanfare token` with the server's own configuration. */
  async token(...args) {
    const { stdout } = await run(program, ["token", ...args], { env: this.env });
    return stdout.trim();
  }

  /** POST /api/v1/events by curl; gives {status, body, headers}. */
  async publish(body, { key = serviceKey, path = "/api/v1/events", headers = [], args = [] } = {}) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const all = ["Content-Type: application/json", ...(key ? [`Authorization: Bearer ${key}`] : []), ...headers];
    return curl(this.url + path, ["--data-binary", "@-", ...all.flatMap((line) => ["-H", line]), ...args], text);
  }

  /** SIGTERM, and the end it must come to: exit code 0. */
  stop() {
    this.#stopping ??= (async () => {
      this.#process.kill("SIGTERM");
      const ended = await within(30000, this.exited, "the server's end");
      if (ended.code !== 0) throw new Error(`exit code ${ended.code}, signal ${ended.signal}:\n${this.stderr}`);
      return ended;
    })();
    return this.#stopping;
  }

  kill() { this.#process.kill("SIGKILL"); }

  /** Metrics by `name{labels}`. */
  async metrics() {
    const { body } = await curl(this.url + "/metrics", ["-H", `Authorization: Bearer ${serviceKey}`]);
    const samples = new Map();
    for (const line of body.split("\n")) {
      const found = /^([^#\s].*) (\S+)$/.exec(line);
      if (found) samples.set(found[1], Number(found[2]));
    }
    return samples;
  }
}

/** Runs curl; gives the status, the headers as one text and the body, as an object where it is JSON. */
export async function curl(url, args = [], input = "") {
  const child = spawn("curl", ["-sS", "-i", "--max-time", "30", "-H", "Expect:", ...args, url]);
  let text = "", faults = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
  child.stderr.setEncoding("utf8").on("data", (part) => (faults += part));
  child.stdin.on("error", () => {}); // a refused body may be left unread
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (!text.startsWith("HTTP/")) throw new Error(`curl ended with ${code}: ${faults}`);
  const end = text.indexOf("\r\n\r\n");
  const headers = text.slice(0, end);
  const body = text.slice(end + 4);
  const json = /content-type:[^\r\n]*json/i.test(headers);
  return { status: Number(headers.split(" ")[1]), headers, body: json && body ? JSON.parse(body) : body };
}

export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const part = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A JWT made here, so that wrong ones can be made too. `key`: a secret, or a private key for RS256; none signs not. */
export function jwt(claims, { header = { alg: "HS256", typ: "JWT" }, key = secret } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const head = part(header) + "." + part({ sub: "alice", projects: ["123"], iat: now, exp: now + 600, ...claims });
  if (header.alg === "none") return head + ".";
  if (header.alg === "RS256") return head + "." + sign("sha256", Buffer.from(head), key).toString("base64url");
  return head + "." + createHmac("sha256", key).update(head).digest("base64url");
}
