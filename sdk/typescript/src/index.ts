export { CommandFailure, FanfareClient, type ClientOptions, type Subscription } from "./client.js";
export type { AnyEvent, Handlers, RoomStatus, SubscribeOptions } from "./room.js";
export * from "./events.js";
export { defaultRooms } from "./default_rooms.js";
