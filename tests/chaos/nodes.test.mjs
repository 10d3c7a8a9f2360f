// Numbered durable events go through three nodes on one Redis that syncs always, while nodes and Redis are killed with -9,
// stopped and paused: every client, wherever it comes back to, ends with every number once and in its order.
// CHAOS="publishers events clients faults", FREEZE_S how long a stopped node stands; `./dev check chaos` runs the long form.
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { withNodes } from "../interop/redis.mjs";
import { within } from "../interop/server.mjs";
import { connectAll, publish, settings, settle, sizes } from "./ledger.mjs";

const size = sizes("5 400 12 5");
const { total, publishers, clients, faults } = size;
const freezeMs = Number(process.env.FREEZE_S ?? 1) * 1000;

test(`${total} events, ${publishers} publishers, ${clients} clients, ${faults} faults`, { timeout: 3600000 }, (t) =>
  withNodes(3, { redis: { appendonly: "yes", appendfsync: "always" }, settings }, async (nodes, redis, start) => {
    const proxy = await Proxy.to(nodes[0].url);
    t.after(() => proxy.cut());
    let turn = 0;
    const alive = () => nodes.filter((node) => !node.killed);
    // As a balancer that knows nothing.
    Object.defineProperty(proxy, "target", { get: () => new URL(alive()[turn++ % alive().length].url) });
    const ledgers = await within(60000, connectAll(proxy.url, size), "the clients");
    t.after(() => ledgers.forEach((each) => each.close()));
    const publishing = publish(proxy.url, size);
    const acts = {
      async "kill -9 a node"() {
        const victim = alive()[turn % alive().length];
        victim.killed = true;
        victim.kill();
        await start();
      },
      async "kill -9 Redis"() {
        await redis.kill();
        await redis.restart();
      },
      async "CLIENT PAUSE"() { await redis.cli("CLIENT", "PAUSE", "500"); },
      async "SIGSTOP a node"() {
        const victim = alive()[turn % alive().length];
        process.kill(victim.pid, "SIGSTOP");
        await sleep(freezeMs);
        process.kill(victim.pid, "SIGCONT");
      },
      async "CLIENT KILL"() { await redis.cli("CLIENT", "KILL", "TYPE", "normal"); },
    };
    const names = Object.keys(acts);
    for (let n = 1; n <= faults; ++n) {
      // Somewhere in the midst of the events, wherever the machine is then.
      const furthest = ledgers.map((each) => each.until(Math.floor((total * n) / (faults + 1))));
      await within(600000, Promise.race([publishing.failed, ...furthest]), `fault ${n}`);
      await acts[names[(n - 1) % names.length]]();
    }
    await settle(t, ledgers, size, publishing);
  }));
