// The one Socket.IO connection of the page: which rooms it listens to, and what came. It outlives the page's tabs, and comes
// back by itself to where it was.
import { io, type Socket } from "socket.io-client";
import { greet, greeting, session } from "./session.js";
import { Store } from "./store.js";

export interface Envelope {
  id: string;
  type: string;
  source?: string;
  subject?: string;
  time: string;
  cursor?: string;
  data: unknown;
}

/** One event as it came, and as JSON; the number tells two arrivals of it apart. */
export interface Arrival {
  number: number;
  event: Envelope;
  text: string;
}

export interface Wish {
  room: string;
  filter?: unknown;
}

export interface Ask extends Wish {
  since?: string;
  last?: number;
}

export type Link = "off" | "connecting" | "live" | "lost";
interface Answer { ok: boolean; recovered?: boolean; error?: { code: string; message: string; pointer?: string } }

// Of events in sight, and of the letters in them: one event may hold 256 KiB.
export const arrivalsMax = 2000;
const lettersMax = 16_000_000;
export const link = new Store<Link>("off");
export const wishes = new Store<readonly Wish[]>([]);
export const arrivals = new Store<readonly Arrival[]>([]);
/** How many came while paused; nothing while not. */
export const waiting = new Store<number | undefined>(undefined);
/** What the connection says that no command asked for. */
export const remark = new Store("");

let socket: Socket | undefined;
let cursor: string | undefined;
let numbers = 0;
let held: Arrival[] = [];
let batch: Arrival[] = [];

/** The newest of them, as many as are kept. */
function bounded(all: Arrival[]): Arrival[] {
  let letters = 0;
  const end = all.findIndex(({ text }) => (letters += text.length) > lettersMax);
  return all.slice(0, Math.min(arrivalsMax, end < 0 ? all.length : Math.max(1, end)));
}

function show(): void {
  const fresh = batch.reverse();
  batch = [];
  arrivals.set(bounded([...fresh, ...arrivals.value]));
}

function take(event: Envelope): void {
  if (event.cursor) cursor = event.cursor;
  const arrival = { number: ++numbers, event, text: JSON.stringify(event) };
  if (waiting.value !== undefined) {
    held = bounded([arrival, ...held]);
    return waiting.set(waiting.value + 1);
  }
  // Thousands a second are drawn once a frame.
  batch.push(arrival);
  if (batch.length === 1) requestAnimationFrame(show);
}

export function pause(): void { waiting.set(0); }
export function goOn(): void {
  arrivals.set(bounded([...held, ...arrivals.value]));
  held = [];
  waiting.set(undefined);
}
export function clear(): void {
  held = [];
  arrivals.set([]);
  if (waiting.value !== undefined) waiting.set(0);
}

async function command(name: string, argument: object): Promise<Answer> {
  if (!socket?.connected) throw new Error("Not connected yet.");
  const answer = (await socket.timeout(10000).emitWithAck(name, argument)) as Answer;
  if (answer.ok) return answer;
  const { code, message, pointer } = answer.error!;
  throw new Error(`${code}: ${message}${pointer ? ` (at ${pointer})` : ""}`);
}

/** Joins a room, with what it had since a cursor or time, or its newest so many. Throws what the server says against it. */
export async function subscribe(wish: Ask): Promise<{ recovered: boolean }> {
  const answer = await command("subscribe", wish);
  const { room, filter } = wish;
  wishes.set([...wishes.value.filter((each) => each.room !== room), filter === undefined ? { room } : { room, filter }]);
  return { recovered: answer.recovered !== false };
}

export async function unsubscribe(room: string): Promise<void> {
  wishes.set(wishes.value.filter((each) => each.room !== room));
  await command("unsubscribe", { room });
}

async function resume(): Promise<void> {
  const since = cursor;
  for (const wish of wishes.value) {
    try {
      const { recovered } = await subscribe(since ? { ...wish, since } : wish);
      if (!recovered) remark.set(`Some events of ${wish.room} are no longer there to be replayed.`);
    } catch (failure) {
      wishes.set(wishes.value.filter((each) => each.room !== wish.room));
      remark.set(`${wish.room}: ${(failure as Error).message}`);
    }
  }
}

const own = new Set(["subscribed", "unsubscribed", "pong"]);

function open(token: string): void {
  link.set("connecting");
  socket = io({ auth: { token }, transports: ["websocket", "polling"] });
  socket.on("connect", () => remark.set(""));
  socket.on("connection.established", (event: Envelope) => {
    link.set("live");
    void resume();
    cursor ??= event.cursor;
  });
  socket.on("connect_error", (failure: Error & { data?: { code?: string } }) => {
    if (link.value === "live") link.set("lost");
    const code = failure.data?.code;
    if (!code) return;
    remark.set(`The live connection was refused: ${code}`);
    // Socket.IO's client does not come back by itself after a refusal.
    if (greeting.value?.dev && code === "token_invalid") void greet();
    else if (code === "over_limit" || code === "draining") setTimeout(() => socket?.connect(), 2000);
  });
  socket.on("disconnect", () => link.set("lost"));
  socket.onAny((name: string, event: Envelope) => {
    if (own.has(name) || name === "connection.established" || typeof event !== "object" || event === null) return;
    if (name === "connection.error") {
      const data = event.data as { code?: string; message?: string };
      return remark.set(data.message ?? data.code ?? name);
    }
    take(event);
  });
}

session.watch((who) => {
  socket?.disconnect();
  socket = undefined;
  if (who) return open(who.token);
  link.set("off");
  if (greeting.value?.dev) return; // the next throw-away token goes on where this one was
  cursor = undefined;
  held = [];
  wishes.set([]);
  arrivals.set([]);
  waiting.set(undefined);
  remark.set("");
});
