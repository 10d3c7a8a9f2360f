import { Chart, type Line } from "../chart.js";
import { usePolled } from "../polling.js";
import { latest, refusals, samples, type Sample, type Stats } from "../samples.js";
import { useStore } from "../store.js";
import { bytes, count, counted, millis, rate, span } from "../text.js";
import type { ConnectionRow } from "./connections.js";

const linesMax = 6;
// Less than this is on its way rather than waiting: a ping, the last few events.
const slowBytes = 16384;
const binarySteps = Array.from({ length: 31 }, (_, power) => 2 ** (power + 10));

/** The parts that counted most lately, each a line; what counted nothing is none. */
function partsOf(all: readonly Sample[], part: "types" | "causes"): Line[] {
  const sums = new Map<string, number>();
  for (const sample of all) for (const [name, amount] of Object.entries(sample[part])) sums.set(name, (sums.get(name) ?? 0) + amount);
  const names = [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1]).slice(0, linesMax).map(([name]) => name).sort();
  return names.map((label) => ({ label, values: all.map((sample) => sample[part][label] ?? 0) }));
}

function Figure({ name, amount, note }: { name: string; amount: string; note?: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd><strong>{amount}</strong>{note && <small>{note}</small>}</dd>
    </div>
  );
}

function Causes({ stats }: { stats: Stats }) {
  const rows = Object.entries(refusals(stats)).filter(([, amount]) => amount > 0).sort((a, b) => b[1] - a[1]);
  return (
    <section class="card" aria-labelledby="causes-title">
      <h2 id="causes-title">Refused since the start</h2>
      {rows.length === 0 ? <p class="empty">Nobody has been refused.</p> : (
        <table>
          <thead><tr><th scope="col">Cause</th><th scope="col" class="number">Connects</th></tr></thead>
          <tbody>{rows.map(([cause, amount]) => <tr key={cause}><td><code>{cause}</code></td><td class="number">{count(amount)}</td></tr>)}</tbody>
        </table>
      )}
    </section>
  );
}

function Slow() {
  const { data } = usePolled<{ connections: ConnectionRow[] }>("/api/v1/connections?order=queue&limit=5", 2000);
  const rows = data?.connections.filter((row) => (row.queued_bytes ?? 0) >= slowBytes) ?? [];
  return (
    <section class="card" aria-labelledby="slow-title">
      <h2 id="slow-title">Slow clients</h2>
      {rows.length === 0 ? <p class="empty">{data ? `Everybody reads what is sent: nobody has ${bytes(slowBytes)} unsent.` : "Asking…"}</p> : (
        <table>
          <thead><tr><th scope="col">User</th><th scope="col" class="number">Unsent</th></tr></thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id}><td><a href={`#/connections/${encodeURIComponent(row.id)}`}>{row.user}</a></td><td class="number">{bytes(row.queued_bytes ?? 0)}</td></tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Keeping({ stats }: { stats: Stats }) {
  const { history, nodes } = stats;
  return (
    <section class="card" aria-labelledby="keeping-title">
      <h2 id="keeping-title">History and fleet</h2>
      <dl class="facts">
        <dt>History</dt>
        <dd><span class={history.ready ? "good" : "bad"}>{history.ready ? "takes events" : "refuses events"}</span>, {history.backend}</dd>
        <dt>Holds</dt><dd>{counted(history.entries, "event")} of {counted(history.rooms, "room")}, {bytes(history.bytes)}</dd>
        <dt>Trimmed</dt><dd>{counted(history.trimmed, "event")}</dd>
        <dt>Redis</dt>
        <dd>{history.backend !== "redis" ? "not used" : <span class={history.ready ? "good" : "bad"}>{history.ready ? "connected" : "not reached"}</span>}</dd>
        <dt>Nodes</dt><dd>{nodes.length === 0 ? "this one alone" : nodes.map(({ name, draining }) => <code key={name}>{name}{draining ? " (draining)" : ""} </code>)}</dd>
      </dl>
    </section>
  );
}

export function Overview() {
  const stats = useStore(latest);
  const all = useStore(samples);
  if (!stats) return <p class="empty" aria-busy="true">Asking the server…</p>;
  const times = all.map((sample) => sample.at);
  const last = all.at(-1);
  const line = (label: string, values: (number | null)[]): Line => ({ label, values });
  const types = partsOf(all, "types");
  const causes = partsOf(all, "causes");
  return (
    <>
      <h1>Overview</h1>
      <dl class="figures">
        <Figure name="Connections" amount={count(stats.connections.total)}
          note={`${count(stats.connections.websocket)} WebSocket, ${count(stats.connections.polling)} polling`} />
        <Figure name="Events a second" amount={rate(last?.events ?? 0)} note={`${count(stats.totals.fanfare_events_published_total ?? 0)} published`} />
        <Figure name="Latency" amount={stats.latency.samples ? millis(stats.latency.p50_ms) : "–"}
          note={stats.latency.samples ? `p99 ${millis(stats.latency.p99_ms)}` : "nothing delivered lately"} />
        <Figure name="Rooms" amount={count(stats.rooms)} note={counted(stats.filters, "filter")} />
        <Figure name="Memory" amount={bytes(stats.memory.resident_bytes)} note="resident" />
        <Figure name="Workers" amount={count(stats.workers)} note={`up ${span(stats.uptime_s * 1000)}${stats.draining ? ", draining" : ""}`} />
      </dl>
      <div class="charts">
        <Chart title="Connections" now={count(stats.connections.total)} times={times} format={count}
          lines={[line("Connections", all.map((sample) => sample.connections))]} />
        <Chart title="Connects and refusals a second" now={`${rate(last?.connects ?? 0)} and ${rate(last?.refusals ?? 0)}`} times={times} format={rate}
          lines={[line("connects", all.map((sample) => sample.connects)), ...(causes.length ? causes : [line("refused", all.map(() => 0))])]} />
        <Chart title="Events a second, by type" now={rate(last?.events ?? 0)} times={times} format={rate} named
          lines={types.length ? types : [line("none yet", all.map(() => 0))]} />
        <Chart title="Delivery latency" now={stats.latency.samples ? millis(stats.latency.p99_ms) : "–"} times={times} format={millis}
          lines={[line("p50", all.map((sample) => sample.p50)), line("p99", all.map((sample) => sample.p99))]} />
        <Chart title="Resident memory" now={bytes(stats.memory.resident_bytes)} times={times} format={bytes} steps={binarySteps}
          lines={[line("Memory", all.map((sample) => sample.memory))]} />
        <Keeping stats={stats} />
      </div>
      <div class="cards"><Slow /><Causes stats={stats} /></div>
    </>
  );
}
