// docs/guide/hook.md as it stands; then what the server asks, byte for byte, and what it makes of each answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { ask, connect } from "../interop/client.mjs";
import { Server, jwt } from "../interop/server.mjs";
import { Workplace, rowsOf, unquoted } from "./guide.mjs";

const page = "docs/guide/hook.md";

test("the example: staff is let in, others are not", async (t) => {
  const place = new Workplace(t, page);
  place.replace("--port 9000", "--port 0 2>&1");
  place.write("hook.py");
  const backEnd = place.start("back-end");
  let port;
  while (!port) port = /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(await backEnd.line())?.[1];
  place.replace("127.0.0.1:9000", `127.0.0.1:${port}`);
  place.write("hook.toml");
  assert.match(place.block("serve"), /^fanfare serve --config hook\.toml$/m);
  await place.serve({ config: "hook.toml" });
  const { code, errors } = await place.start("bob").ended();
  assert.notEqual(code, 0);
  assert.match(errors, /forbidden|not allowed/);
  const alice = place.start("alice");
  const publish = (id) => place.server.publish({ type: "project.updated", data: { project_id: "7", changes: {} }, id }, { key: "a-service-key-of-yours" });
  // She says nothing once she listens, so events are published until one arrives.
  let heard;
  const first = alice.line().then((line) => (heard = JSON.parse(line)));
  for (let n = 0; !heard; ++n) {
    await publish(`e${n}`);
    await Promise.race([first, ask0(place.server)]);
  }
  assert.equal(heard.type, "project.updated");
});

/** A round trip to the server. */
const ask0 = (server) => fetch(`${server.url}/healthz`);

test("the question, and each answer of the table", async (t) => {
  let reply, asked;
  const hook = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    asked = { method: request.method, headers: request.headers, body };
    if (reply) response.writeHead(reply[0]).end(reply[1]);
  });
  await once(hook.listen(0, "127.0.0.1"), "listening");
  t.after(() => { hook.closeAllConnections(); hook.close(); });
  const url = `http://127.0.0.1:${hook.address().port}/may`;
  const server = await Server.start({ settings: { "auth.hook_url": url, "auth.hook_timeout_ms": 2000, "auth.hook_cache_ttl_s": 30 } });
  const socket = await connect(server.url, jwt({ projects: [], roles: ["staff"] }));
  let room = 0;
  const outcome = async (answer) => {
    reply = answer;
    return (await ask(socket, "subscribe", { room: `project:${++room}` })).ok ? "yes" : "no";
  };
  const counted = async (label) => (await server.metrics()).get(`fanfare_hook_calls_total{outcome="${label}"}`) ?? 0;
  const answers = [[200, '{"allow": true}'], [200, '{"allow": false}'], [404, '{"allow": true}'], [200, "yes"], undefined];
  const rows = rowsOf(page, "answer");
  assert.equal(rows.length, answers.length + 1);
  for (const [at, answer] of answers.entries()) {
    assert.equal(await outcome(answer), rows[at][1], rows[at][0]);
    assert.equal(await counted(unquoted(rows[at][2])), 1, rows[at][0]);
  }
  assert.equal(asked.method, "POST");
  assert.deepEqual(JSON.parse(asked.body), { user: "alice", roles: ["staff"], room: `project:${room}`, action: "join" });
  const told = rowsOf(page, "part").find(([name]) => name === "headers")[1];
  for (const name of Object.keys(asked.headers)) assert.match(told, new RegExp(name, "i"));
  assert.deepEqual([asked.headers["content-type"], asked.headers["user-agent"], asked.headers.connection], ["application/json", "fanfare", "close"]);

  // The same question again is answered from what is kept, also a no.
  assert.equal((await ask(socket, "subscribe", { room: "project:2" })).ok, false);
  assert.equal(await counted("kept"), 1);
  await new Promise((resolve) => { hook.closeAllConnections(); hook.close(resolve); });
  assert.equal(await outcome(), rows[5][1]);
  assert.equal(await counted(unquoted(rows[5][2])), 1);
  assert.match(server.stderr, /the authorization hook failed, so access was refused/);
  socket.disconnect();
  await server.stop();
});
