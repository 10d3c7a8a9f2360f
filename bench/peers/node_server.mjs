// Node's socket.io with an adapter over Redis, publishing what is POSTed: node_server.mjs (redis|streams) REDIS_URL
// Prints the port that it listens on.
import { createServer } from "node:http";
import { createAdapter as createRedisAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [kind, url] = process.argv.slice(2);
const client = createClient({ url });
await client.connect();
let adapter;
if (kind === "streams") adapter = createStreamsAdapter(client);
else {
  const subscriber = client.duplicate();
  await subscriber.connect();
  adapter = createRedisAdapter(client, subscriber);
}
const web = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    const event = JSON.parse(Buffer.concat(parts));
    const packet = { type: 2, nsp: "/", data: [event.type, event] };
    // Answered once Redis has it, as far as the adapter says so.
    await io.of("/").adapter.broadcast(packet, { rooms: new Set([`project:${event.data.project_id}`]), except: new Set(), flags: {} });
    response.writeHead(202, { "Content-Type": "application/json" }).end("{}");
  });
});
const io = new Server(web, { adapter });
io.on("connection", (socket) => socket.join("project:1"));
web.listen(0, "127.0.0.1", () => console.log(web.address().port));
