// Numbered durable events go through three nodes on one Redis, while nodes and Redis are killed with -9, stopped, paused and cut
// off, or Sentinel makes a replica the master: every client, wherever it comes back to, ends with every number once and in its order.
// CHAOS="publishers events clients faults", FREEZE_S how long a stopped node stands; `./dev check chaos` runs the long form.
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Sentinels, withNodes } from "../interop/redis.mjs";
import { within } from "../interop/server.mjs";
import { connectAll, publish, settings, settle, sizes } from "./ledger.mjs";

const size = sizes("5 400 12 6");
const { total, publishers, clients, faults } = size;
const freezeMs = Number(process.env.FREEZE_S ?? 1) * 1000;

/** Three nodes, each with a path of its own to the store; `acts` are what is done to them, in turn. */
function chaos(what, more, acts) {
  test(`${what}: ${total} events, ${publishers} publishers, ${clients} clients, ${faults} faults`, { timeout: 3600000 }, (t) => {
    const paths = [];
    const route = more.make ? undefined : async (url) => {
      const path = await Proxy.to(url);
      paths.push(path);
      t.after(() => path.cut());
      return path.url.replace("http:", "redis:");
    };
    return withNodes(3, { ...more, settings: { ...settings, ...more.settings }, route }, async (nodes, redis, start) => {
      const proxy = await Proxy.to(nodes[0].url);
      t.after(() => proxy.cut());
      let turn = 0;
      const alive = () => nodes.filter((node) => !node.killed);
      const victim = () => alive()[turn % alive().length];
      // As a balancer that knows nothing.
      Object.defineProperty(proxy, "target", { get: () => new URL(alive()[turn++ % alive().length].url) });
      const ledgers = await within(60000, connectAll(proxy.url, size), "the clients");
      t.after(() => ledgers.forEach((each) => each.close()));
      const publishing = publish(proxy.url, size, more.patienceS);
      for (let n = 1; n <= faults; ++n) {
        // Somewhere in the midst of the events, wherever the machine is then.
        const furthest = ledgers.map((each) => each.until(Math.floor((total * n) / (faults + 1))));
        await within(600000, Promise.race([publishing.failed, publishing.said, ...furthest]), `fault ${n}`);
        await acts[(n - 1) % acts.length]({ victim, start, redis, path: (node) => paths[nodes.indexOf(node)] });
      }
      const end = () => alive()[0].publish({ type: "project.updated", data: { project_id: "chaos", changes: { by: -1 } } });
      await settle(t, ledgers, size, publishing, more.mayLose ? end : undefined);
    });
  });
}

async function killNode({ victim, start }) {
  const node = victim();
  node.killed = true;
  node.kill();
  await start();
}
async function killRedis({ redis }) {
  await redis.kill();
  await redis.restart();
}
const pauseClients = ({ redis }) => redis.cli("CLIENT", "PAUSE", "500");
const killClients = ({ redis }) => redis.cli("CLIENT", "KILL", "TYPE", "normal");
async function stopNode({ victim }) {
  const { pid } = victim();
  process.kill(pid, "SIGSTOP");
  await sleep(freezeMs);
  process.kill(pid, "SIGCONT");
}
async function cutNetwork({ victim, path }) {
  const cut = path(victim());
  cut.hold();
  await sleep(freezeMs);
  cut.release();
}

for (const appendfsync of ["always", "everysec"]) {
  // Killed with -9 Redis loses nothing with either: what it has written is the kernel's.
  chaos(`appendfsync ${appendfsync}`, { redis: { appendonly: "yes", appendfsync } },
    [killNode, killRedis, pauseClients, stopNode, killClients, cutNetwork]);
}
// A master that a failover has overtaken takes events for some seconds more; nodes have delivered them by then. Such an event was
// not acknowledged, and is lost, which every client is told: only there may it have a gap. A minute: in the long form alone.
if (process.env.CHAOS) chaos("Sentinel", { make: () => Sentinels.start(), settings: { "redis.min_replicas": 2, "redis.replica_timeout_ms": 60000, "redis.timeout_ms": 60000 }, patienceS: 90, mayLose: true },
  [({ redis }) => redis.failover(), killNode, killClients]);
