export { FanfareClient } from "./client.js";
export type { ClientOptions, CommandFailure, Handlers, Subscription, SubscribeOptions } from "./client.js";
export type * from "./events.js";
