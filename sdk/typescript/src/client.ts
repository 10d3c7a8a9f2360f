import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";

import type { ClientToServerEvents, EventData, FanfareEvent, Filter, ServerToClientEvents } from "./events.js";
import { refreshDelayMs } from "./refresh.js";
import { SeenIds } from "./seen.js";

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

/** A handler for each event type wanted; "*" gets those without one of their own. */
export type Handlers = {
  [T in keyof EventData]?: (event: FanfareEvent<T>) => void;
} & { "*"?: (event: FanfareEvent<keyof EventData>) => void };

export interface SubscribeOptions {
  filter?: Filter;
  /** A cursor kept from earlier: what the room had after it comes first. */
  since?: string;
}

export interface Subscription {
  readonly room: string;
  /** Settles with the server's first answer. */
  readonly ready: Promise<{ recovered: boolean }>;
  /** The cursor of the last event seen: keep it, and hand it in as `since` next time. */
  readonly cursor: string | undefined;
  unsubscribe(): void;
}

/** A command that the server refused, with the contract's code. */
export class CommandFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = "CommandFailure";
  }
}

interface RoomState {
  room: string;
  subscribers: Set<Handlers>;
  options: SubscribeOptions;
  cursor: string | undefined;
  ready: Promise<{ recovered: boolean }>;
  /** The connection that the server knows this subscription on. */
  joinedOn: string | undefined;
}

type FanfareSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

const SEEN_IDS = 2000;

/**
 * Keeps subscriptions over lost connections: each room is asked for again with the cursor of the last event seen, so
 * that handlers get every event once and in order. Refreshes its token before it expires.
 */
export class FanfareClient {
  readonly socket: FanfareSocket;
  private readonly rooms = new Map<string, RoomState>();
  private readonly seen = new SeenIds(SEEN_IDS);
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ClientOptions) {
    this.socket = io(options.url, {
      ...options.socket,
      auth: (give) => void this.giveToken(give),
    }) as FanfareSocket;
    this.socket.on("connect", () => this.resubscribe());
    this.socket.on("disconnect", (reason) => this.disconnected(reason));
    this.socket.on("connect_error", (failure) => this.refused(failure));
    this.socket.onAny((type: string, event: unknown) => this.received(type, event));
  }

  /** Receives the room's events until unsubscribed. Several subscriptions to one room share the server's one. */
  subscribe(room: string, handlers: Handlers, options: SubscribeOptions = {}): Subscription {
    let state = this.rooms.get(room);
    if (state === undefined) {
      state = {
        room,
        subscribers: new Set(),
        options,
        cursor: options.since,
        ready: Promise.resolve({ recovered: false }),
        joinedOn: undefined,
      };
      this.rooms.set(room, state);
      state.subscribers.add(handlers);
      state.ready = this.socket.connected ? this.join(state) : this.joinOnceConnected(state);
      // A caller who does not look at `ready` learns of a refusal through onError.
      state.ready.catch((failure: Error) => this.report(failure));
    } else {
      state.subscribers.add(handlers);
    }
    return new RoomSubscription(state, () => this.unsubscribe(state, handlers));
  }

  /** Who is in the room. */
  async presence(room: string): Promise<{ user: string; connections: number }[]> {
    const answer = await this.command("presence", { room });
    return answer.members;
  }

  /** Hands in a new token now; done by itself ahead of expiry. */
  async refresh(): Promise<void> {
    const token = await this.options.getToken();
    const answer = await this.command("auth.refresh", { token });
    this.scheduleRefresh(answer.expires_at);
  }

  close(): void {
    clearTimeout(this.refreshTimer);
    this.socket.disconnect();
    this.rooms.clear();
  }

  private async giveToken(give: (auth: object) => void): Promise<void> {
    try {
      give({ token: await this.options.getToken() });
    } catch (failure) {
      this.report(failure);
      give({});
    }
  }

  private joinOnceConnected(state: RoomState): Promise<{ recovered: boolean }> {
    return new Promise((resolve, reject) => {
      this.socket.once("connect", () => {
        this.join(state).then(resolve, reject);
      });
    });
  }

  private async join(state: RoomState): Promise<{ recovered: boolean }> {
    const connection = this.socket.id;
    if (state.joinedOn === connection) return { recovered: true };
    state.joinedOn = connection;
    const { filter } = state.options;
    try {
      const answer = await this.command("subscribe", {
        room: state.room,
        ...(state.cursor === undefined ? {} : { since: state.cursor }),
        ...(filter === undefined ? {} : { filter }),
      });
      state.cursor ??= answer.cursor;
      return { recovered: answer.recovered };
    } catch (failure) {
      if (state.joinedOn === connection) state.joinedOn = undefined;
      throw failure;
    }
  }

  private unsubscribe(state: RoomState, handlers: Handlers): void {
    if (!state.subscribers.delete(handlers) || state.subscribers.size > 0) return;
    this.rooms.delete(state.room);
    if (this.socket.connected) {
      this.command("unsubscribe", { room: state.room }).catch((failure: Error) => this.report(failure));
    }
  }

  private resubscribe(): void {
    for (const state of this.rooms.values()) {
      this.join(state).catch((failure: Error) => this.report(failure));
    }
  }

  private disconnected(reason: string): void {
    clearTimeout(this.refreshTimer);
    for (const state of this.rooms.values()) state.joinedOn = undefined;
    // The official client does not come back by itself after the server has closed, as it does at a token's expiry.
    if (reason === "io server disconnect") this.socket.connect();
  }

  private refused(failure: Error): void {
    this.report(failure);
    const code = (failure as { data?: { code?: string } }).data?.code;
    // A refused CONNECT is not retried by the official client; an expired token is worth asking for anew.
    if (code === "token_expired" && !this.socket.active) this.socket.connect();
  }

  private received(type: string, payload: unknown): void {
    const event = payload as FanfareEvent<keyof EventData>;
    if (type === "connection.established") {
      this.scheduleRefresh((event.data as { expires_at?: string }).expires_at);
    } else if (type === "connection.error") {
      const data = event.data as { code: string; message: string };
      if (data.code === "token_expiring") {
        this.refresh().catch((failure: Error) => this.report(failure));
      } else {
        this.report(new CommandFailure(data.code, data.message));
      }
    } else if (typeof event?.id === "string" && this.seen.add(event.id)) {
      this.dispatch(type as keyof EventData, event);
    }
  }

  private dispatch(type: keyof EventData, event: FanfareEvent<keyof EventData>): void {
    for (const state of this.rooms.values()) {
      if (event.cursor !== undefined) state.cursor = event.cursor;
    }
    for (const state of this.targets(event)) {
      for (const handlers of state.subscribers) {
        const handle = (handlers[type] ?? handlers["*"]) as ((event: unknown) => void) | undefined;
        try {
          handle?.(event);
        } catch (failure) {
          this.report(failure);
        }
      }
    }
  }

  /**
   * The rooms whose handlers an event is for. An envelope names its first room alone; the others are guessed from the
   * ids in its data. One that fits no room was sent to explicit rooms, so every room's handlers get it.
   */
  private targets(event: FanfareEvent<keyof EventData>): RoomState[] {
    const data = event.data as unknown as Record<string, unknown>;
    const candidates = new Set([
      event.subject,
      `project:${data["project_id"]}`,
      `agent:${data["agent_id"]}`,
      `user:${data["user_id"]}`,
    ]);
    const states = [...this.rooms.values()];
    const fitting = states.filter((state) => candidates.has(state.room));
    return fitting.length > 0 ? fitting : states;
  }

  private scheduleRefresh(expiresAt: string | undefined): void {
    clearTimeout(this.refreshTimer);
    if (expiresAt === undefined) return;
    const delay = refreshDelayMs(expiresAt, Date.now());
    // setTimeout holds 31 bits of milliseconds; a token that lasts longer is warned of by the server in time.
    if (delay >= 2 ** 31) return;
    this.refreshTimer = setTimeout(() => {
      this.refresh().catch((failure: Error) => this.report(failure));
    }, delay);
  }

  private async command<C extends keyof ClientToServerEvents>(
    name: C,
    argument: Parameters<ClientToServerEvents[C]>[0],
  ): Promise<CommandAnswer<C>> {
    const emit = this.socket.timeout(this.options.commandTimeoutMs ?? 10_000).emitWithAck as unknown as (
      name: C,
      argument: unknown,
    ) => Promise<CommandReply<C>>;
    const reply = await emit.call(this.socket.timeout(this.options.commandTimeoutMs ?? 10_000), name, argument);
    if (isFailure(reply)) {
      throw new CommandFailure(reply.error.code, reply.error.message, reply.error.retry_after_ms);
    }
    return reply as CommandAnswer<C>;
  }

  private report(failure: unknown): void {
    this.options.onError?.(failure instanceof Error ? failure : new Error(String(failure)));
  }
}

type CommandReply<C extends keyof ClientToServerEvents> = Parameters<
  NonNullable<Parameters<ClientToServerEvents[C]>[1]>
>[0];
type CommandAnswer<C extends keyof ClientToServerEvents> = Exclude<CommandReply<C>, { ok: false }>;

function isFailure(
  reply: unknown,
): reply is { ok: false; error: { code: string; message: string; retry_after_ms?: number } } {
  return typeof reply === "object" && reply !== null && (reply as { ok?: boolean }).ok === false;
}

class RoomSubscription implements Subscription {
  constructor(
    private readonly state: RoomState,
    readonly unsubscribe: () => void,
  ) {}
  get room(): string {
    return this.state.room;
  }
  get ready(): Promise<{ recovered: boolean }> {
    return this.state.ready;
  }
  get cursor(): string | undefined {
    return this.state.cursor;
  }
}
