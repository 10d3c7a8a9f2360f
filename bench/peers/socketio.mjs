// Node's socket.io with its connection state recovery, as bench/drop.mjs drives it: a line on standard output says where it listens;
// POST / with a number sends so many events to the room that every client is in.
import { createServer } from "node:http";
import { once } from "node:events";
import { Server } from "socket.io";

let sent = 0;
const web = createServer(async (request, response) => {
  if (request.method !== "POST") return response.writeHead(404).end();
  let text = "";
  for await (const part of request) text += part;
  for (let n = 0; n < Number(text); ++n) io.to("project:1").emit("project.updated", { data: { changes: { n: sent++ } } });
  response.end();
});
const io = new Server(web, { connectionStateRecovery: {} });
io.on("connection", (socket) => {
  if (!socket.recovered) socket.join("project:1");
  socket.on("subscribe", (_, answer) => answer({ ok: true }));
});
await once(web.listen(0, "127.0.0.1"), "listening");
console.log(`listening on http://127.0.0.1:${web.address().port}`);
