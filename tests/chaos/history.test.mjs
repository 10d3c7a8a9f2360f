// Numbered durable events go through a server that is killed with -9 and started again, over and over: every client ends with
// every number once and in its order. CHAOS="publishers events clients kills"; `./dev check chaos` runs the long form.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Proxy } from "../../sdk/typescript/tests/proxy.mjs";
import { Server, within } from "../interop/server.mjs";
import { connectAll, publish, settings, settle, sizes } from "./ledger.mjs";

const size = sizes("5 400 10 4");
const { total, publishers, clients, faults: kills } = size;

test(`${total} events, ${publishers} publishers, ${clients} clients, ${kills} kills`, { timeout: 3600000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "fanfare-chaos-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const all = { ...settings, "history.path": join(folder, "log.db") };
  let server = await Server.start({ settings: all });
  const proxy = await Proxy.to(server.url);
  t.after(() => proxy.cut());
  const ledgers = await within(60000, connectAll(proxy.url, size), "the clients");
  t.after(() => ledgers.forEach((each) => each.close()));
  const publishing = publish(proxy.url, size);

  for (let kill = 1; kill <= kills; ++kill) {
    // Somewhere in the midst of the events, wherever the machine is then.
    await within(600000, Promise.race([publishing.failed, ledgers[0].until(Math.floor((total * kill) / (kills + 1)))]), `kill ${kill}`);
    server.kill();
    await server.exited;
    server = await Server.start({ settings: all });
    proxy.target = new URL(server.url);
  }
  await settle(t, ledgers, size, publishing);
  await server.stop();
});
