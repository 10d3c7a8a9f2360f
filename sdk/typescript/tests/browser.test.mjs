// A React page in headless Chromium: all domain events, each received by exactly the rooms of the contract's table, once.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { Browser } from "../../../tests/interop/browser.mjs";
import { Server, jwt, program } from "../../../tests/interop/server.mjs";
import { servePage } from "./app/serve.mjs";
import { publish } from "./lab.mjs";

const rooms = ["project:p1", "agent:a1", "user:u1", "global", "project:p2"];
const [project, agent, user] = rooms;

/** The contract's table: the rooms of an event whose data names project p1, and agent a1 or user u1 as said. */
const table = {
  "project.updated": () => [project],
  "project.deleted": () => [project],
  "agent.status_changed": (data) => (data.project_id ? [agent, project] : [agent]),
  "agent.connected": (data) => (data.project_id ? [agent, project] : [agent]),
  "agent.disconnected": (data) => (data.project_id ? [agent, project] : [agent]),
  "workflow.started": (data) => (data.agent_id ? [project, agent] : [project]),
  "workflow.progress": (data) => (data.agent_id ? [project, agent] : [project]),
  "workflow.completed": (data) => (data.agent_id ? [project, agent] : [project]),
  "workflow.failed": (data) => (data.agent_id ? [project, agent] : [project]),
  "pr.created": () => [project],
  "pr.updated": () => [project],
  "pr.closed": () => [project],
  "issue.created": () => [project],
  "issue.updated": () => [project],
  "issue.closed": () => [project],
  "ai.suggestion": (data) => (data.user_id ? [user] : [project]),
  "ai.analysis_complete": (data) => (data.user_id ? [user] : [project]),
};

/** The reference page's example of each type, with the ids it has, with none but the needed, and with all. */
function examples() {
  const text = execFileSync(program, ["events", "--format", "markdown"], { encoding: "utf8" });
  const events = [];
  for (const [, type, section] of text.matchAll(/^## (\S+)\n([\s\S]*?)(?=^## |(?![\s\S]))/gm)) {
    if (!(type in table)) continue;
    const data = JSON.parse(/```json\n([\s\S]*?)```/.exec(section)[1]);
    const required = (field) => new RegExp("^\\| `" + field + "` \\|[^|]*\\| yes", "m").test(section);
    const ids = { project_id: "p1", agent_id: "a1", user_id: "u1" };
    const needed = { ...data };
    for (const [field, id] of Object.entries(ids)) {
      if (required(field)) needed[field] = id;
      else delete needed[field];
    }
    events.push({ type, id: `example ${type}`, data }, { type, id: `needed ${type}`, data: needed },
      { type, id: `all ${type}`, data: { ...data, ...ids } });
  }
  return events;
}

let server, page, browser;
before(async () => {
  server = await Server.start({ settings: { "cors.origins": "*" } });
  page = await servePage(server.url);
  const token = jwt({ sub: "u1", projects: ["p1", "p2"], agents: ["a1"] });
  browser = await Browser.open(`${page.url}#token=${token}&rooms=${rooms}`);
  for (const room of rooms) await browser.waitForText(`${room}: live`);
});
after(async () => {
  await browser?.close();
  page?.close();
  await server?.stop();
});

const shown = (room) =>
  browser.evaluate(`[...document.getElementById("${room}").querySelectorAll("li")].map((line) => line.dataset.id)`);

/** An event to each room alone, behind all others. */
async function finish(mark, marked = rooms) {
  await publish(server, marked.map((room) => ({
    type: "project.updated", id: `${mark} ${room}`, data: { project_id: "p1", changes: {} }, rooms: [room],
  })));
  for (const room of marked) await browser.waitForText(`${mark} ${room} `);
}

let all = [];
test("each event is received by exactly the rooms of the table, once", async () => {
  all = examples();
  assert.equal(new Set(all.map((event) => event.type)).size, 17);
  for (const event of all) await publish(server, event);
  await finish("end");
  for (const room of rooms) {
    const expected = all.filter((event) => table[event.type](event.data).includes(room)).map((event) => event.id);
    assert.deepEqual(await shown(room), [...expected, `end ${room}`], room);
  }
  assert.ok((await shown(agent)).length > 10 && (await shown(user)).length > 2);
  assert.deepEqual(browser.console.filter((line) => !line.includes("React DevTools")), []);
});

test("over a lost connection nothing is missed and nothing comes twice", async () => {
  await browser.evaluate("void client.socket.io.engine.close()");
  await publish(server, all.map((event) => ({ ...event, id: `again ${event.id}` })));
  await finish("finis");
  for (const room of rooms) {
    const lines = await shown(room);
    const expected = all.filter((event) => table[event.type](event.data).includes(room)).map((event) => `again ${event.id}`);
    assert.deepEqual(lines.slice(lines.indexOf(`end ${room}`) + 1), [...expected, `finis ${room}`], room);
  }
});

test("a panel that goes is unsubscribed; a room that is refused says so", async () => {
  await browser.evaluate(`location.hash = location.hash.replace(/rooms=.*/, "rooms=${project},project:forbidden")`);
  await browser.waitForText("project:forbidden: refused forbidden, This is not allowed.");
  assert.ok(browser.console.some((line) => line.includes("CommandFailure: This is not allowed.")), "onError is told too");
  await finish("last", [project]);
  assert.deepEqual(await browser.evaluate("client.presence('project:p1')"), [{ user: "u1", connections: 1 }]);
  assert.deepEqual(await browser.evaluate("client.presence('agent:a1')"), []);
});
