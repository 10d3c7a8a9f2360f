// Lost connections, restarted servers, expiring tokens: handlers get every event once and in order.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server, jwt, serviceKey, within } from "../../../tests/interop/server.mjs";
import { Arrivals, everything, open, publish, started, updated } from "./lab.mjs";
import { Proxy } from "./proxy.mjs";

let server;
before(async () => (server = await Server.start()));
after(() => server.stop());

const claims = { projects: ["123"], agents: ["7"] };

/** Publishes `count` events one after another, to the project, or to the project and the agent; gives all ids. */
async function stream(count, each = () => {}) {
  const sent = { project: [], agent: [] };
  for (let n = 0; n < count; ++n) {
    const shared = n % 3 === 0;
    const [{ id }] = await publish(server, shared ? started(n) : updated(n));
    sent.project.push(id);
    if (shared) sent.agent.push(id);
    await each(n);
  }
  return sent;
}

for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
  test(`the transport is dropped again and again while events are published: ${transports}`, async (t) => {
    const { client } = open(t, server.url, { claims, socket: { transports } });
    const [project, agent] = await Promise.all([everything(client, "project:123"), everything(client, "agent:7")]);
    const connected = new Arrivals();
    client.socket.on("connect", () => connected.push(client.socket.id));
    const sent = await stream(60, async (n) => {
      if (n % 12 === 5) client.socket.io.engine.close();
      if (n % 12 === 11) await connected.until((n + 1) / 12);
    });
    await project.until(60);
    await agent.until(20);
    assert.deepEqual(project.ids, sent.project);
    assert.deepEqual(agent.ids, sent.agent);
    assert.equal(connected.list.length, 5);
  });
}

test("the TCP path is cut while events are published, and comes back later", async (t) => {
  const proxy = await Proxy.to(server.url);
  t.after(() => proxy.cut());
  const { client } = open(t, proxy.url, { claims, socket: { transports: ["websocket"] } });
  const [project, agent] = await Promise.all([everything(client, "project:123"), everything(client, "agent:7")]);
  const statuses = new Arrivals();
  client.subscribe("agent:7", {}, { onStatus: (status) => statuses.push(status) });
  const sent = await stream(40, async (n) => {
    if (n % 20 === 5) await proxy.cut();
    if (n % 20 === 15) await proxy.restore();
    if (n === 19) await statuses.until(2);
  });
  await project.until(40);
  await agent.until(14);
  assert.deepEqual(project.ids, sent.project);
  assert.deepEqual(agent.ids, sent.agent);
  assert.deepEqual(await statuses.until(4), ["joining", "live", "joining", "live"]);
});

/** The ids of a room's events, in the server's order. */
async function history(room) {
  const ids = [];
  for (let since = "", more = true; more;) {
    const url = `${server.url}/api/v1/rooms/${room}/history?limit=100${since && `&since=${since}`}`;
    const page = await (await fetch(url, { headers: { authorization: `Bearer ${serviceKey}` } })).json();
    ids.push(...page.events.map((event) => event.id));
    ({ cursor: since, more } = page);
  }
  return ids;
}

test("by chance: several publishers, lost transports, subscriptions that come and go", async (t) => {
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    let seed = Math.floor(Math.random() * 2 ** 31);
    const lot = `lot${seed}`; // names the rooms, so that a failure names its seed
    const chance = (part) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32 < part;
    const { client } = open(t, server.url, { claims: { projects: "*", agents: "*" }, socket: { transports } });
    const rooms = await Promise.all([`project:${lot}`, `agent:${lot}`].map((room) => everything(client, room)));
    let passing = [];
    const work = async () => {
      for (let n = 0; n < 60; ++n) {
        await publish(server, chance(0.4)
          ? { type: "workflow.started", data: { ...started(n, lot).data, project_id: lot } }
          : updated(n, lot));
        if (chance(0.1) && client.socket.connected) client.socket.io.engine.close();
        if (chance(0.1)) {
          const filter = chance(0.5) ? { filter: { exact: { type: "workflow.started" } } } : {};
          passing.push(client.subscribe(chance(0.5) ? `project:${lot}` : "project:passing", {}, filter));
        }
        if (chance(0.1)) passing.shift()?.unsubscribe();
      }
    };
    await Promise.all([work(), work(), work()]);
    for (const arrivals of rooms) {
      const sent = await history(arrivals.subscription.room);
      await arrivals.until(sent.length);
      assert.deepEqual(arrivals.ids, sent, arrivals.subscription.room);
    }
  }
});

test("a room's replay does not disturb the order or the number in a live one", async (t) => {
  const first = open(t, server.url, { claims }).client;
  const agentBefore = await everything(first, "agent:7");
  await publish(server, started("before"));
  await agentBefore.until(1);
  const since = agentBefore.subscription.cursor;
  first.close();

  const { client } = open(t, server.url, { claims });
  const project = await everything(client, "project:123");
  const sent = await stream(9);
  await project.until(9);
  // Events of both rooms: the project has had them, the agent gets them now, and live ones go on meanwhile.
  const [agent, more] = await Promise.all([everything(client, "agent:7", { since }), stream(9)]);
  await project.until(18);
  await agent.until(6);
  assert.deepEqual(project.ids, [...sent.project, ...more.project]);
  assert.deepEqual(agent.ids, [...sent.agent, ...more.agent]);
});

test("a server that has forgotten: onGap, and live events go on", async (t) => {
  const forgetful = await Server.start();
  const proxy = await Proxy.to(forgetful.url);
  t.after(() => proxy.cut());
  const { client } = open(t, proxy.url, { socket: { transports: ["websocket"] } });
  const gaps = new Arrivals();
  const arrivals = await everything(client, "project:123", { onGap: () => gaps.push("gap") });
  await publish(forgetful, updated(1));
  await arrivals.until(1);
  forgetful.kill();
  await forgetful.exited;
  const next = await Server.start();
  proxy.target = new URL(next.url);
  await gaps.until(1);
  await publish(next, updated(2));
  assert.deepEqual((await arrivals.until(2)).map((event) => event.data.changes.n), [1, 2]);
  client.close();
  await next.stop();
});

test("a token is replaced before it expires, on the same connection", async (t) => {
  const handedOut = new Arrivals();
  const { client, errors } = open(t, server.url, {
    getToken: async () => {
      const token = await server.token("--sub", "alice", "--project", "123", "--ttl", "4s");
      handedOut.push(token);
      return token;
    },
  });
  const arrivals = await everything(client, "project:123");
  const connection = client.socket.id;
  await handedOut.until(4); // three times replaced: long past the first one's end
  await publish(server, updated(1));
  await arrivals.until(1);
  assert.equal(client.socket.id, connection);
  assert.deepEqual(errors.list, []);
});

test("without a new token the connection ends after the grace; a new one brings it back", async (t) => {
  const strict = await Server.start({ settings: { "auth.refresh_grace_s": 0, "auth.leeway_s": 0 } });
  let renewable = false;
  const short = jwt({ exp: Math.floor(Date.now() / 1000) + 3 });
  const { client, errors } = open(t, strict.url, { getToken: () => (renewable ? jwt({}) : short) });
  const arrivals = await everything(client, "project:123");
  const ended = new Promise((resolve) => client.socket.once("disconnect", resolve));
  await within(20000, ended, "the end");
  const sent = await publish(strict, [updated(1), updated(2)]);
  renewable = true;
  await arrivals.until(2);
  assert.deepEqual(arrivals.ids, sent.map((event) => event.id));
  assert.ok(errors.list.some((failure) => failure.code === "token_expired"), String(errors.list));
  client.close();
  await strict.stop();
});

test("connect_error for the token's sake: a new token is asked for until one is good", async (t) => {
  const expired = jwt({ exp: Math.floor(Date.now() / 1000) - 3600 });
  const tokens = ["<html>502 Bad Gateway</html>", new Error("the back-end is down"), expired];
  const { client, errors } = open(t, server.url, {
    getToken: async () => {
      const next = tokens.shift() ?? jwt({});
      if (next instanceof Error) throw next;
      return next;
    },
  });
  await everything(client, "project:123");
  const told = errors.list.map((failure) => failure.code ?? failure.message);
  assert.deepEqual(told, ["token_invalid", "the back-end is down", "token_missing", "token_expired"]);
});

test("a token with fewer projects: that room is lost, the other misses nothing; a better one brings it back", async (t) => {
  let projects = ["123", "9"];
  const { client, errors } = open(t, server.url, { getToken: () => jwt({ projects }) });
  const statuses = new Arrivals();
  const lost = await everything(client, "project:9", { onStatus: (status) => statuses.push(status) });
  const kept = await everything(client, "project:123");
  projects = ["123"];
  await client.refresh();
  assert.deepEqual(statuses.list, ["live", "refused"]);
  assert.equal(errors.list[0].code, "forbidden");
  const sent = await publish(server, [updated(1, "9"), updated(2)]);
  await kept.until(1);
  assert.equal(lost.list.length, 0);
  projects = ["123", "9"];
  await client.refresh();
  await lost.until(1);
  assert.deepEqual(lost.ids, [sent[0].id]);
  assert.deepEqual(statuses.list.slice(2), ["joining", "live"]);
});

test("a server that drains is left for the one that follows", async (t) => {
  const first = await Server.start();
  const proxy = await Proxy.to(first.url);
  t.after(() => proxy.cut());
  const { client } = open(t, proxy.url);
  const arrivals = await everything(client, "project:123");
  await first.stop();
  const second = await Server.start();
  proxy.target = new URL(second.url);
  const own = await everything(client, "global");
  await publish(second, [updated(1), { ...updated(2), rooms: ["global"] }]);
  await own.until(1);
  assert.equal(arrivals.list.length, 1);
  client.close();
  await second.stop();
});
