// What is kept, and for how long, as clients see it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, jwt } from "./server.mjs";
import { ask, next, subscriber } from "./client.mjs";

const room = "project:123";
const token = () => jwt({ sub: "ann", projects: ["123"] });

test("history.rules: who joins late gets the newest of each workflow, and who comes back misses nothing", async () => {
  const server = await Server.start({ settings: { "history.rules": "workflow.progress latest,pr.* keep", "history.room_events_max": 4 } });
  const progress = (workflow, percent) => ({ type: "workflow.progress", data: { workflow_id: workflow, project_id: "123", progress: percent } });
  const { body } = await server.publish({ type: "pr.created", data: { project_id: "123", number: 1, title: "t", author: "a" } });
  const steps = [10, 20, 30, 40, 50].flatMap((percent) => [progress("w1", percent), progress("w2", percent + 1)]);
  assert.equal((await server.publish(steps)).status, 202);
  const { socket } = await subscriber(server.url, token(), "global");
  const seen = [];
  socket.onAny((type, { data }) => seen.push([type, data.progress ?? data.number]));
  assert.equal((await ask(socket, "subscribe", { room, last: 100 })).recovered, true);
  assert.deepEqual(seen, [["pr.created", 1], ["workflow.progress", 50], ["workflow.progress", 51]]);
  seen.length = 0;
  assert.equal((await ask(socket, "unsubscribe", { room })).ok, true);
  assert.equal((await ask(socket, "subscribe", { room, since: body.events[0].cursor })).recovered, true);
  assert.deepEqual(seen, [["workflow.progress", 50], ["workflow.progress", 51]]);
  for (let n = 0; n < 6; ++n) await server.publish({ type: "project.updated", data: { project_id: "123", changes: { n } } });
  const answer = await ask(socket, "subscribe", { room: "project:123", since: body.events[0].cursor });
  assert.equal(answer.recovered, false, "the room's bound has dropped some, which no rule makes good");
  await server.stop();
});
