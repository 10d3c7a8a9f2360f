import type { DomainEventType, EventData, FanfareEvent, Filter, ServerToClientEvents, SubscribeRequest } from "./events.js";
import type { OwnEvents } from "./index.js";
import { passes } from "./filter.js";
import { SeenIds } from "./seen.js";

/** What comes in rooms, by type: what back-ends publish, who comes and goes, and the deployment's own. */
type RoomEvents = Pick<EventData, DomainEventType | "presence.changed"> & OwnEvents;
type RoomEvent<Type extends keyof RoomEvents> = FanfareEvent<RoomEvents[Type], Type & string>;

/** Any of them, told apart by `type`. */
export type AnyEvent = { [Type in keyof RoomEvents]: RoomEvent<Type> }[keyof RoomEvents];

/** A handler for each event type wanted; "*" gets those without one of their own, types that are not declared too. */
export type Handlers = { [Type in keyof RoomEvents]?: (event: RoomEvent<Type>) => void } & { "*"?: (event: AnyEvent) => void };

/** What the official client's socket hears. */
export type Listeners = ServerToClientEvents & { [Type in keyof OwnEvents]: (event: RoomEvent<Type>) => void };

/** "joining" until the server answers, and again while the connection is lost. */
export type RoomStatus = "joining" | "live" | "refused";

export interface SubscribeOptions {
  /** Only these events; each subscription to a room has its own. */
  filter?: Filter;
  /** A cursor kept from earlier: what the room had after it comes first. Counts for the room's first subscription. */
  since?: string;
  /** Told whenever the room's status changes; of "refused" with the reason, a CommandFailure with the server's code. */
  onStatus?: (status: RoomStatus, reason?: Error) => void;
  /** Told when events were missed that the server no longer has: load the state anew. */
  onGap?: () => void;
}

export interface Subscriber {
  handlers: Handlers;
  options: SubscribeOptions;
  resolve: (answer: { recovered: boolean }) => void;
  reject: (failure: Error) => void;
  /** Came to a room that had been live: what was before that is not for it. */
  late?: boolean;
}

const SEEN_IDS = 1000;

/**
 * One room: who subscribed, and up to where in the server's log they have had everything. Pure.
 *
 * The server replays what was missed right before it answers `subscribe`. Until that answer nothing of this room comes
 * live, but events of other rooms do, and may belong here too: out of turn, and once more in the replay. So all are held
 * back until the answer, each at the place of its last arrival.
 */
export class Room {
  status: RoomStatus = "joining";
  /** Counts what was asked of the server; only the answer to the last counts. */
  attempt = 0;
  private readonly subscribers = new Set<Subscriber>();
  private readonly seen = new SeenIds(SEEN_IDS);
  private heldBack: Map<string, AnyEvent> | undefined;
  private recovered = false;
  private wasLive = false;
  private asked: string | undefined;

  constructor(
    readonly name: string,
    public cursor: string | undefined,
    private readonly report: (failure: unknown) => void,
  ) {}

  get empty(): boolean {
    return this.subscribers.size === 0;
  }

  get awaitsReplay(): boolean {
    return this.heldBack !== undefined;
  }

  /** Whether the server has to be asked (again) for what this subscriber wants. */
  add(subscriber: Subscriber): boolean {
    this.subscribers.add(subscriber);
    subscriber.late = this.wasLive;
    if (this.status !== "live" || this.asked !== JSON.stringify(this.filter)) return true;
    subscriber.late = false;
    subscriber.resolve({ recovered: this.recovered });
    return false;
  }

  /** Whether it was there. */
  remove(subscriber: Subscriber): boolean {
    return this.subscribers.delete(subscriber);
  }

  /** What to ask the server for. */
  ask(): SubscribeRequest {
    const { name: room, cursor: since, filter } = this;
    ++this.attempt;
    this.asked = JSON.stringify(filter);
    this.heldBack = since === undefined ? undefined : new Map();
    this.become("joining");
    return { room, ...(since !== undefined && { since }), ...(filter && { filter }) };
  }

  joined(answer: { cursor: string; recovered: boolean }): void {
    const { cursor: since, heldBack } = this;
    this.heldBack = undefined;
    this.cursor = answer.cursor;
    this.recovered = answer.recovered;
    this.wasLive = true;
    this.become("live");
    for (const subscriber of [...this.subscribers]) {
      if (since !== undefined && !answer.recovered && !subscriber.late) this.call(subscriber.options.onGap);
      subscriber.resolve({ recovered: answer.recovered });
    }
    for (const event of heldBack?.values() ?? []) this.deliver(event);
    for (const subscriber of this.subscribers) subscriber.late = false;
  }

  /** Stays so until the room is asked for again: with a new token, or over a new connection. */
  refused(failure: Error): void {
    this.heldBack = undefined;
    ++this.attempt;
    this.become("refused", failure);
    for (const subscriber of this.subscribers) subscriber.reject(failure);
  }

  /** The connection is gone, and with it what the server knew; or it could not answer. */
  lost(): void {
    this.heldBack = undefined;
    ++this.attempt;
    this.become("joining");
  }

  /** Takes an event of this room; gives whether the room is live and had not had it before. */
  take(event: AnyEvent): boolean {
    if (this.status === "live") return this.deliver(event);
    this.heldBack?.delete(event.id);
    this.heldBack?.set(event.id, event);
    return false;
  }

  /** What all subscribers need: one filter that all of them have, else everything. */
  private get filter(): Filter | undefined {
    const filters = [...this.subscribers].map((subscriber) => subscriber.options.filter);
    return filters.every((filter) => JSON.stringify(filter) === JSON.stringify(filters[0])) ? filters[0] : undefined;
  }

  private deliver(event: AnyEvent): boolean {
    if (!this.seen.add(event.id)) return false;
    for (const subscriber of [...this.subscribers]) {
      const { filter } = subscriber.options;
      if (subscriber.late || !this.subscribers.has(subscriber) || (filter && !passes(filter, event))) continue;
      const handle = subscriber.handlers[event.type] ?? subscriber.handlers["*"];
      this.call(handle as ((event: AnyEvent) => void) | undefined, event);
    }
    return true;
  }

  private become(status: RoomStatus, reason?: Error): void {
    if (this.status === status) return;
    this.status = status;
    for (const subscriber of [...this.subscribers]) this.call(subscriber.options.onStatus, status, reason);
  }

  /** A handler that throws does not keep the others from being called. */
  private call<Args extends unknown[]>(handle: ((...args: Args) => void) | undefined, ...args: Args): void {
    try {
      handle?.(...args);
    } catch (failure) {
      this.report(failure);
    }
  }
}
