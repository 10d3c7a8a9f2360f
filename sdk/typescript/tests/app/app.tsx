// A page that shows what arrives: /#token=…&rooms=project:1,agent:2. New rooms in the address are taken over at once.
import { StrictMode, useState, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";

import { CommandFailure, FanfareClient, type AnyEvent } from "../../dist/index.js";
import { FanfareProvider, useRoom } from "../../dist/react.js";

declare const FANFARE_URL: string; // by serve.mjs

const address = () => new URLSearchParams(location.hash.slice(1));

function onAddress(changed: () => void) {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

function RoomPanel({ room }: { room: string }) {
  const [events, setEvents] = useState<AnyEvent[]>([]);
  const [reason, setReason] = useState<Error>();
  const status = useRoom(
    room,
    { "*": (event) => setEvents((before) => [...before, event]) },
    { onStatus: (_, because) => setReason(because) },
  );
  return (
    <section id={room}>
      <h2>
        {room}: {status} {reason instanceof CommandFailure && `${reason.code}, ${reason.message}`}
      </h2>
      <ol>
        {events.map((event, place) => (
          <li key={place} data-id={event.id}>
            {event.type} {event.id} {JSON.stringify(event.data)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function App() {
  const rooms = useSyncExternalStore(onAddress, () => address().get("rooms") ?? "");
  return rooms.split(",").map((room) => <RoomPanel key={room} room={room} />);
}

const client = new FanfareClient({
  url: FANFARE_URL,
  getToken: () => address().get("token") ?? "",
  onError: (failure) => console.error(String(failure)),
});
Object.assign(window, { client });
createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <FanfareProvider client={client}>
      <App />
    </FanfareProvider>
  </StrictMode>,
);
