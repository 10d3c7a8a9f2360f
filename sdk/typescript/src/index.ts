export { CommandFailure, FanfareClient, type ClientOptions, type Subscription } from "./client.js";
export type { AnyEvent, Handlers, Listeners, RoomStatus, SubscribeOptions } from "./room.js";
export * from "./events.js";
export { defaultRooms } from "./default_rooms.js";

/**
 * Event types of a deployment's own, by name: what `data` holds. Empty here, for you to fill:
 *
 *     declare module "@fanfare/client" {
 *       interface OwnEvents { "note.added": { note_id: string } }
 *     }
 */
export interface OwnEvents {}
