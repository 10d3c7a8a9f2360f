import { defaultRooms } from "./default_rooms.js";

/** What an envelope says of where it was sent. */
export interface Addressed {
  type: string;
  subject: string;
  data: unknown;
}

/**
 * The rooms an event was sent to. An envelope names the first alone; the others follow from the catalogue, unless the
 * publisher named rooms of its own or the type is a deployment's own: `complete` is false then.
 */
export function roomsOf(event: Addressed): { rooms: string[]; complete: boolean } {
  const data = (event.data ?? {}) as Record<string, unknown>;
  const rooms = (defaultRooms[event.type] ?? [])
    .map((templates) => templates.map((template) => filled(template, data)).find((room) => room !== undefined))
    .filter((room) => room !== undefined);
  return rooms[0] === event.subject ? { rooms, complete: true } : { rooms: [event.subject], complete: false };
}

function filled(template: string, data: Record<string, unknown>): string | undefined {
  const [, kind, field] = /^(\w+:)\{(\w+)\}$/.exec(template) ?? [];
  const id = field === undefined ? undefined : data[field];
  return typeof id === "string" ? `${kind}${id}` : undefined;
}
