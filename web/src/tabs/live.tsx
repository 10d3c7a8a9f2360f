import { useState } from "preact/hooks";
import { JsonTree } from "../json_tree.js";
import { arrivals, arrivalsMax, clear, goOn, link, pause, remark, subscribe, unsubscribe, waiting, wishes, type Arrival, type Ask } from "../live.js";
import { PublishForm } from "../publish_form.js";
import { Rows, type Column } from "../rows.js";
import { greeting } from "../session.js";
import { useStore } from "../store.js";
import { clock, count, date } from "../text.js";

const columns: Column<Arrival>[] = [
  { title: "Time", cell: ({ event }) => <time dateTime={event.time}>{clock(event.time)}</time> },
  { title: "Type", cell: ({ event }) => <strong>{event.type}</strong> },
  { title: "Subject", cell: ({ event }) => event.subject ?? "", wide: true },
  { title: "Data", cell: (row) => <span class="quiet">{preview(row)}</span>, wide: true },
];

/** The beginning of the data as JSON, of an event of any size. */
function preview({ event, text }: Arrival): string {
  return (text.length < 4096 ? JSON.stringify(event.data) ?? "" : text.slice(text.indexOf('"data":') + 7)).slice(0, 200);
}

type From = "now" | "last" | "since";

/** What the form asks for. Throws a sentence for people. */
function askOf(room: string, filter: string, from: From, start: string): Ask {
  const ask: Ask = { room: room.trim() };
  if (filter.trim()) {
    try {
      ask.filter = JSON.parse(filter);
    } catch (fault) {
      throw new Error(`The filter is no JSON: ${(fault as Error).message}`);
    }
  }
  if (from === "last") ask.last = Number(start);
  if (from === "since") ask.since = start.trim();
  return ask;
}

function ListenForm({ room, onRoom, since }: { room: string; onRoom: (room: string) => void; since: string | undefined }) {
  const [filter, setFilter] = useState("");
  const [from, setFrom] = useState<From>("now");
  const [start, setStart] = useState("");
  const [told, setTold] = useState({ text: "", bad: false });
  const [asked, setAsked] = useState(since);
  if (since !== asked) { // an event's button
    setAsked(since);
    setFrom("since");
    setStart(since ?? "");
  }
  const rooms = useStore(wishes);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const ask = askOf(room, filter, from, start);
      const { recovered } = await subscribe(ask);
      setTold({ text: `Listening to ${ask.room}${recovered || from === "now" ? "" : "; some of what was asked for is no longer there"}`, bad: false });
    } catch (failure) {
      setTold({ text: (failure as Error).message, bad: true });
    }
  };
  return (
    <section class="card" aria-labelledby="listen-title">
      <h2 id="listen-title">Listen</h2>
      <form id="listen" onSubmit={(event) => void submit(event)}>
        <label>Room<input id="room" value={room} required autocomplete="off" spellcheck={false} onInput={(event) => onRoom(event.currentTarget.value)} /></label>
        <div class="pair">
          <label>From
            <select id="from" value={from} onChange={(event) => setFrom(event.currentTarget.value as From)}>
              <option value="now">now on</option><option value="last">the newest …</option><option value="since">a cursor or time</option>
            </select>
          </label>
          {from !== "now" && (
            <label>{from === "last" ? "How many" : "Cursor or time"}
              <input id="start" type={from === "last" ? "number" : "text"} min={1} value={start} required autocomplete="off"
                onInput={(event) => setStart(event.currentTarget.value)} />
            </label>
          )}
        </div>
        <details class="more">
          <summary>Filter</summary>
          <label>As in <code>subscribe</code>
            <textarea id="filter" rows={3} spellcheck={false} placeholder={'{"exact": {"/data/status": "failed"}}'} value={filter}
              onInput={(event) => setFilter(event.currentTarget.value)} />
          </label>
        </details>
        <button type="submit">Subscribe</button>
      </form>
      <p id="listen-note" role="status" class={told.bad ? "fault" : "quiet"}>{told.text}</p>
      <ul class="chips" aria-label="Rooms listened to">
        {rooms.map((wish) => (
          <li key={wish.room}>{wish.room}{wish.filter !== undefined && <small> filtered</small>}
            <button type="button" class="plain" aria-label={`Leave ${wish.room}`} onClick={() => void unsubscribe(wish.room).catch(() => {})}>×</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Details({ arrival, onReplay }: { arrival: Arrival; onReplay: (cursor: string) => void }) {
  const { event } = arrival;
  return (
    <section class="detail" aria-labelledby="event-title">
      <header class="bar">
        <h3 id="event-title">{event.type}</h3>
        {event.cursor && <button type="button" class="outline small" onClick={() => onReplay(event.cursor!)}>Replay from here</button>}
      </header>
      <p class="quiet">{date(event.time)}{event.subject && <> in <a href={`#/rooms/${encodeURIComponent(event.subject)}`}>{event.subject}</a></>}</p>
      <JsonTree content={event} />
    </section>
  );
}

function Events({ onReplay }: { onReplay: (cursor: string) => void }) {
  const all = useStore(arrivals);
  const held = useStore(waiting);
  const [search, setSearch] = useState("");
  const [chosen, choose] = useState<Arrival>();
  const wanted = search.toLowerCase();
  const shown = wanted ? all.filter(({ text }) => text.toLowerCase().includes(wanted)) : all;
  const cells: Column<Arrival>[] = columns.map((column, at) => at !== 1 ? column : {
    ...column,
    cell: (row) => <button type="button" class="plain" aria-pressed={row === chosen} onClick={() => choose(row === chosen ? undefined : row)}>{column.cell(row)}</button>,
  });
  return (
    <section class="card events" aria-labelledby="events-title">
      <header class="bar">
        <h2 id="events-title">Events</h2>
        <input type="search" aria-label="Search what came" placeholder="Search what came" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        <button type="button" class="outline small" aria-pressed={held !== undefined} onClick={held === undefined ? pause : goOn}>
          {held === undefined ? "Pause" : "Go on"}
        </button>
        <button type="button" class="outline secondary small" onClick={() => { clear(); choose(undefined); }}>Clear</button>
      </header>
      <p class="quiet" id="events-count">
        {held === undefined ? `${count(shown.length)} shown${all.length === arrivalsMax ? ", the newest" : ""}` : `Paused; ${count(held)} waiting`}
      </p>
      {shown.length === 0
        ? <p class="empty">{all.length ? "None of them has that in it." : "Nothing yet. Subscribe to a room, then publish an event into it."}</p>
        : <Rows label="Events" columns={cells} total={shown.length} row={(at) => shown[at]} id={(row) => row.number} chosen={chosen?.number} />}
      {chosen && <Details key={chosen.number} arrival={chosen} onReplay={onReplay} />}
    </section>
  );
}

function Hints() {
  const dev = useStore(greeting)?.dev;
  const [copied, setCopied] = useState("");
  if (!dev) return null;
  const copy = async (title: string, line: string) => {
    try {
      await navigator.clipboard.writeText(line); // there is none on plain HTTP, this machine aside
      setCopied(`${title}: copied`);
    } catch {
      setCopied("The browser does not let this page copy: select the line.");
    }
  };
  return (
    <section class="card" aria-labelledby="hints-title">
      <h2 id="hints-title">The first minute</h2>
      <p class="quiet">Everything is in memory; the secret, the key and this token are made for this run alone. Paste a line into a shell:</p>
      {dev.hints.map(({ title, line }) => (
        <details class="more" key={title}>
          <summary>{title}</summary>
          <pre tabIndex={0}><code>{line}</code></pre>
          <button type="button" class="outline small" onClick={() => void copy(title, line)}>Copy</button>
        </details>
      ))}
      <p role="status" class="quiet">{copied}</p>
    </section>
  );
}

const states = { off: "off", connecting: "connecting", live: "live", lost: "lost, trying again" };

export function Live({ room: given }: { room: string | undefined }) {
  const [room, setRoom] = useState(given ?? "project:p1");
  const [since, setSince] = useState<string>();
  const state = useStore(link);
  const said = useStore(remark);
  return (
    <>
      <header class="bar">
        <h1>Live</h1>
        <span id="link" role="status" class={`state ${state === "live" ? "good" : state === "lost" ? "bad" : "quiet"}`}>{states[state]}</span>
        <span role="status" class="fault">{said}</span>
      </header>
      <div class="live">
        <ListenForm room={room} onRoom={setRoom} since={since} />
        <div class="main">
          <Hints />
          <Events onReplay={setSince} />
        </div>
        <PublishForm room={room} />
      </div>
    </>
  );
}
