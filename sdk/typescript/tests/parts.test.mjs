// The parts that need no server: a room's order, filters, where events go, when to refresh.
import assert from "node:assert/strict";
import { test } from "node:test";
import { roomsOf } from "../dist/audience.js";
import { passes } from "../dist/filter.js";
import { refreshDelayMs, retryDelayMs } from "../dist/refresh.js";
import { Room } from "../dist/room.js";
import { SeenIds } from "../dist/seen.js";

const event = (id) => ({ id, type: "project.updated", subject: "project:1", cursor: `c${id}`, data: { project_id: "1", changes: {} } });

function room({ cursor, faults = [] } = {}) {
  const made = new Room("project:1", cursor, (failure) => faults.push(failure));
  const subscriber = (options = {}) => {
    const one = { got: [], told: [], options: { onStatus: (status) => one.told.push(status), onGap: () => one.told.push("gap"), ...options } };
    one.handlers = { "*": ({ id }) => one.got.push(id) };
    one.resolve = (answer) => one.told.push(answer.recovered);
    one.reject = (failure) => one.told.push(failure.message);
    return one;
  };
  return { made, subscriber };
}

test("before the answer to a first subscribe nothing is the room's", () => {
  const { made, subscriber } = room();
  const one = subscriber();
  assert.equal(made.add(one), true);
  assert.deepEqual(made.ask(), { room: "project:1" });
  assert.equal(made.take(event(1)), false);
  made.joined({ cursor: "c1", recovered: false });
  assert.equal(made.take(event(2)), true);
  assert.equal(made.take(event(2)), false);
  assert.deepEqual([one.got, one.told], [[2], ["live", false]]);
});

test("what comes before the answer with a replay is held back, at the place of its last arrival", () => {
  const { made, subscriber } = room({ cursor: "c0" });
  const one = subscriber();
  made.add(one);
  assert.deepEqual(made.ask(), { room: "project:1", since: "c0" });
  assert.equal(made.awaitsReplay, true);
  for (const id of [3, 1, 2, 3]) assert.equal(made.take(event(id)), false); // 3 live by another room, then the replay
  assert.deepEqual(one.got, []);
  made.joined({ cursor: "c3", recovered: true });
  assert.deepEqual([one.got, made.cursor, made.awaitsReplay], [[1, 2, 3], "c3", false]);
});

test("a connection lost amid a replay: nothing was handed out, and all of it comes again", () => {
  const { made, subscriber } = room({ cursor: "c0" });
  const one = subscriber();
  made.add(one);
  made.ask();
  const { attempt } = made;
  made.take(event(1));
  made.lost();
  assert.notEqual(made.attempt, attempt);
  assert.deepEqual(made.ask(), { room: "project:1", since: "c0" });
  for (const id of [1, 2]) made.take(event(id));
  made.joined({ cursor: "c2", recovered: true });
  assert.deepEqual(one.got, [1, 2]);
});

test("a late subscriber with another filter widens the room, and gets nothing of before", () => {
  const { made, subscriber } = room();
  const filter = { exact: { id: 1 } };
  const one = subscriber({ filter });
  made.add(one);
  assert.deepEqual(made.ask(), { room: "project:1", filter });
  made.joined({ cursor: "c0", recovered: false });
  made.take(event(1));
  const [same, all] = [subscriber({ filter }), subscriber()];
  assert.equal(made.add(same), false);
  assert.deepEqual(same.told, [false]);
  assert.equal(made.add(all), true);
  assert.deepEqual(made.ask(), { room: "project:1", since: "c0" });
  for (const id of [1, 2]) made.take(event(id));
  made.joined({ cursor: "c2", recovered: false });
  made.take(event(3));
  assert.deepEqual([one.got, same.got, all.got], [[1], [], [3]]);
  assert.ok(one.told.includes("gap") && !all.told.includes("gap"));
  assert.equal(made.remove(all), true);
  assert.equal(made.remove(all), false);
});

test("refused, and asked for again", () => {
  const { made, subscriber } = room();
  const one = subscriber();
  made.add(one);
  made.ask();
  made.refused(new Error("no"));
  made.ask();
  made.joined({ cursor: "c0", recovered: false });
  assert.deepEqual(one.told, ["refused", "no", "joining", "live", false]);
});

test("a subscriber may leave in the middle of an event; one that throws is reported", () => {
  const faults = [];
  const { made, subscriber } = room({ faults });
  const [first, second] = [subscriber(), subscriber()];
  first.handlers = { "project.updated": () => { made.remove(second); throw new Error("fault"); } };
  made.add(first);
  made.add(second);
  made.ask();
  made.joined({ cursor: "c0", recovered: false });
  made.take(event(1));
  assert.deepEqual([second.got, faults.map((failure) => failure.message)], [[], ["fault"]]);
  assert.equal(made.empty, false);
});

test("filters decide as the server does", () => {
  const envelope = { type: "a.b", data: { n: 2, s: "text", list: ["x"], "a/b": { "~": null } } };
  const yes = [
    { exact: { type: "a.b", "/data/n": 2 } }, { exact: { "/data/a~1b/~0": null } }, { exact: { "/data/list/0": "x" } },
    { prefix: { type: "a." } }, { suffix: { type: ".b" } }, { in: { "/data/n": [1, 2] } },
    { lt: { "/data/n": 3 } }, { lte: { "/data/n": 2 } }, { gt: { "/data/n": 1 } }, { gte: { "/data/n": 2 } },
    { all: [{ prefix: { type: "a" } }, { lt: { "/data/n": 3 } }] }, { any: [{ exact: { type: "c" } }, { exact: { type: "a.b" } }] },
    { not: { exact: { type: "c" } } }, { not: { exact: { "/data/absent": null } } },
  ];
  const no = [
    { exact: { type: "a.b", "/data/n": 3 } }, { exact: { "/data/n": "2" } }, { exact: { "/data/absent": null } },
    { exact: { "/data/toString": null } }, { prefix: { "/data/n": "2" } }, { suffix: { type: "." } }, { in: { "/data/n": ["2"] } },
    { lt: { "/data/n": 2 } }, { gt: { "/data/s": 1 } }, { gte: { "/data/n": 3 } }, { lte: { "/data/n": 1 } }, { unheard: { type: "a.b" } },
    { exact: { "/type/0": "a" } },
  ];
  for (const filter of yes) assert.equal(passes(filter, envelope), true, JSON.stringify(filter));
  for (const filter of no) assert.equal(passes(filter, envelope), false, JSON.stringify(filter));
});

test("where an event was sent", () => {
  const to = (type, subject, data) => roomsOf({ type, subject, data });
  assert.deepEqual(to("workflow.started", "project:1", { project_id: "1", agent_id: "2" }), { rooms: ["project:1", "agent:2"], complete: true });
  assert.deepEqual(to("agent.connected", "agent:2", { agent_id: "2" }), { rooms: ["agent:2"], complete: true });
  assert.deepEqual(to("ai.suggestion", "user:3", { project_id: "1", user_id: "3", agent_id: "2" }), { rooms: ["user:3"], complete: true });
  assert.deepEqual(to("project.updated", "global", { project_id: "1" }), { rooms: ["global"], complete: false });
  assert.deepEqual(to("deployment.own", "project:1", null), { rooms: ["project:1"], complete: false });
});

test("when to hand in a new token, and to try again", () => {
  const now = Date.parse("2026-01-02T03:04:05Z");
  const after = (seconds) => new Date(now + seconds * 1000).toISOString();
  assert.equal(refreshDelayMs(after(40), now), 30_000);
  assert.equal(refreshDelayMs(after(3600), now), 3_510_000);
  assert.equal(refreshDelayMs(after(1), now), 1000);
  assert.equal(refreshDelayMs(after(-9), now), 1000);
  for (const none of [undefined, null, "nonsense", after(40 * 86400)]) assert.equal(refreshDelayMs(none, now), undefined);
  assert.deepEqual([0, 1, 2, 3, 50].map((failures) => retryDelayMs(failures, () => 0)), [0, 1000, 2000, 4000, 30_000]);
  assert.equal(retryDelayMs(1, () => 1), 500);
});

test("seen ids: the oldest are forgotten", () => {
  const seen = new SeenIds(2);
  assert.deepEqual(["a", "b", "a", "c", "a"].map((id) => seen.add(id)), [true, true, false, true, true]);
});
