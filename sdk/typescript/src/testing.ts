import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

import { io, type Socket } from "socket.io-client";

import { CommandFailure } from "./client.js";
import type { ClientToServerEvents, EventData } from "./events.js";
import type { AnyEvent } from "./room.js";

/** A wait ends at what it waits for; this is only for what does not come. */
const PATIENCE_MS = 20_000;
const MARK = "fanfare-testing-mark-";
const SAID_MAX = 200;
/** What the server says to one connection alone. */
const OWN = new Set(["connection.established", "connection.error", "subscribed", "unsubscribed", "pong"]);

export interface FanfareOptions {
  /** Configuration keys, `{"limits.connections": 5}`. The environment's FANFARE_… variables do not reach the server. */
  settings?: Record<string, string | number | boolean | readonly string[]>;
  /** The program; else what FANFARE_PROGRAM names, else the `fanfare` on the PATH. */
  program?: string;
}

export interface TokenOptions {
  sub?: string;
  /** Ids, or "*" for all. */
  projects?: readonly string[] | "*";
  agents?: readonly string[] | "*";
  roles?: readonly string[];
  scope?: readonly string[];
  /** Seconds from now, also below 0. */
  ttl?: number;
  /** Further claims. */
  claims?: Record<string, unknown>;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The `fanfare` program: what FANFARE_PROGRAM names, else the one on the PATH. */
export function findProgram(): string {
  const named = process.env["FANFARE_PROGRAM"];
  if (named) {
    if (isProgram(named)) return named;
    throw new Error(`FANFARE_PROGRAM is "${named}", which is no program`);
  }
  const found = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "fanfare")).find(isProgram);
  if (found) return found;
  throw new Error(
    "there is no program fanfare on the PATH: name it in FANFARE_PROGRAM (./dev build release makes build/release/bin/fanfare)",
  );
}

function within<Value>(ms: number, promise: Promise<Value>, late: () => Error): Promise<Value> {
  let timer: ReturnType<typeof setTimeout>;
  const limit = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late()), ms)));
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

/** Starts `fanfare serve` as a process of its own, everything in memory, on a free port; resolves once it listens. */
export async function startFanfare({ settings = {}, program = findProgram() }: FanfareOptions = {}): Promise<FanfareServer> {
  const secret = randomBytes(24).toString("base64url");
  const key = randomBytes(12).toString("base64url");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("FANFARE_")));
  const own = { "auth.secret": secret, "publish.keys": key, "server.workers": 1, "server.drain_ms": 0, "log.level": "warn" };
  for (const [name, value] of Object.entries({ ...own, ...settings })) {
    env["FANFARE_" + name.replaceAll(".", "__").toUpperCase()] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  const child = spawn(program, ["serve", "--listen", "127.0.0.1:0"], { env, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill); // a run that ends half-way leaves nothing behind
  child.once("exit", () => process.off("exit", kill));
  const said: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const url = await within(PATIENCE_MS, new Promise<string>((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on("line", (line) => {
        said.push(line);
        if (said.length > SAID_MAX) said.shift();
        const found = /^fanfare listening on (https?:\/\/\S+)/.exec(line)?.[1];
        if (found) resolve(found.replace(/\/$/, ""));
      });
    }
    child.once("error", reject);
    void ended.then((code) => reject(new Error(`fanfare serve ended with ${code}:\n${said.join("\n")}`)));
  }), () => new Error(`fanfare serve does not listen:\n${said.join("\n")}`)).catch((failure: unknown) => {
    kill();
    throw failure;
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(kill, PATIENCE_MS);
    await ended;
    clearTimeout(late);
  };
  return new FanfareServer(url, key, secret, stop, () => said.join("\n"));
}

export class FanfareServer {
  #users = 0;
  readonly #output: () => string;

  /** @internal */
  constructor(
    /** Its address, http://127.0.0.1:PORT. */
    readonly url: string,
    /** The service key that publishes. */
    readonly key: string,
    /** What tokens are signed with. */
    readonly secret: string,
    /** Ends it: SIGTERM, and SIGKILL when that does not. */
    readonly stop: () => Promise<void>,
    output: () => string,
  ) {
    this.#output = output;
  }

  /** What a program needs to publish here. */
  get environment() {
    return { FANFARE_URL: this.url, FANFARE_KEY: this.key };
  }

  /** The last that it wrote, its log included. */
  get output(): string {
    return this.#output();
  }

  /** A token of the user `sub`, "test". */
  token({ sub = "test", ttl = 3600, claims = {}, ...lists }: TokenOptions = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const body = { sub, iat: ttl > 0 ? now - 1 : now - 3600, exp: now + ttl, ...lists, ...claims };
    const head = part({ alg: "HS256", typ: "JWT" }) + "." + part(body);
    return head + "." + createHmac("sha256", this.secret).update(head).digest("base64url");
  }

  /** Publishes an event as a back-end would; rejects with what the server says against it. */
  async publish<Type extends keyof EventData | (string & {})>(
    type: Type,
    data: Type extends keyof EventData ? EventData[Type] : Record<string, unknown>,
    { rooms, id }: { rooms?: readonly string[]; id?: string } = {},
  ): Promise<{ id: string; cursor: string }> {
    const answer = await fetch(`${this.url}/api/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.key}` },
      body: JSON.stringify({ type, data, rooms, id }),
    });
    const body = (await answer.json()) as { events: [{ id: string; cursor: string }]; detail?: string; pointer?: string };
    if (!answer.ok) throw new Error(`${answer.status} ${body.detail ?? ""} ${body.pointer ?? ""}`.trimEnd());
    return body.events[0];
  }

  /** A client that is in these rooms, and those of its user. The token, where none is given, is for just that. */
  async client(rooms: string | readonly string[], { token }: { token?: string } = {}): Promise<EventClient> {
    const list = typeof rooms === "string" ? [rooms] : rooms;
    const ids = (kind: string) => list.filter((room) => room.startsWith(kind)).map((room) => room.slice(kind.length));
    const sub = ids("user:")[0] ?? `test-${++this.#users}`;
    return EventClient.open(this, list, token ?? this.token({ sub, projects: ids("project:"), agents: ids("agent:") }));
  }
}

type Where = (event: AnyEvent) => boolean;

/** Keeps the events of its rooms, in order. */
export class EventClient {
  /** The official client's socket, for commands. */
  readonly socket: Socket<Record<string, (...args: never[]) => void>, ClientToServerEvents>;
  readonly #server: FanfareServer;
  readonly #user: string;
  readonly #events: AnyEvent[] = [];
  readonly #taken = new Set<string>();
  #failure: Error | undefined;
  #waiting: { wanted: Where; resolve: (event: AnyEvent) => void; reject: (failure: unknown) => void }[] = [];

  private constructor(server: FanfareServer, token: string) {
    this.#server = server;
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}") as { sub?: string };
    this.#user = String(claims.sub);
    this.socket = io(server.url, { auth: { token }, forceNew: true, reconnection: false, transports: ["websocket"] });
    this.socket.onAny((name: string, event: AnyEvent) => {
      if (!OWN.has(name)) this.#receive(event);
    });
    this.socket.on("disconnect", (reason) => {
      const left = reason === "io client disconnect";
      this.#fail(new Error(left ? "the client has left" : `the connection is lost: ${reason}`));
    });
  }

  /** @internal */
  static async open(server: FanfareServer, rooms: readonly string[], token: string): Promise<EventClient> {
    const client = new EventClient(server, token);
    try {
      await client.#join(rooms);
    } catch (failure) {
      client.close();
      throw failure;
    }
    return client;
  }

  async #join(rooms: readonly string[]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once("connect", resolve);
      this.socket.once("connect_error", (failure: Error & { data?: { code?: string } }) => {
        reject(failure.data?.code ? new CommandFailure(failure.data.code, failure.message) : failure);
      });
    });
    if (rooms.length === 0) return;
    const answer = await this.socket.timeout(PATIENCE_MS).emitWithAck("subscribe", { room: [...rooms] });
    if (!answer.ok) throw new CommandFailure(answer.error.code, answer.error.message);
  }

  /** The first event of this type, of which `where` holds, that no wait has had yet. */
  waitFor<Type extends AnyEvent["type"]>(
    type: Type,
    where: (event: Extract<AnyEvent, { type: Type }>) => boolean = () => true,
    { timeoutMs = PATIENCE_MS } = {},
  ): Promise<Extract<AnyEvent, { type: Type }>> {
    const wanted = (event: AnyEvent) =>
      event.type === type && !event.id.startsWith(MARK) && where(event as Extract<AnyEvent, { type: Type }>);
    return this.#expect(wanted, timeoutMs, type) as Promise<Extract<AnyEvent, { type: Type }>>;
  }

  /** All that came, in order, or what is of these types. Whatever was published before this call is among it: so this is how
   * one finds that something was *not* sent. */
  async events(...types: AnyEvent["type"][]): Promise<AnyEvent[]> {
    const id = MARK + randomBytes(8).toString("hex");
    const arrived = this.#expect((event) => event.id === id, PATIENCE_MS, "mark of the test");
    const data = { project_id: "0", suggestion_id: id, kind: "mark", content: "", user_id: this.#user };
    await Promise.all([arrived, this.#server.publish("ai.suggestion", data, { id })]);
    return this.#events.filter((event) => types.length === 0 || types.includes(event.type));
  }

  close(): void {
    this.socket.disconnect();
  }

  #fail(failure: Error): void {
    this.#failure = failure;
    this.#waiting.splice(0).forEach(({ reject }) => reject(failure));
  }

  #expect(wanted: Where, timeoutMs: number, what: string): Promise<AnyEvent> {
    const here = this.#events.find((event) => !this.#taken.has(event.id) && wanted(event));
    if (here) {
      this.#taken.add(here.id);
      return Promise.resolve(here);
    }
    if (this.#failure) return Promise.reject(this.#failure);
    const arrival = new Promise<AnyEvent>((resolve, reject) => this.#waiting.push({ wanted, resolve, reject }));
    return within(timeoutMs, arrival, () => {
      this.#waiting = this.#waiting.filter((each) => each.wanted !== wanted);
      const came = this.#events.map((event) => JSON.stringify(event)).join("\n") || "nothing";
      return new Error(`no ${what} within ${timeoutMs} ms; what came:\n${came}`);
    });
  }

  #receive(event: AnyEvent): void {
    if (!event.id.startsWith(MARK)) this.#events.push(event);
    for (const waiting of this.#waiting) {
      try {
        if (!waiting.wanted(event)) continue;
        this.#taken.add(event.id);
        waiting.resolve(event);
      } catch (failure) {
        waiting.reject(failure); // of the caller's `where`
      }
      this.#waiting = this.#waiting.filter((each) => each !== waiting);
      return;
    }
  }
}
