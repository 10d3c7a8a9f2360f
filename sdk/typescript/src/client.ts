import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";

import { roomsOf } from "./audience.js";
import type { ClientToServerEvents, ConnectionError, ConnectionEstablished } from "./events.js";
import { refreshDelayMs, retryDelayMs } from "./refresh.js";
import { Room, type AnyEvent, type Handlers, type Listeners, type RoomStatus, type SubscribeOptions, type Subscriber } from "./room.js";

export interface ClientOptions {
  /** Origin of the server, "https://events.example.com"; a path selects the namespace ("/ws"). */
  url: string;
  /** Gives a valid token: asked for at every connection and ahead of each expiry. */
  getToken: () => string | Promise<string>;
  /** Handed to the official client. */
  socket?: Partial<ManagerOptions & SocketOptions>;
  /** Told of whatever goes wrong without a caller to tell. */
  onError?: (failure: Error) => void;
  /** How long a command waits for its answer. */
  commandTimeoutMs?: number;
}

export interface Subscription {
  readonly room: string;
  readonly status: RoomStatus;
  /** Settles with the server's answer; rejects with a CommandFailure when it refuses. */
  readonly ready: Promise<{ recovered: boolean }>;
  /** Up to where everything was received: keep it, and hand it in as `since` next time. */
  readonly cursor: string | undefined;
  unsubscribe(): void;
}

/** A command or connection that the server refused, with the contract's code. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

type Commands = ClientToServerEvents;
type Request<Name extends keyof Commands> = Parameters<Commands[Name]>[0];
type Reply<Name extends keyof Commands> = Parameters<NonNullable<Parameters<Commands[Name]>[1]>>[0];
type Answer<Name extends keyof Commands> = Exclude<Reply<Name>, { ok: false }>;
type Done<Name extends keyof Commands> = (failure: Error | undefined, answer: Answer<Name>) => void;

/** Refusals that say nothing of the request: the same may do well later. */
const PASSING = new Set(["rate_limited", "internal", "unavailable", "draining"]);
/** Refused connections that time, or a new token, may mend: a token endpoint may have given its error page for a token. */
const WORTH_RECONNECTING = new Set([...PASSING, "over_limit", "token_expired", "token_invalid", "token_missing"]);
/** What the server says to this connection alone. */
const NOT_OF_A_ROOM = new Set(["subscribed", "unsubscribed", "pong", "presence", "auth.refreshed"]);

/**
 * Keeps subscriptions over lost connections: each room is asked for again from where it broke off, so that handlers get
 * every event once and in order. Refreshes its token before it expires.
 */
export class FanfareClient {
  readonly socket: Socket<Listeners, ClientToServerEvents>;
  private readonly rooms = new Map<string, Room>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  /** Connections refused or closed by the server since the last that was established. */
  private failures = 0;
  /** How far the server's clock is ahead of this one's. */
  private clockAheadMs = 0;
  private closed = false;

  constructor(private readonly options: ClientOptions) {
    this.socket = io(options.url, { ...options.socket, auth: (give) => void this.giveToken(give) });
    this.socket.on("connect", () => this.rooms.forEach((room) => this.join(room)));
    this.socket.on("disconnect", (reason) => this.disconnected(reason));
    this.socket.on("connect_error", (failure) => this.refused(failure));
    this.socket.onAny((type: string, event: AnyEvent) => this.received(type, event));
  }

  /** Receives the room's events until unsubscribed. Several subscriptions to one room share the server's one. */
  subscribe(name: string, handlers: Handlers, options: SubscribeOptions = {}): Subscription {
    let room = this.rooms.get(name);
    if (!room) {
      room = new Room(name, options.since, (failure) => this.report(failure));
      this.rooms.set(name, room);
    }
    return this.subscribeTo(room, handlers, options);
  }

  /** Who is in the room. */
  async presence(room: string): Promise<{ user: string; connections: number }[]> {
    return (await this.command("presence", { room })).members;
  }

  /** Hands in a new token now; done by itself ahead of expiry. Rooms that it no longer allows are left. */
  async refresh(): Promise<void> {
    const token = await this.options.getToken();
    const answer = await this.command("auth.refresh", { token });
    this.scheduleRefresh(answer.expires_at);
    const allowed = new Set(answer.rooms);
    for (const room of this.rooms.values()) {
      if (room.status === "live" && !allowed.has(room.name)) {
        const failure = new CommandFailure("forbidden", `${room.name}: the new token does not allow it`);
        room.refused(failure);
        this.report(failure);
      } else if (room.status === "refused") {
        this.join(room);
      }
    }
  }

  close(): void {
    this.closed = true;
    this.cancelRefresh();
    this.timers.forEach((timer) => clearTimeout(timer));
    this.rooms.clear();
    this.socket.disconnect();
  }

  private subscribeTo(room: Room, handlers: Handlers, options: SubscribeOptions): Subscription {
    let subscriber: Subscriber | undefined;
    const ready = new Promise<{ recovered: boolean }>((resolve, reject) => {
      subscriber = { handlers, options, resolve, reject };
      // While there is no connection, the next one asks for every room.
      if (room.add(subscriber) && this.socket.connected) this.join(room);
    });
    ready.catch(() => {}); // who does not look at it is told by onError
    return {
      room: room.name,
      ready,
      get status() {
        return room.status;
      },
      get cursor() {
        return room.cursor;
      },
      unsubscribe: () => {
        if (!subscriber || !room.remove(subscriber) || !room.empty) return;
        if (this.rooms.get(room.name) === room) this.rooms.delete(room.name);
        // One that is on its way is left when its answer comes: the server may still be asking whether it is allowed.
        if (room.status === "live") this.leave(room.name);
      },
    };
  }

  private join(room: Room): void {
    const request = room.ask();
    const { attempt } = room;
    // No promise here: it would settle after the live events that follow the answer closely.
    this.send("subscribe", request, (failure, answer) => {
      if (this.rooms.get(room.name) !== room) {
        if (!failure && !this.rooms.has(room.name)) this.leave(room.name);
      } else if (room.attempt !== attempt) {
        return; // asked for again since
      } else if (!failure) {
        room.joined(answer);
      } else {
        this.notJoined(room, failure);
      }
    });
  }

  private notJoined(room: Room, failure: Error): void {
    if (!this.socket.connected) return; // the next connection asks again
    this.report(failure);
    if (failure instanceof CommandFailure && !PASSING.has(failure.code)) return room.refused(failure);
    room.lost();
    const { attempt } = room;
    this.after((failure as CommandFailure).retryAfterMs ?? 1000, () => {
      if (this.rooms.get(room.name) === room && room.attempt === attempt) this.join(room);
    });
  }

  private leave(room: string): void {
    this.send("unsubscribe", { room }, (failure) => {
      if (failure && this.socket.connected) this.report(failure);
    });
  }

  private async giveToken(give: (auth: object) => void): Promise<void> {
    try {
      give({ token: await this.options.getToken() });
    } catch (failure) {
      this.report(failure);
      give({}); // refused as token_missing, and tried again
    }
  }

  private disconnected(reason: string): void {
    this.cancelRefresh();
    this.rooms.forEach((room) => room.lost());
    // The official client comes back by itself unless the server has closed, as it does after a token's expiry.
    if (reason === "io server disconnect") this.reconnect();
  }

  private refused(failure: Error & { data?: { code?: string } }): void {
    const code = failure.data?.code;
    this.report(code === undefined ? failure : new CommandFailure(code, failure.message));
    if (code !== undefined && WORTH_RECONNECTING.has(code)) this.reconnect();
  }

  private reconnect(): void {
    this.after(retryDelayMs(this.failures++), () => {
      if (!this.socket.active) this.socket.connect();
    });
  }

  private received(type: string, event: AnyEvent): void {
    if (type === "connection.established") {
      const data = event.data as unknown as ConnectionEstablished;
      this.failures = 0;
      this.clockAheadMs = Date.parse(data.server_time) - Date.now();
      this.scheduleRefresh(data.expires_at);
    } else if (type === "connection.error") {
      const data = event.data as unknown as ConnectionError;
      // Known from the start, but for a token that lasts longer than a timer can count.
      if (data.code === "token_expiring") this.refreshTimer ?? this.scheduleRefresh(data.expires_at);
      else this.report(new CommandFailure(data.code, data.message, data.retry_after_ms));
    } else if (typeof event?.id === "string" && !NOT_OF_A_ROOM.has(type)) {
      this.dispatch(event);
    }
  }

  private dispatch(event: AnyEvent): void {
    const fresh = this.audience(event).filter((room) => room.take(event));
    const rooms = [...this.rooms.values()];
    // What comes live says that every live room has had all up to it. While a room awaits its replay, it may be of that.
    if (fresh.length === 0 || rooms.some((room) => room.awaitsReplay)) return;
    for (const room of rooms) {
      if (room.status === "live") room.cursor = event.cursor;
    }
  }

  /** The subscribed rooms that an event is for. */
  private audience(event: AnyEvent): Room[] {
    const { rooms, complete } = roomsOf(event);
    const subscribed = rooms.map((name) => this.rooms.get(name)).filter((room) => room !== undefined);
    if (complete || subscribed.length > 0 || rooms.some((name) => isOwn(name))) return subscribed;
    // It came by a room that its envelope does not name.
    return [...this.rooms.values()];
  }

  private scheduleRefresh(expiresAt: string | null | undefined): void {
    this.cancelRefresh();
    const delay = refreshDelayMs(expiresAt, Date.now() + this.clockAheadMs);
    if (delay === undefined) return;
    this.refreshTimer = setTimeout(() => {
      this.refresh().catch((failure) => {
        this.report(failure);
        // Until the server closes the connection.
        if (this.socket.connected) this.scheduleRefresh(expiresAt);
      });
    }, delay);
  }

  private cancelRefresh(): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
  }

  private command<Name extends keyof Commands>(name: Name, request: Request<Name>): Promise<Answer<Name>> {
    return new Promise((resolve, reject) => {
      this.send(name, request, (failure, answer) => (failure ? reject(failure) : resolve(answer)));
    });
  }

  private send<Name extends keyof Commands>(name: Name, request: Request<Name>, done: Done<Name>): void {
    // The official client's types cannot follow a name that is a type parameter.
    const socket = this.socket.timeout(this.options.commandTimeoutMs ?? 10_000) as unknown as {
      emit(name: string, request: unknown, ack: (failure: Error | null, reply: Reply<Name>) => void): void;
    };
    socket.emit(name, request, (failure, reply) => {
      const refusal = failure ? undefined : refusalOf(reply);
      done(failure ?? refusal, reply as Answer<Name>);
    });
  }

  private after(delayMs: number, work: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, delayMs);
    this.timers.add(timer);
  }

  private report(failure: unknown): void {
    this.options.onError?.(failure instanceof Error ? failure : new Error(String(failure)));
  }
}

/** Rooms that the server puts every connection into. */
function isOwn(room: string): boolean {
  return room === "global" || room.startsWith("user:");
}

function refusalOf(reply: unknown): CommandFailure | undefined {
  const { ok, error } = reply as { ok?: boolean; error?: { code: string; message: string; retry_after_ms?: number } };
  return ok === false && error ? new CommandFailure(error.code, error.message, error.retry_after_ms) : undefined;
}
