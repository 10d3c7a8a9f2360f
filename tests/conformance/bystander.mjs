// A well-behaved client on a thread of its own, so that what is timed is the server and not the attackers' event loop.
// Told "report", it posts how long its pings took since the last report, in milliseconds, and starts anew.
import { parentPort, workerData } from "node:worker_threads";
import { ask, connect } from "../interop/client.mjs";

const { url, token, transports } = workerData;
const socket = await connect(url, token, { transports });
let times = [], stopped = false, enough = () => {};
socket.on("disconnect", (reason) => { if (!stopped) throw new Error(`the bystander lost its connection: ${reason}`); });

parentPort.on("message", async (order) => {
  if (order === "stop") {
    stopped = true;
    socket.disconnect();
    return parentPort.close();
  }
  while (times.length < 20) await new Promise((resolve) => (enough = resolve));
  const sorted = times.sort((a, b) => a - b);
  times = [];
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  parentPort.postMessage({ pings: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) });
});
parentPort.postMessage("connected");

for (let n = 0; !stopped; n++) {
  const start = performance.now();
  const answer = await ask(socket, "ping", { n }).catch((fault) => { if (!stopped) throw fault; });
  if (stopped) break;
  if (answer.n !== n) throw new Error(`ping ${n} was answered ${JSON.stringify(answer)}`);
  times.push(performance.now() - start);
  enough();
  await new Promise((resolve) => setTimeout(resolve, 30)); // its pace, within the rate it is allowed
}
