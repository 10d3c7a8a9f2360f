// The dashboard as a person uses it, in Chromium: what is seen, pressed and typed, with 20,000 connections behind it, or as many as a
// slow machine brings in within a minute; FANFARE_DASHBOARD_CONNECTIONS asks for so many, however long. FANFARE_SCREENSHOTS names
// a folder for the pictures of docs/guide/dashboard.md.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { connect, next, subscriber } from "./client.mjs";
import { crowd, crowdSettings } from "./crowd.mjs";
import { admin, DashboardPage } from "./dashboard_page.mjs";
import { jwt, secret, Server, serviceKey } from "./server.mjs";

// Two connections share a descriptor; where a process may not have as many, there are fewer.
const descriptors = Number(execFileSync("bash", ["-c", "ulimit -Hn"]).toString().replace("unlimited", "1000000"));
const wanted = Number(process.env.FANFARE_DASHBOARD_CONNECTIONS ?? Math.min(20000, 2 * (descriptors - 500)));
const now = () => Math.floor(Date.now() / 1000);

let server, page;
let sendAway = async () => {};
before(async () => {
  server = await Server.start({ settings: { ...crowdSettings(wanted), "limits.send_queue_bytes": 64000000 } });
  page = await DashboardPage.open(server.url + "/dashboard/");
});
after(async () => {
  await page.close();
  await sendAway();
  await server.stop();
});

/** Until that number stands under the name, in the overview. */
const figureIs = (name, number) => page.waitFor(`[...document.querySelectorAll(".figure")].some((item) =>
  item.querySelector("dt").innerText === ${JSON.stringify(name)} && item.querySelector("strong").innerText === ${JSON.stringify(String(number))})`);

/** For the picture: events of some types, a second's worth whenever the page has told of the last. */
async function traffic() {
  if (!process.env.FANFARE_SCREENSHOTS) return;
  let published = 20;
  for (let round = 0; round < 24; ++round) {
    const some = (number, type, data) => Array.from({ length: number }, () => ({ type, data }));
    const events = [
      ...some(40 + (round * 7) % 25, "workflow.progress", { workflow_id: "w1", project_id: "crowd-1", progress: round * 4 }),
      ...some(12 + (round * 5) % 9, "agent.status_changed", { agent_id: "a1", project_id: "crowd-2", status: "busy" }),
      ...some((round * 3) % 8, "ai.suggestion", { project_id: "crowd-3", suggestion_id: "s1", kind: "fix", content: "…" })];
    await server.publish(events);
    published += events.length;
    await page.sees(`${published.toLocaleString("en")} published`);
  }
}

test("only an admin's token signs in, and it is kept nowhere", async () => {
  await page.sees("Sign in");
  await page.isAccessible("sign-in");
  await page.signIn("not a token");
  await page.sees("This is no token");
  await page.signIn(jwt({ sub: "bob" }));
  await page.sees("lacks the scope admin");
  await page.signIn(admin({ exp: now() - 3600 }));
  await page.sees("This token has expired.");
  await page.signIn(jwt({ sub: "eve", scope: "admin" }, { key: "another secret, as long as it has to be" }));
  await page.sees("does not accept this token");
  await page.signIn(admin());
  await page.sees("Overview");
  assert.match(await page.text(), /olga token ends in/);
  assert.deepEqual(await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]"), [0, 0, ""]);
  await page.evaluate("location.reload()");
  await page.sees("Token with the scope"); // forgotten
  await page.signIn(admin({ exp: now() + 5 }));
  await page.sees("Overview");
  await page.sees("Your token has expired. Sign in again.");
  await page.signIn(admin());
  await page.sees("Overview");
  await page.press("Sign out");
  await page.sees("Token with the scope");
  await page.signIn(admin());
});

test("the overview moves with what happens", async () => {
  await page.go("#/overview");
  await page.sees("Nobody has been refused.");
  await figureIs("Connections", 1); // the page's own
  const { socket } = await subscriber(server.url, jwt({ projects: ["9"] }), "project:9");
  await figureIs("Connections", 2);
  await assert.rejects(connect(server.url, jwt({ exp: now() - 3600 })));
  await page.sees("token_expired");
  const events = Array.from({ length: 20 }, (_, n) => ({ type: "project.updated", data: { project_id: "9", changes: { n } } }));
  await server.publish(events);
  await page.sees("20 published");
  await page.sees("project.updated"); // the legend of events by type
  await page.waitFor(`/Latency\\n[0-9.]+ ms\\np99 [0-9.]+ ms/.test(document.body.innerText)`);
  socket.disconnect();
  await figureIs("Connections", 1);
});

test("thousands of rooms and connections are searched, sorted and scrolled", async (t) => {
  const here = await crowd(server.url, secret, wanted, process.env.FANFARE_DASHBOARD_CONNECTIONS ? 600 : 60);
  sendAway = here.sendAway;
  const connections = here.joined;
  assert.ok(connections >= 2000, `${connections} connections`);
  const users = connections / 2;
  await figureIs("Connections", (connections + 1).toLocaleString("en"));
  await traffic();
  await page.picture("overview");

  await page.go("#/rooms");
  await page.waitFor(`/[0-9,]+ rooms/.test(document.body.innerText)`);
  await page.press("Connections"); // the column's button: the page's own link comes first
  await page.go("#/rooms");
  await page.waitFor(`document.querySelector("h1").innerText === "Rooms"`);
  await page.evaluate(`document.querySelector(".rows th button:not(:first-child), .rows th:nth-child(2) button").click()`);
  await page.waitFor(`document.querySelector(".rows tbody td").innerText === "global"`); // the fullest
  const drawn = await page.evaluate(`document.querySelectorAll(".rows tbody tr").length`);
  assert.ok(drawn < 100, `${drawn} rows drawn`);
  assert.ok(Number(await page.evaluate(`document.querySelector(".rows table").ariaRowCount ?? document.querySelector(".rows table").getAttribute("aria-rowcount")`)) > users);
  // From top to bottom in steps: each frame of it, and at the end the last row.
  const idle = await page.busy();
  const worst = await page.evaluate(`(async () => {
    const box = document.querySelector(".rows");
    const frame = () => new Promise(requestAnimationFrame);
    let worst = 0;
    await frame();
    for (let step = 1; step <= 40; ++step) {
      const begun = performance.now();
      box.scrollTop = (box.scrollHeight - box.clientHeight) * step / 40;
      await frame();
      await frame();
      worst = Math.max(worst, (performance.now() - begun) / 2);
    }
    return worst;
  })()`);
  const step = ((await page.busy()) - idle) / 40;
  t.diagnostic(`${connections} connections, ${users} rooms and more: ${drawn} rows drawn, ${step.toFixed(1)} ms of work a step, worst frame ${worst.toFixed(1)} ms`);
  assert.ok(step < 50, `a step took ${step} ms of the page's own time`);
  await page.waitFor(`[...document.querySelectorAll(".rows tbody td")].some((cell) => cell.innerText.startsWith("user:"))`);
  await page.fill("Search rooms", `user:crowd-${users - 1}`);
  await page.sees(`user:crowd-${users - 1}`);
  await page.sees("1 room");
  await page.fill("Search rooms", "no such room");
  await page.sees("No room has that in its name.");
  await page.fill("Search rooms", "project:crowd-7");
  await page.press("project:crowd-7");
  await page.waitFor(`eyes.field("Search members")`);
  await page.sees("crowd-507");
  await page.go("#/rooms/global");
  await page.sees(`${(users + 1).toLocaleString("en")} users`);
  await page.fill("Search members", `crowd-${users - 1}`);
  await page.waitFor(`document.querySelector(".rows tbody td")?.innerText === "crowd-${users - 1}"`);

  await page.go("#/connections");
  await page.sees(`${(connections + 1).toLocaleString("en")} on this node`);
  await page.fill("Order", "newest");
  await page.fill("Search user", "crowd-11");
  await page.waitFor(`document.querySelector(".rows tbody td")?.innerText.startsWith("crowd-11")`);
  await page.isAccessible("connections");
});

test("a client that reads nothing is found among the slow", async () => {
  const { socket } = await subscriber(server.url, jwt({ sub: "snail", projects: ["slow"] }), "project:slow", { transports: ["websocket"] });
  socket.io.engine.transport.ws._socket.pause();
  const changes = { text: "x".repeat(200000) };
  const events = Array.from({ length: 20 }, () => ({ type: "project.updated", data: { project_id: "slow", changes } }));
  for (let round = 0; round < 8; ++round) await server.publish(events); // more than the kernel's buffers take
  await page.go("#/overview");
  await page.waitFor(`/snail\\t[0-9.]+ MiB/.test(document.body.innerText)`);
  await page.press("snail");
  await page.sees("not sent yet");
  const gone = next(socket, "disconnect");
  socket.io.engine.transport.ws._socket.resume();
  socket.disconnect();
  await gone;
});

test("a connection is looked at, disconnected and revoked, each after a question", async () => {
  const token = jwt({ sub: "carol", jti: "carols-token", projects: ["5"] });
  const { socket } = await subscriber(server.url, token, "project:5");
  await page.go("#/connections?user=carol");
  await page.press("carol");
  await page.sees("carols-token");
  const text = await page.text();
  for (const wanted of ["project:5", "user:carol", "websocket", "Queue\nempty", /Expires\n.* in (9|10) min/]) {
    assert.ok(wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted), `${wanted} in ${text}`);
  }
  await page.picture("connection");
  await page.isAccessible("connection");
  await page.press("Disconnect");
  await page.sees("Disconnect this client?");
  await page.isAccessible("the question");
  await page.key("Escape");
  await page.waitFor(`!document.querySelector("dialog")`);
  assert.ok(socket.connected, "nothing happens to whoever is only asked about");
  await page.press("Disconnect");
  await page.sees("Disconnect this client?");
  const gone = next(socket, "disconnect");
  await page.evaluate(`document.querySelector("dialog button.danger").click()`);
  await gone;
  await page.sees("Done: 1 connection told to go.");
  await page.sees("This connection has ended");

  (await connect(server.url, token)).disconnect(); // a disconnected client may come back
  const again = await connect(server.url, token);
  await page.go("#/connections?user=carol");
  await page.press("carol");
  await page.press("Revoke token");
  await page.sees("Revoke this token?");
  const revoked = next(again, "disconnect");
  await page.evaluate(`document.querySelector("dialog button.danger").click()`);
  await revoked;
  await assert.rejects(connect(server.url, token), { data: { code: "token_invalid" } });
});

test("events are published by form, filtered, paused, looked into and replayed", async () => {
  await page.go("#/live");
  await page.waitFor(`document.querySelector("#link")?.innerText === "live"`);
  await page.fill("Room", "project:77");
  await page.press("Filter");
  await page.fill("As in subscribe", '{"exact": {"/data/status": ');
  await page.press("Subscribe");
  await page.sees("The filter is no JSON");
  await page.fill("As in subscribe", '{"nonsense": 1}');
  await page.press("Subscribe");
  await page.sees("bad_request");
  await page.fill("As in subscribe", '{"prefix": {"type": "workflow."}}');
  await page.press("Subscribe");
  await page.sees("Listening to project:77");

  await page.fill("Event type", "workflow.progress");
  await page.waitFor(`eyes.field("progress")`);
  await page.fill("progress", "250");
  await page.press("Publish");
  assert.match(await page.evaluate(`eyes.field("progress").validationMessage`), /100/); // the schema's bound, told by the field
  await page.fill("progress", "25");
  await page.fill("message", "a quarter");
  await page.press("Publish");
  await page.sees("Published workflow.progress as");
  await page.waitFor(`document.querySelector(".events tbody")?.innerText.includes("a quarter")`);
  await page.fill("Event type", "issue.created");
  await page.waitFor(`eyes.field("title")`);
  await page.fill("title", "not for this filter");
  await page.press("Publish");
  await page.sees("Published issue.created as");
  await page.fill("Event type", "workflow.started");
  await page.waitFor(`eyes.field("name")`);
  await page.press("Publish");
  await page.waitFor(`document.querySelector(".events tbody").innerText.includes("workflow.started")`);
  assert.ok(!(await page.evaluate(`document.querySelector(".events").innerText`)).includes("not for this filter"));

  await page.press("workflow.progress");
  await page.waitFor(`document.querySelector(".detail details.json")`);
  const tree = await page.evaluate(`document.querySelector(".detail").innerText`);
  assert.match(tree, /progress: 25/);
  assert.match(tree, /"a quarter"/);
  await page.isAccessible("live");
  await page.picture("live");

  await page.press("Pause");
  await page.sees("Paused; 0 waiting");
  await page.press("Publish");
  await page.sees("Paused; 1 waiting");
  await page.press("Go on");
  await page.sees("3 shown");
  await page.press("Clear");
  await page.sees("Nothing yet.");
  // By its cursor: what came after workflow.progress comes again, for this filter.
  await server.publish({ type: "workflow.started", data: { workflow_id: "w", project_id: "77", name: "one more" } });
  await page.waitFor(`document.querySelector(".events tbody")?.innerText.includes("one more")`);
  await page.fill("From", "last");
  await page.fill("How many", "4");
  await page.press("Subscribe");
  await page.waitFor(`document.querySelector(".events tbody").innerText.includes("a quarter")`);
  await page.press("workflow.progress");
  await page.press("Replay from here");
  await page.press("Clear");
  await page.press("Subscribe");
  await page.waitFor(`document.querySelector(".events tbody")?.innerText.includes("one more")`);
  assert.ok(!(await page.evaluate(`document.querySelector(".events tbody").innerText`)).includes("a quarter"), "only what came after");
});

test("ten thousand events at once do not hold the page up", async (t) => {
  await page.go("#/live");
  await page.fill("From", "now");
  await page.fill("As in subscribe", "");
  await page.fill("Room", "project:burst");
  await page.press("Subscribe");
  await page.sees("Listening to project:burst");
  const idle = await page.busy();
  for (let batch = 0; batch < 10; ++batch) {
    await server.publish(Array.from({ length: 1000 }, (_, n) =>
      ({ type: "project.updated", data: { project_id: "burst", changes: { n: batch * 1000 + n } } })));
  }
  await page.waitFor(`document.querySelector(".events tbody")?.innerText.includes('"n":9999')`);
  await page.sees("2,000 shown, the newest");
  const worked = (await page.busy()) - idle;
  t.diagnostic(`10,000 events: ${worked.toFixed(0)} ms of work`);
  assert.ok(worked < 4000, `they took ${worked} ms of the page's own time`);
  await page.fill("Search what came", '"n":9000}');
  await page.sees("1 shown");
  await page.fill("Search what came", "");
  await page.press("Leave project:burst");
});

test("a fault that the server finds stands at its field; what no field has is written as JSON", async () => {
  await page.go("#/live");
  await page.fill("Event type", "pr.closed");
  await page.waitFor(`eyes.field("merged")`);
  await page.press("Write it as JSON");
  await page.waitFor(`eyes.field("Data as JSON")?.value.includes('"merged": true')`);
  await page.isAccessible("data as JSON");
  await page.fill("Data as JSON", '{"project_id": "77", "number": "seven", "merged": true}');
  await page.press("Publish");
  await page.waitFor(`document.querySelector("#publish-note").innerText.includes("/number")`);
  await page.fill("Data as JSON", '{"project_id": "77", "number": 7, "merged": true, "of_our_own": {"deep": [1, 2]}}');
  await page.press("Publish");
  await page.sees("Published pr.closed as");
  await page.press("Back to the fields");
  await page.fill("Event type", "pr.created");
  await page.waitFor(`eyes.field("author")`);
  await page.fill("url", "x".repeat(300000));
  await page.press("Publish");
  await page.waitFor(`document.querySelector("#publish-note").innerText !== ""`);
  assert.match(await page.text(), /too large|too long|at most/i);
});

test("the configuration says where each value came from, and no secret", async () => {
  await page.go("#/configuration");
  await page.sees("auth.secret");
  await page.press("Only what is set");
  const text = await page.text();
  assert.match(text, /limits\.connections\b[^]*FANFARE_LIMITS__CONNECTIONS/);
  assert.match(text, /\*{8}/);
  assert.ok(!text.includes(secret) && !text.includes(serviceKey));
  await page.fill("Search keys", "publish.keys");
  await page.sees("1 hidden");
});

test("light and dark, wide and narrow: axe-core finds nothing, and nothing sticks out", async () => {
  const { socket } = await subscriber(server.url, jwt({ sub: "dora" }), "project:123");
  const places = { overview: "Overview", live: "Live", rooms: "Rooms", "rooms/project%3A123": "project:123", connections: "Connections",
    configuration: "Configuration" };
  for (const [width, dark] of [[1280, false], [1280, true], [390, true], [390, false]]) {
    await page.resize(width, 844);
    await page.paint(dark);
    await page.waitFor(`document.documentElement.dataset.theme === "${dark ? "dark" : "light"}"`);
    for (const [place, title] of Object.entries(places)) {
      const what = `${place}, ${width} px, ${dark ? "dark" : "light"}`;
      await page.go(`#/${place}`);
      await page.waitFor(`location.hash === "#/${place}" && document.querySelector("main h1")?.innerText === "${title}" && !document.querySelector("main [aria-busy]")`);
      await page.isAccessible(what);
      await page.fitsItsWidth(what);
      if (place === "overview" && width === 390 && dark) await page.picture("phone");
    }
  }
  await page.resize(1280, 850);
  await page.paint(false);
  socket.disconnect();
});

test("the keyboard reaches the content and every page", async () => {
  await page.go("#/overview");
  await page.sees("Delivery latency");
  await page.evaluate(`document.activeElement.blur(); document.body.focus(); getSelection().removeAllRanges()`);
  await page.evaluate("location.reload()");
  await page.sees("Token with the scope");
  await page.signIn(admin());
  await page.sees("Delivery latency");
  const focused = () => page.evaluate(`document.activeElement.innerText`);
  const seen = [];
  for (let at = 0; at < 12; ++at) {
    await page.key("Tab");
    seen.push(await focused());
  }
  for (const name of ["Rooms", "Connections", "Live", "Configuration", "Sign out"]) assert.ok(seen.includes(name), `${name} in ${seen}`);
  while ((await focused()) !== "Rooms") await page.key("Tab");
  await page.key("Enter");
  await page.waitFor(`document.querySelector("h1").innerText === "Rooms"`);
});

test("Chromium has nothing to complain of", () => {
  const complaints = [...page.browser.log, ...page.browser.console].filter((line) => !/the server responded with a status of 4/.test(line));
  assert.deepEqual(complaints, []);
});

test("nothing inline runs, nor anything from elsewhere", async () => {
  const violated = await page.evaluate(`new Promise((resolve) => {
    const found = [];
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
      found.push(effectiveDirective);
      if (found.length === 3) resolve(found.sort());
    });
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.head.append(script, style);
    fetch("https://elsewhere.example/").catch(() => {});
  })`);
  assert.deepEqual(violated, ["connect-src", "script-src-elem", "style-src-elem"]);
  assert.equal(await page.evaluate("window.ran"), undefined);
});
