// reference.mjs NAME: the fixture of that name as socket.io and engine.io for Node serve it. Only what is compared.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../interop/package.json", import.meta.url));
const engine = require("engine.io");
const { Server } = require("socket.io");

const cors = { origin: "*" };
const web = createServer((request, answer) => answer.writeHead(404).end());

const fixtures = {
  "engineio-echo"() {
    const server = engine.attach(web, { pingInterval: 300, pingTimeout: 200, maxHttpBufferSize: 1e6, cors });
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  },
  "engine-lab"() {
    const denies = (request) => new URL(request.url, "http://x").searchParams.has("deny");
    const allowRequest = (request, answer) => answer(null, !denies(request));
    const server = engine.attach(web, { pingInterval: 500, maxHttpBufferSize: 100, cors, allowRequest });
    server.on("connection", (socket) => {
      socket.send("hi");
      socket.on("message", (data) => socket.send(data === "give binary" ? Buffer.from([0, 1, 2, 3, 4]) : data));
    });
    server.on("initial_headers", (headers) => {
      headers["set-cookie"] = ["1=1; Max-Age=86400", "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
        "3=3; Max-Age=0", `4=4; Expires=${new Date().toUTCString()}`];
    });
  },
  "socketio-echo"() {
    const io = new Server(web, { pingInterval: 300, pingTimeout: 200, maxHttpBufferSize: 1e6, connectTimeout: 1000, cors });
    io.on("connection", (socket) => {
      socket.emit("auth", socket.handshake.auth);
      socket.on("message", (...args) => socket.emit("message-back", ...args));
      socket.on("message-with-ack", (...args) => args.pop()(...args));
      socket.on("get-binary", () => socket.emit("bin", Buffer.from(Array.from({ length: 256 }, (_, i) => i))));
      socket.on("join", (room, ack) => { socket.join(room); ack(); });
      socket.on("leave", (room, ack) => { socket.leave(room); ack(); });
      socket.on("to-room", (room, message) => io.to(room).emit("room-msg", message));
      socket.on("close-transport", () => socket.conn.transport.socket?.close());
    });
    io.of("/custom").on("connection", (socket) => socket.emit("auth", socket.handshake.auth));
  },
};
fixtures[process.argv[2]]();
web.listen(0, "127.0.0.1", () => console.log(`reference listening on 127.0.0.1:${web.address().port}`));
