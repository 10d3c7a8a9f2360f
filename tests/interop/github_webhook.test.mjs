// Deliveries as GitHub makes them, signed with node's own HMAC, against the program; the real socket.io-client watches.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { ask, connect, next } from "./client.mjs";
import { Server, curl } from "./server.mjs";

const secret = "It's a Secret to Everybody";
const settings = {
  "github.secret": secret,
  "github.previous_secret": "the one before",
  "github.projects": "acme/rocket=p1,acme/*=p2",
};
let server, socket;
before(async () => {
  server = await Server.start({ settings });
  socket = await connect(server.url, await server.token("--sub", "alice", "--project", "p1", "--project", "p2"));
  const answer = await ask(socket, "subscribe", { room: ["project:p1", "project:p2"] });
  assert.ok(answer.ok, JSON.stringify(answer));
});
after(() => {
  socket?.disconnect();
  return server.stop();
});

const sign = (body, key = secret) => "sha256=" + createHmac("sha256", key).update(body).digest("hex");

function post(body, headers, url = server.url) {
  const lines = Object.entries({ "Content-Type": "application/json", "User-Agent": "GitHub-Hookshot/044aadd", ...headers });
  return curl(url + "/webhooks/github",
    ["--data-binary", "@-", ...lines.flatMap(([name, content]) => ["-H", `${name}: ${content}`])], body);
}
const deliver = (event, payload, { id = randomUUID(), key = secret, url } = {}) => {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return post(body, { "X-GitHub-Event": event, "X-GitHub-Delivery": id, "X-Hub-Signature-256": sign(body, key) }, url);
};

const repository = (full_name = "acme/rocket") => ({
  id: 186853002, name: full_name.split("/")[1], full_name, html_url: `https://github.com/${full_name}`, private: false,
});
const pullRequest = (action, more = {}) => ({
  action, number: 7,
  pull_request: {
    id: 279147437, number: 7, state: "open", title: "Add search", user: { login: "ada", id: 1 }, body: "Finds things.",
    html_url: "https://github.com/acme/rocket/pull/7", draft: false, merged: false, merged_by: null,
    head: { label: "ada:search", ref: "search", sha: "ec26" }, base: { label: "acme:main", ref: "main", sha: "f95f" }, ...more,
  },
  repository: repository(), sender: { login: "bob" },
});
const issue = (action, name) => ({
  action,
  issue: { number: 12, title: "It crashes", user: { login: "ada" }, html_url: "https://github.com/acme/rocket/issues/12",
    labels: [{ name: "bug", color: "d73a4a" }], state: "open", state_reason: null },
  repository: repository(name), sender: { login: "bob" },
});

test("the vector of GitHub's documentation", async () => {
  assert.equal(sign("Hello, World!"), "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
  // Past the signature: the body is no JSON.
  const { status, headers } = await post("Hello, World!", {
    "X-GitHub-Event": "ping", "X-GitHub-Delivery": randomUUID(), "X-Hub-Signature-256": sign("Hello, World!") });
  assert.equal(status, 400);
  assert.match(headers, /application\/problem\+json/);
});

test("every action listed reaches the browser side as its event", async () => {
  const expected = [
    ["pull_request", "opened", "pr.created"], ["pull_request", "closed", "pr.closed"],
    ...["reopened", "edited", "synchronize", "labeled", "unlabeled", "assigned", "unassigned", "ready_for_review",
      "converted_to_draft", "review_requested", "review_request_removed"].map((action) => ["pull_request", action, "pr.updated"]),
    ["issues", "opened", "issue.created"],
    ...["closed", "deleted", "transferred"].map((action) => ["issues", action, "issue.closed"]),
    ...["reopened", "edited", "labeled", "unlabeled", "assigned", "unassigned", "milestoned", "demilestoned", "locked",
      "unlocked", "pinned", "unpinned"].map((action) => ["issues", action, "issue.updated"]),
  ];
  for (const [event, action, type] of expected) {
    const arrives = next(socket, type);
    const { status, body } = await deliver(event, event === "issues" ? issue(action) : pullRequest(action));
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(body.accepted, 1);
    const got = await arrives;
    assert.equal(got.data.project_id, "p1");
    assert.equal(got.data.number, event === "issues" ? 12 : 7);
    if (type.endsWith(".updated")) assert.equal(got.data.action, action);
    if (type === "issue.closed") assert.equal(got.data.reason, action);
  }
});

test("pr.created carries what the contract's table says", async () => {
  const arrives = next(socket, "pr.created");
  await deliver("pull_request", pullRequest("opened", { draft: true }));
  assert.deepEqual((await arrives).data, {
    project_id: "p1", number: 7, repository: "acme/rocket", title: "Add search", author: "ada", url: "https://github.com/acme/rocket/pull/7",
    head: "search", base: "main", draft: true });
  const closes = next(socket, "pr.closed");
  await deliver("pull_request", pullRequest("closed", { merged: true, merged_by: { login: "carol" } }));
  assert.deepEqual((await closes).data, {
    project_id: "p1", number: 7, repository: "acme/rocket", merged: true, closed_by: "carol", url: "https://github.com/acme/rocket/pull/7" });
});

test("a redelivery is answered as before and sends nothing", async () => {
  const seen = [];
  const listen = (event) => seen.push(event);
  socket.on("issue.created", listen);
  const id = randomUUID();
  const first = await deliver("issues", issue("opened"), { id });
  const again = await deliver("issues", issue("opened"), { id });
  assert.equal(again.status, 202);
  assert.deepEqual(again.body, first.body);
  // What comes after it is in: so would it be.
  const behind = next(socket, "pr.created");
  await deliver("pull_request", pullRequest("opened"));
  await behind;
  socket.off("issue.created", listen);
  assert.equal(seen.length, 1);
});

test("forged and unsigned deliveries are refused and counted", async () => {
  const body = JSON.stringify(pullRequest("opened"));
  const names = { "X-GitHub-Event": "pull_request", "X-GitHub-Delivery": randomUUID() };
  assert.equal((await post(body, names)).status, 401);
  assert.equal((await post(body, { ...names, "X-Hub-Signature": "sha1=00" })).status, 401);
  const forged = await post(body, { ...names, "X-Hub-Signature-256": sign(body, "a guess") });
  assert.equal(forged.status, 403);
  assert.match(forged.headers, /application\/problem\+json/);
  assert.equal((await post(body + " ", { ...names, "X-Hub-Signature-256": sign(body) })).status, 403);
  assert.equal((await deliver("pull_request", pullRequest("opened"), { key: "the one before" })).status, 202);
  const counted = await server.metrics();
  assert.equal(counted.get('fanfare_github_deliveries_total{outcome="signature_missing"}'), 2);
  assert.equal(counted.get('fanfare_github_deliveries_total{outcome="signature_wrong"}'), 2);
});

test("what is unknown is ignored with 202, a ping answered with 200", async () => {
  for (const [event, payload, ignored] of [
    ["push", { ref: "refs/heads/main" }, "unknown event"], ["pull_request", pullRequest("enqueued"), "unknown action"],
    ["issues", issue("opened", "stranger/rocket"), "unknown repository"]]) {
    const { status, body } = await deliver(event, payload);
    assert.equal(status, 202);
    assert.deepEqual(body, { accepted: 0, ignored });
  }
  assert.equal((await deliver("ping", { zen: "Design for failure.", hook_id: 1 })).status, 200);
});

test("an organisation's wildcard, forms, and malformed JSON", async () => {
  const arrives = next(socket, "issue.created");
  const body = "payload=" + encodeURIComponent(JSON.stringify(issue("opened", "acme/engine"))).replaceAll("%20", "+");
  const { status } = await post(body, { "Content-Type": "application/x-www-form-urlencoded", "X-GitHub-Event": "issues",
    "X-GitHub-Delivery": randomUUID(), "X-Hub-Signature-256": sign(body) });
  assert.equal(status, 202);
  const event = await arrives;
  assert.equal(event.data.repository, "acme/engine");
  assert.equal(event.subject, "project:p2");
  assert.equal(event.data.title, "It crashes");
  assert.equal((await deliver("issues", '{"action":')).status, 400);
});

test("25 MB are taken, more is not; the answer comes well within GitHub's ten seconds", async () => {
  const large = pullRequest("edited");
  large.pull_request.body = "x".repeat(25_000_000);
  const began = Date.now();
  assert.equal((await deliver("pull_request", large)).status, 202);
  assert.ok(Date.now() - began < 10_000);
  large.pull_request.body = "x".repeat(26_300_000);
  assert.equal((await deliver("pull_request", large)).status, 413);
});

test("a mapping that can match nothing is refused at start, by its key", async () => {
  for (const projects of ["acme=p1", "acme/rocket=p 1"]) {
    await assert.rejects(Server.start({ settings: { ...settings, "github.projects": projects } }), /github\.projects/);
  }
});

test("without a secret there is no webhook", async () => {
  const other = await Server.start();
  assert.equal((await deliver("ping", {}, { url: other.url })).status, 404);
  await other.stop();
});
