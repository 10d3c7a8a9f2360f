// Headless Chromium with the browser's socket.io-client against client-lab: polling, upgrade and WebSocket, across
// origins, with binary and Blobs.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { Browser } from "../interop/browser.mjs";
import { startFixture, within } from "./fixture.mjs";

const bundle = new URL("../interop/node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url);

test("client-lab by a browser", { timeout: 200000 }, async (t) => {
  const script = await readFile(bundle);
  const pages = createServer((request, answer) => {
    if (request.url === "/socket.io.js") return answer.end(script);
    answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>client</title><script src=/socket.io.js></script>");
  });
  await new Promise((resolve) => pages.listen(0, "127.0.0.1", resolve));
  const browser = await Browser.open(`http://127.0.0.1:${pages.address().port}/`);
  t.after(async () => {
    await browser.close();
    pages.closeAllConnections();
    pages.close();
  });
  for (const workers of [1, 4]) {
    const server = await startFixture("client-lab", workers);
    for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
      const seen = await within(60000, browser.evaluate(`(async () => {
        const transports = ${JSON.stringify(transports)};
        const socket = io("${server.http}", { transports, forceNew: true });
        const heard = (name) => new Promise((resolve) => socket.once(name, (...args) => resolve(args)));
        const seen = {};
        await heard("connect");
        if (transports.length > 1 && socket.io.engine.transport.name === "polling") {
          await new Promise((resolve) => socket.io.engine.once("upgrade", resolve));
        }
        seen.transport = socket.io.engine.transport.name;
        seen.echo = await socket.emitWithAck("echo", { text: "€\\u{1f600}" });
        seen.id = socket.id === await socket.emitWithAck("getId");
        let answered = heard("doge");
        socket.emit("doge");
        const [bytes] = await answered;
        seen.doge = bytes instanceof ArrayBuffer && new TextDecoder().decode(bytes);
        answered = heard("blob3-ack");
        const blob = new Blob(["BLOBBLOB"]);
        socket.emit("blob1", blob);
        socket.emit("blob2", "second");
        socket.emit("blob3", blob);
        await answered;
        answered = heard("jsonblob-ack");
        socket.emit("jsonblob", { hello: "lol", message: blob, goodbye: "gotcha" });
        await answered;
        socket.disconnect();
        return seen;
      })()`), "the page");
      assert.deepEqual(seen, { transport: transports.at(-1), echo: { text: "€\u{1f600}" }, id: true, doge: "asdfasdf" });
    }
    await server.stop();
  }
});
