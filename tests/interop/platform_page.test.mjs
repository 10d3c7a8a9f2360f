// The whole way, on screen: the FastAPI back-end publishes with the Python SDK, a React page in headless Chromium shows with
// the TypeScript SDK what arrives: all 17 domain events, each in exactly the rooms of the contract's table, once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { servePage } from "../../sdk/typescript/tests/app/serve.mjs";
import { Browser } from "./browser.mjs";
import { Backend } from "./platform/backend.mjs";
import { cases } from "./platform/rooms.mjs";
import { Server, jwt } from "./server.mjs";

const rooms = ["project:p1", "agent:a1", "user:u1", "global", "project:p2", "agent:a2"];

test("the page shows every event in exactly its rooms, once", async (t) => {
  const server = await Server.start({ settings: { "cors.origins": "*" } });
  t.after(() => server.stop());
  const backend = await Backend.start(server);
  t.after(() => backend.stop());
  const page = await servePage(server.url);
  t.after(() => page.close());
  const token = jwt({ sub: "u1", projects: ["p1", "p2"], agents: ["a1", "a2"] });
  const browser = await Browser.open(`${page.url}#token=${token}&rooms=${rooms}`);
  t.after(() => browser.close());
  for (const room of rooms) await browser.waitForText(`${room}: live`);

  const expected = new Map(rooms.map((room) => [room, []]));
  const publish = async (type, fields, where) => {
    const id = await backend.publish(type, fields);
    for (const room of where) expected.get(room).push(`${type} ${id}`);
    await browser.waitForText(id);
  };
  for (const { type, data, rooms: where } of cases) await publish(type, data, where);
  // Behind all others, so that one more than there should be would have been shown before.
  for (const room of rooms) await publish("project.updated", { project_id: "p1", changes: {}, rooms: [room] }, [room]);

  for (const room of rooms) {
    const lines = await browser.evaluate(
      `[...document.getElementById("${room}").querySelectorAll("li")].map((line) => line.innerText.split(" {")[0])`);
    assert.deepEqual(lines, expected.get(room), room);
  }
});
