import { createContext, useContext, useEffect, useRef, useState, type ReactNode } from "react";

import type { FanfareClient } from "./client.js";
import type { AnyEvent, Handlers, RoomStatus, SubscribeOptions } from "./room.js";

const ClientContext = createContext<FanfareClient | undefined>(undefined);

/** Gives every component below it the client. Who made the client closes it. */
export function FanfareProvider({ client, children }: { client: FanfareClient; children: ReactNode }) {
  return <ClientContext.Provider value={client}>{children}</ClientContext.Provider>;
}

export function useFanfare(): FanfareClient {
  const client = useContext(ClientContext);
  if (client === undefined) throw new Error("there is no FanfareProvider above this component");
  return client;
}

/**
 * Subscribes while the component is mounted. The handlers of the latest render are called, so they may close over
 * props and state without subscribing anew; a new room or filter subscribes anew. `since` counts when subscribing.
 * Why a room is "refused", `onStatus` is told with it, and the client's `onError`.
 */
export function useRoom(room: string, handlers: Handlers, options: SubscribeOptions = {}): RoomStatus {
  const client = useFanfare();
  const latest = useRef({ handlers, options });
  useEffect(() => {
    latest.current = { handlers, options };
  });
  const [status, setStatus] = useState<RoomStatus>("joining");
  const filter = JSON.stringify(options.filter);

  useEffect(() => {
    const handle = (event: AnyEvent) => {
      const { handlers } = latest.current;
      const wanted = handlers[event.type] ?? handlers["*"];
      (wanted as ((event: AnyEvent) => void) | undefined)?.(event);
    };
    const onStatus = (now: RoomStatus, reason?: Error) => {
      setStatus(now);
      latest.current.options.onStatus?.(now, reason);
    };
    const { filter: only, since } = latest.current.options;
    const subscription = client.subscribe(
      room,
      { "*": handle },
      { onStatus, onGap: () => latest.current.options.onGap?.(), ...(only && { filter: only }), ...(since && { since }) },
    );
    // Others may have subscribed to the room before: then it does not change to "live" any more.
    setStatus(subscription.status);
    return () => subscription.unsubscribe();
  }, [client, room, filter]);

  return status;
}
