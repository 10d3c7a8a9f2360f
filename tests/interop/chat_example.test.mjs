// examples/chat_server.cpp, spoken to by the official client.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connect, next } from "./client.mjs";
import { within } from "./server.mjs";

test("the chat example", async () => {
  const child = spawn(`${process.env.FANFARE_BIN}/chat_server`, ["127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = await within(20000, once(createInterface({ input: child.stdout }), "line"), "the listening line");
    const url = "http://" + /^listening on (\S+)$/.exec(line)[1];
    const ann = await connect(url);
    const ben = await connect(url, undefined, { transports: ["websocket"] });
    const joined = next(ann, "user joined");
    ben.emit("add user", "Ben");
    assert.deepEqual(await joined, { username: "Ben" });
    const heard = next(ann, "new message");
    assert.equal(await ben.timeout(20000).emitWithAck("new message", "hello"), "delivered");
    assert.deepEqual(await heard, { username: "Ben", message: "hello" });
    const left = next(ann, "user left");
    ben.disconnect();
    assert.deepEqual(await left, { username: "Ben" });
    const ended = once(child, "exit");
    const gone = next(ann, "disconnect");
    child.kill("SIGTERM");
    await gone;
    assert.deepEqual(await within(20000, ended, "the end"), [0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
