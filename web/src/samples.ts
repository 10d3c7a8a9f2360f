// The server's statistics, once a second while somebody is signed in; kept for as long as the charts look back, whichever
// page is open.
import { call, session } from "./session.js";
import { Store } from "./store.js";

export interface Stats {
  version: string;
  uptime_s: number;
  draining: boolean;
  workers: number;
  connections: { total: number; sessions: number; websocket: number; polling: number; tcp: number };
  nodes: { name: string; address: string; draining: boolean }[];
  rooms: number;
  filters: number;
  history: { backend: string; ready: boolean; entries: number; bytes: number; rooms: number; trimmed: number; cursor: string };
  memory: { resident_bytes: number };
  latency: { p50_ms: number; p99_ms: number; samples: number };
  totals: Record<string, number>;
  by_label: Record<string, Record<string, number>>;
}

export interface Sample {
  /** Unix seconds. */
  at: number;
  connections: number;
  memory: number;
  /** Nothing while nothing is delivered. */
  p50: number | null;
  p99: number | null;
  connects: number;
  refusals: number;
  events: number;
  types: Record<string, number>;
  causes: Record<string, number>;
}

export const kept = 300;
export const latest = new Store<Stats | undefined>(undefined);
export const samples = new Store<readonly Sample[]>([]);

const typed = "fanfare_events_delivered_total";
const refused = ["fanfare_connects_refused_total", "fanfare_connections_refused_total"];

export function refusals(stats: Stats): Record<string, number> {
  const causes: Record<string, number> = {};
  for (const name of refused) {
    for (const [cause, amount] of Object.entries(stats.by_label[name] ?? {})) causes[cause] = (causes[cause] ?? 0) + amount;
  }
  return causes;
}

function sum(of: Record<string, number>): number {
  return Object.values(of).reduce((all, each) => all + each, 0);
}

function perSecond(now: Record<string, number>, before: Record<string, number>, seconds: number): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [name, amount] of Object.entries(now)) out[name] = Math.max(0, amount - (before[name] ?? 0)) / seconds;
  return out;
}

let last: { at: number; stats: Stats } | undefined;

function take(stats: Stats): void {
  const at = Date.now() / 1000;
  const before = last;
  last = { at, stats };
  latest.set(stats);
  // Counters of a server that has been started anew begin anew.
  if (!before || stats.uptime_s < before.stats.uptime_s) return;
  const seconds = Math.max(0.1, at - before.at);
  const types = perSecond(stats.by_label[typed] ?? {}, before.stats.by_label[typed] ?? {}, seconds);
  const causes = perSecond(refusals(stats), refusals(before.stats), seconds);
  const opened = "fanfare_engineio_sessions_opened_total";
  const sample: Sample = {
    at, types, causes,
    connections: stats.connections.total,
    memory: stats.memory.resident_bytes,
    p50: stats.latency.samples ? stats.latency.p50_ms : null,
    p99: stats.latency.samples ? stats.latency.p99_ms : null,
    connects: Math.max(0, (stats.totals[opened] ?? 0) - (before.stats.totals[opened] ?? 0)) / seconds,
    refusals: sum(causes),
    events: sum(types),
  };
  samples.set([...samples.value, sample].slice(-kept));
}

let asking = false;
async function ask(): Promise<void> {
  asking = true;
  try {
    take(await call<Stats>("GET", "/api/v1/websocket/stats"));
  } catch { /* the page says that the server is away, or asks to sign in */ }
  if (session.value) setTimeout(() => void ask(), 1000);
  else asking = false;
}

session.watch((who) => {
  if (who && !asking) void ask();
  if (who) return;
  last = undefined;
  latest.set(undefined);
  samples.set([]);
});
