// The official socket.io-client, in promises.
import { io } from "socket.io-client";
import { within } from "./server.mjs";

export { io };
export { default as WebSocket } from "ws";

/** Connects and resolves with the socket; rejects with the server's CONNECT_ERROR. */
export async function connect(url, token, options = {}) {
  const socket = io(url, { auth: token === undefined ? {} : { token }, forceNew: true, reconnection: false, ...options });
  // Sent right behind the CONNECT, so listened for from the start.
  socket.established = new Promise((resolve) => socket.once("connection.established", resolve));
  const outcome = new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });
  try {
    await within(20000, outcome, "connect");
  } catch (error) {
    socket.disconnect();
    throw error;
  }
  return socket;
}

export function next(socket, name, ms = 20000) {
  return within(ms, new Promise((resolve) => socket.once(name, (...args) => resolve(args[0]))), name);
}

export function ask(socket, name, argument) {
  return socket.timeout(20000).emitWithAck(name, argument);
}

/** Connects, joins the room, and fails unless the ack says so. */
export async function subscriber(url, token, room, options) {
  const socket = await connect(url, token, options);
  const answer = await ask(socket, "subscribe", { room });
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return { socket, answer };
}
