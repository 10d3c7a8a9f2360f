import { useEffect, useState } from "preact/hooks";
import { SignIn } from "./sign_in.js";
import { away, greeting, session, signOut } from "./session.js";
import { latest } from "./samples.js";
import { useStore } from "./store.js";
import { Configuration } from "./tabs/configuration.js";
import { Connection } from "./tabs/connection.js";
import { Connections } from "./tabs/connections.js";
import { Live } from "./tabs/live.js";
import { Overview } from "./tabs/overview.js";
import { Room, Rooms } from "./tabs/rooms.js";
import { span } from "./text.js";
import { theme, turn } from "./theme.js";

interface Place { tab: string; item: string | undefined; query: URLSearchParams }

/** "#/rooms/project%3Ap1?order=name" and its like. */
function placeOf(hash: string): Place {
  const [path = "", query] = hash.replace(/^#\/?/, "").split("?");
  const [tab = "", item] = path.split("/");
  return { tab, item: item === undefined ? undefined : decodeURIComponent(item), query: new URLSearchParams(query) };
}

function usePlace(): Place {
  const [place, set] = useState(placeOf(location.hash));
  useEffect(() => {
    const look = () => set(placeOf(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return place;
}

function Tab({ tab, item, query }: Place) {
  switch (tab) {
    case "live": return <Live room={query.get("room") ?? undefined} />;
    case "rooms": return item ? <Room key={item} room={item} /> : <Rooms />;
    case "connections": return item ? <Connection key={item} id={item} /> : <Connections key={query.get("user") ?? ""} user={query.get("user") ?? undefined} />;
    case "configuration": return <Configuration />;
    default: return <Overview />;
  }
}

function Left({ expiresAt }: { expiresAt: number }) {
  const [left, set] = useState(expiresAt - Date.now());
  useEffect(() => {
    const timer = setInterval(() => set(expiresAt - Date.now()), 1000);
    return () => clearInterval(timer);
  }, [expiresAt]);
  return <small class={left < 60000 ? "fault" : "quiet"}>token ends in {span(left)}</small>;
}

const titles: Record<string, string> =
  { live: "Live", overview: "Overview", rooms: "Rooms", connections: "Connections", configuration: "Configuration" };

export function App() {
  const who = useStore(session);
  const told = useStore(greeting);
  const lost = useStore(away);
  const paint = useStore(theme);
  const stats = useStore(latest);
  const place = usePlace();
  // Whoever has just started `--dev` begins where events are seen.
  const tabs = told?.dev ? ["live", "overview", "rooms", "connections", "configuration"] : ["overview", "live", "rooms", "connections", "configuration"];
  const tab = tabs.includes(place.tab) ? place.tab : tabs[0]!;
  useEffect(() => {
    document.title = who ? `${titles[tab]} – Fanfare` : "Sign in – Fanfare";
  }, [tab, who]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")!.focus(); }}>Skip to the content</a>
      <header class="top">
        <a class="brand" href={`#/${tabs[0]}`}>Fanfare</a>
        {who && (
          <nav aria-label="Pages">
            <ul>{tabs.map((each) => <li key={each}><a href={`#/${each}`} aria-current={each === tab ? "page" : undefined}>{titles[each]}</a></li>)}</ul>
          </nav>
        )}
        <div class="who">
          {who && <span><strong>{who.user}</strong> {who.expiresAt !== undefined && !told?.dev && <Left expiresAt={who.expiresAt} />}</span>}
          <button type="button" class="outline secondary small" onClick={turn}>{paint === "dark" ? "Light" : "Dark"}</button>
          {who && !told?.dev && <button type="button" class="outline secondary small" onClick={() => signOut()}>Sign out</button>}
        </div>
      </header>
      <div role="alert">{lost && <p class="banner">The server cannot be reached. What is shown is what was last heard; trying again…</p>}</div>
      <div role="status">{stats?.draining && <p class="banner">The server is shutting down: it takes no new clients.</p>}</div>
      <main id="main" tabIndex={-1}>{who ? <Tab {...place} tab={tab} /> : told?.dev ? <p class="empty" aria-busy="true">Signing in…</p> : <SignIn />}</main>
      <footer>Fanfare {told?.version}</footer>
    </>
  );
}
