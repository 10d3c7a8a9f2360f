import { createContext, useContext, useEffect, useRef, useState, type ReactNode } from "react";

import type { FanfareClient, Handlers, SubscribeOptions } from "./client.js";

const ClientContext = createContext<FanfareClient | undefined>(undefined);

/** Gives every component below it the client. */
export function FanfareProvider({ client, children }: { client: FanfareClient; children: ReactNode }) {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

export type RoomStatus = "joining" | "live" | "refused";

/**
 * Subscribes while the component is mounted. The handlers of the latest render are called, so they may close over
 * props and state without subscribing anew; a new room or filter subscribes anew.
 */
export function useRoom(room: string, handlers: Handlers, options: SubscribeOptions = {}): RoomStatus {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("useRoom needs a FanfareProvider above it");
  const latest = useRef(handlers);
  latest.current = handlers;
  const [status, setStatus] = useState<RoomStatus>("joining");
  const filter = JSON.stringify(options.filter);

  useEffect(() => {
    let mounted = true;
    setStatus("joining");
    const subscription = client.subscribe(
      room,
      {
        "*": (event) => {
          const handle = latest.current[event.type as keyof Handlers] ?? latest.current["*"];
          (handle as ((event: unknown) => void) | undefined)?.(event);
        },
      },
      {
        ...(filter === undefined ? {} : { filter: JSON.parse(filter) }),
        ...(options.since === undefined ? {} : { since: options.since }),
      },
    );
    subscription.ready.then(
      () => mounted && setStatus("live"),
      () => mounted && setStatus("refused"),
    );
    return () => {
      mounted = false;
      subscription.unsubscribe();
    };
    // `since` counts when subscribing only: a later cursor must not subscribe again.
  }, [client, room, filter]);

  return status;
}
