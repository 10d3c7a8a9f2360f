// Compiled, never run: what is right compiles, and each line marked so does not.
import { FanfareClient, type EventData, type Handlers } from "../dist/index.js";
import { useRoom } from "../dist/react.js";
import { startFanfare } from "../dist/testing.js";

const client = new FanfareClient({ url: "http://127.0.0.1:8000", getToken: () => "token" });

client.subscribe("project:1", {
  "workflow.progress": (event) => {
    const progress: number = event.data.progress;
    const type: "workflow.progress" = event.type;
    // @ts-expect-error: it is a number
    const text: string = event.data.progress;
    // @ts-expect-error: no such status
    const status: "sleeping" | undefined = event.data.status;
    // @ts-expect-error: an unknown field is of unknown type
    const unknown: string = event.data.progres;
    return [progress, type, text, status, unknown];
  },
  "*": (event) => {
    if (event.type === "pr.closed") return event.data.merged satisfies boolean;
    // @ts-expect-error: not every event has it
    return event.data.merged satisfies boolean;
  },
});
// @ts-expect-error: there is no such event
client.subscribe("project:1", { "workflow.exploded": () => {} });
// @ts-expect-error: only back-ends' events come in rooms
client.subscribe("project:1", { pong: () => {} });
// @ts-expect-error: no filter
client.subscribe("project:1", {}, { filter: { equals: { type: "pr.closed" } } });
// @ts-expect-error: `since` is a cursor's text
useRoom("project:1", {}, { since: 42 });
// @ts-expect-error: a client needs its tokens
new FanfareClient({ url: "http://127.0.0.1:8000" });

// Who comes and goes, and event types of one's own.
declare module "../dist/index.js" {
  interface OwnEvents {
    "note.added": { note_id: string; pages: number };
  }
}
client.subscribe("project:1", {
  "presence.changed": (event) => {
    const users: unknown[] = event.data.joined;
    return [users, event.data.room satisfies string];
  },
  "note.added": (event) => {
    const id: string = event.data.note_id;
    // @ts-expect-error: it is a number
    const pages: string = event.data.pages;
    return [id, pages, event.type satisfies "note.added"];
  },
  "*": (event) => (event.type === "note.added" ? event.data.pages.toFixed() : ""),
});
client.socket.on("note.added", (event) => event.data.note_id satisfies string);
client.socket.on("presence.changed", (event) => event.data.room satisfies string);

// The official client's own types.
client.socket.on("agent.status_changed", (event) => event.data.status satisfies "idle" | "busy" | "offline" | "error");
client.socket.emit("subscribe", { room: "project:1" }, (reply) => reply.ok && reply.cursor satisfies string);
// @ts-expect-error: no such command
client.socket.emit("subscribed", { room: "project:1" });
// @ts-expect-error: the room is missing
client.socket.emit("subscribe", {});

export const data: EventData["pr.closed"] = { project_id: "1", number: 1, merged: true };
// @ts-expect-error: a field is missing
export const incomplete: EventData["pr.closed"] = { project_id: "1", number: 1 };
export const handlers: Handlers = { "issue.created": ({ data }) => data.title satisfies string };

export async function testing() {
  const fanfare = await startFanfare({ settings: { "cors.origins": ["http://127.0.0.1:3000"], "limits.connections": 5 } });
  await fanfare.publish("pr.closed", { project_id: "1", number: 4, merged: true });
  await fanfare.publish("note.added", { note_id: "own types hold what they hold" });
  // @ts-expect-error: merged is missing
  await fanfare.publish("pr.closed", { project_id: "1", number: 4 });
  const client = await fanfare.client("project:1");
  const closed = await client.waitFor("pr.closed", (event) => event.data.merged);
  // @ts-expect-error: there is no such event
  await client.waitFor("pr.merged");
  return closed.data.number satisfies number;
}
