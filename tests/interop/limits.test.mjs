// Rates and quotas: each refusal says when to try again, where time helps, and is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, jwt, serviceKey } from "./server.mjs";
import { ask, connect } from "./client.mjs";

const token = (sub, projects = "*") => jwt({ sub, projects });
const refusal = (url, of) => connect(url, of).then(() => assert.fail("was let in"), (error) => error.data);
const count = async (server, name, labels) => (await server.metrics()).get(`${name}{${labels}}`) ?? 0;
const update = { type: "project.updated", data: { project_id: "1", changes: {} } };

test("connects of an address", async () => {
  const server = await Server.start({ settings: { "limits.connects_per_second": 1, "limits.connects_burst": 2 } });
  const answers = await Promise.allSettled([...Array(6).keys()].map((n) => connect(server.url, token(`u${n}`))));
  const refused = answers.filter(({ status }) => status === "rejected").map(({ reason }) => reason.data);
  assert.ok(refused.length >= 1 && refused.length <= 4, `${refused.length}`);
  for (const { code, retry_after_ms } of refused) {
    assert.equal(code, "over_limit");
    assert.ok(retry_after_ms > 0 && retry_after_ms <= 2000, `${retry_after_ms}`);
  }
  assert.equal(await count(server, "fanfare_connects_refused_total", 'code="over_limit"'), refused.length);
  await server.stop();
});

/** With the quota at 2, the third connection is refused, and let in once another has gone. */
async function fill_quota(setting, sub) {
  const server = await Server.start({ settings: { [setting]: 2 } });
  const first = await connect(server.url, token(sub(1)));
  await connect(server.url, token(sub(2)));
  const refused = await refusal(server.url, token(sub(3)));
  assert.equal(refused.code, "over_limit");
  assert.ok(refused.retry_after_ms > 0);
  assert.equal(await count(server, "fanfare_connects_refused_total", 'code="over_limit"'), 1);
  first.disconnect();
  for (;;) {  // until the server has seen it
    const let_in = await connect(server.url, token(sub(3))).catch((error) => (assert.equal(error.data?.code, "over_limit"), null));
    if (let_in) break;
  }
  await server.stop();
}

test("connections of one user", () => fill_quota("limits.connections_per_user", () => "ann"));
test("connections of one address", () => fill_quota("limits.connections_per_address", (n) => `u${n}`));

/** Pings until one is refused; gives the refusal. */
async function flood(socket) {
  for (let n = 0; n < 50; ++n) {
    const answer = await ask(socket, "ping", { n });
    if (answer.error) return answer.error;
  }
  assert.fail("nothing was refused");
}

test("commands of a connection", async () => {
  const server = await Server.start({ settings: { "limits.commands_per_second": 1, "limits.commands_burst": 3 } });
  const socket = await connect(server.url, token("ann"));
  const { code, retry_after_ms } = await flood(socket);
  assert.equal(code, "rate_limited");
  assert.ok(retry_after_ms > 0 && retry_after_ms <= 1000, `${retry_after_ms}`);
  assert.equal(await count(server, "fanfare_commands_refused_total", 'cause="rate_limited"'), 1);
  assert.equal((await ask(await connect(server.url, token("ann")), "ping", {})).error, undefined, "another connection has its own");
  const told = new Promise((resolve) => socket.once("connection.error", resolve));
  for (let n = 0; n < 5; ++n) socket.emit("ping", {});
  assert.equal((await told).data.code, "rate_limited");
  assert.equal(socket.connected, true);
  await server.stop();
});

test("commands of a user, over all connections", async () => {
  const server = await Server.start({ settings: { "limits.user_commands_per_second": 1, "limits.user_commands_burst": 3 } });
  const [one, two] = [await connect(server.url, token("ann")), await connect(server.url + "/ws", token("ann"))];
  for (let n = 0; n < 2; ++n) await ask(one, "ping", {});
  const { code, retry_after_ms } = await flood(two);
  assert.equal(code, "rate_limited");
  assert.ok(retry_after_ms > 0);
  assert.equal((await ask(await connect(server.url, token("ben")), "ping", {})).error, undefined, "another user has a bucket too");
  await server.stop();
});

test("publishes of a key, and by command", async () => {
  const other = "the-other-service-key";
  const server = await Server.start({ settings: {
    "publish.keys": `${serviceKey},${other}`, "limits.publish_per_second": 1, "limits.publish_burst": 2 } });
  assert.equal((await server.publish([update, update])).status, 202);
  const refused = await server.publish([update, update]);
  assert.equal(refused.status, 429);
  assert.match(refused.headers, /^retry-after: [12]\r?$/im);
  assert.equal(refused.body.code, "rate_limited");
  assert.equal((await server.publish(update, { key: other })).status, 202, "another key has its own");
  assert.equal(await count(server, "fanfare_publish_refused_total", 'cause="rate_limited"'), 1);
  const socket = await connect(server.url, jwt({ sub: "ann", scope: "events:publish" }));
  const answers = [];
  for (let n = 0; n < 8 && answers.at(-1)?.ok !== false; ++n) answers.push(await ask(socket, "publish", update));
  assert.equal(answers[0].ok, true);
  assert.equal(answers.at(-1).error.code, "rate_limited");
  assert.ok(answers.at(-1).error.retry_after_ms > 0);
  await server.stop();
});

test("rooms of a connection: all of a command or none", async () => {
  const server = await Server.start({ settings: { "limits.rooms_per_connection": 4 } });
  const socket = await connect(server.url, token("ann"));
  assert.equal((await ask(socket, "subscribe", { room: "project:1" })).ok, true);
  const refused = await ask(socket, "subscribe", { room: ["project:2", "project:3"] });
  assert.equal(refused.error.code, "over_limit");
  assert.deepEqual((await ask(socket, "presence", { room: "project:2" })).members, []);
  assert.equal((await ask(socket, "subscribe", { room: "project:2" })).ok, true);
  assert.equal((await ask(socket, "subscribe", { room: "project:2", filter: { exact: { type: "x" } } })).ok, true, "again is no other room");
  assert.equal((await ask(socket, "subscribe", { room: "project:3" })).error.code, "over_limit");
  await ask(socket, "unsubscribe", { room: "project:1" });
  assert.equal((await ask(socket, "subscribe", { room: "project:3" })).ok, true);
  assert.equal(await count(server, "fanfare_commands_refused_total", 'cause="over_limit"'), 2);
  await server.stop();
});

test("members of a room", async () => {
  const server = await Server.start({ settings: { "limits.members_per_room": 2 } });
  const sockets = await Promise.all(["ann", "ben", "eve"].map((sub) => connect(server.url, token(sub))));
  const join = (index, room = "project:1") => ask(sockets[index], "subscribe", { room });
  assert.equal((await join(0)).ok, true);
  assert.equal((await join(1)).ok, true);
  assert.equal((await join(1)).ok, true, "who is in may ask again");
  assert.equal((await join(2)).error.code, "over_limit");
  assert.equal((await join(2, ["project:2", "project:1"])).error.code, "over_limit");
  assert.deepEqual((await ask(sockets[2], "presence", { room: "project:2" })).members, [], "none of the list is joined");
  await ask(sockets[0], "unsubscribe", { room: "project:1" });
  assert.equal((await join(2)).ok, true);
  assert.equal(await count(server, "fanfare_commands_refused_total", 'cause="over_limit"'), 2);
  await server.stop();
});
