// Many Socket.IO connections on little: one WebSocket for two of them, the packets written by hand. A process of its own, so that whoever
// needs a crowd behind a server is not held up by it.
//   node crowd.mjs URL SECRET COUNT SECONDS
// Tells its parent how many have joined their rooms once all have, or the time is up, and ends with it.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { jwt, within } from "./server.mjs";

export const projects = 500; // rooms that the crowd shares, beside each one's own

/** One client in both namespaces, in a room of each: two connections to the server. */
function join(url, secret, number) {
  const room = `project:crowd-${number % projects}`;
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
  const token = jwt({ sub: `crowd-${number}`, projects: ["*"], exp: Math.floor(Date.now() / 1000) + 7200 }, { key: secret });
  let joined = 0;
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`client ${number} was closed: ${code}`)));
    socket.on("message", (data) => {
      const text = data.toString();
      const nsp = text.slice(2).startsWith("/ws,") ? "/ws," : "";
      if (text === "2") socket.send("3");
      else if (text[0] === "0") for (const each of ["", "/ws,"]) socket.send(`40${each}${JSON.stringify({ token })}`);
      else if (text.startsWith("40")) socket.send(`42${nsp}1${JSON.stringify(["subscribe", { room }])}`);
      else if (text.startsWith("44")) reject(new Error(`client ${number} was refused: ${text}`));
      else if (text.startsWith(`43${nsp}1`) && ++joined === 2) resolve();
    });
  });
}

async function gather(url, secret, count, seconds) {
  const together = 64;
  const until = Date.now() + seconds * 1000;
  let next = 0;
  const comers = Array.from({ length: together }, async () => {
    while (next < count / 2 && Date.now() < until) await join(url, secret, next++);
  });
  await Promise.all(comers);
  process.send(next * 2);
}

/** Settings that let a crowd in from one address. */
export const crowdSettings = (count) => ({
  "limits.connections": count + 1000, "limits.connections_per_address": 0, "limits.connects_per_second": 0,
});

/** Resolves once all are in, or as many as the seconds allow; gives their number, and what sends them away. */
export async function crowd(url, secret, count, seconds) {
  const child = fork(fileURLToPath(import.meta.url), [url, secret, String(count), String(seconds)],
    { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ready = new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the crowd ended with ${code}`)));
  });
  const joined = await within((seconds + 60) * 1000, ready, `${count} connections`);
  const sendAway = async () => {
    child.kill();
    await ended;
  };
  return { joined, sendAway };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on("disconnect", () => process.exit());
  const [url, secret, count, seconds] = process.argv.slice(2);
  await gather(url, secret, Number(count), Number(seconds));
}
