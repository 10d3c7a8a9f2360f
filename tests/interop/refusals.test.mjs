// Everything that is refused, each with its code: tokens, rooms, publishes.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ask, connect } from "./client.mjs";
import { Server, curl, jwt, serviceKey } from "./server.mjs";

const now = Math.floor(Date.now() / 1000);
const right = { iss: "https://issuer.example", aud: "fanfare" };
const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const other = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" } });
const none = { alg: "none", typ: "JWT" };
const rs256 = { alg: "RS256", typ: "JWT" };

const folder = mkdtempSync(join(tmpdir(), "fanfare-refusals-"));
const keyFile = join(folder, "public.pem");
writeFileSync(keyFile, publicKey);

let shared, asymmetric;
before(async () => {
  const claims = { "auth.issuer": right.iss, "auth.audience": right.aud };
  shared = await Server.start({ settings: { ...claims, "limits.publish_body_bytes": 20000 } });
  asymmetric = await Server.start({
    settings: { ...claims, "auth.secret": "", "auth.algorithms": "RS256", "auth.public_key_file": keyFile } });
});
after(async () => {
  await shared.stop();
  await asymmetric.stop();
  rmSync(folder, { recursive: true });
});

async function code(server, token, options) {
  const refused = await connect(server.url, token, options).then((socket) => socket.disconnect() && "accepted", (error) => error);
  if (refused === "accepted") return refused;
  // The text says no more than the code does.
  assert.ok(!/signature|claim|issuer|audience|alg/i.test(refused.message), refused.message);
  return refused.data?.code;
}

describe("tokens", () => {
  const tokens = {
    "none at all": [undefined, "token_missing"],
    "an empty one": ["", "token_missing"],
    "garbage": ["garbage", "token_invalid"],
    "three garbage parts": ["a.b.c", "token_invalid"],
    "a wrong key": [jwt(right, { key: "another secret of more than 32 bytes!" }), "token_invalid"],
    "alg none": [jwt(right, { header: none }), "token_invalid"],
    "HS512 where HS256 is configured": [jwt(right, { header: { alg: "HS512" } }), "token_invalid"],
    "expired": [jwt({ ...right, exp: now - 120 }), "token_expired"],
    "not yet valid": [jwt({ ...right, nbf: now + 600 }), "token_invalid"],
    "a wrong audience": [jwt({ ...right, aud: "elsewhere" }), "token_invalid"],
    "no audience": [jwt({ iss: right.iss }), "token_invalid"],
    "a wrong issuer": [jwt({ ...right, iss: "https://evil.example" }), "token_invalid"],
    "no subject": [jwt({ ...right, sub: undefined }), "token_invalid"],
    "a subject that is no text": [jwt({ ...right, sub: 7 }), "token_invalid"],
  };
  for (const [name, [token, wanted]] of Object.entries(tokens)) {
    for (const transport of ["polling", "websocket"]) {
      test(`${name}, ${transport}`, async () => assert.equal(await code(shared, token, { transports: [transport] }), wanted));
    }
  }
  test("the right one is taken", async () => assert.equal(await code(shared, jwt(right)), "accepted"));
  test("one in the query is not looked at", async () => {
    assert.equal(await code(shared, undefined, { query: { token: jwt(right) } }), "token_missing");
  });
  test("every namespace connection needs one", async () => {
    const refused = await connect(shared.url + "/ws", undefined).catch((error) => error);
    assert.equal(refused.data?.code, "token_missing");
  });

  test("RS256: the right one is taken", async () => {
    assert.equal(await code(asymmetric, jwt(right, { header: rs256, key: privateKey })), "accepted");
  });
  test("RS256: HS256 signed with the public key", async () => {
    assert.equal(await code(asymmetric, jwt(right, { key: publicKey })), "token_invalid");
  });
  test("RS256: another key pair", async () => {
    assert.equal(await code(asymmetric, jwt(right, { header: rs256, key: other.privateKey })), "token_invalid");
  });
  test("RS256: alg none", async () => {
    assert.equal(await code(asymmetric, jwt(right, { header: none })), "token_invalid");
  });
});

describe("rooms", () => {
  const asked = {
    "another user's room": [{ room: "user:bob" }, "forbidden"],
    "a project not in the claims": [{ room: "project:999" }, "forbidden"],
    "an agent not in the claims": [{ room: "agent:a9" }, "forbidden"],
    "one of a list": [{ room: ["project:123", "project:999"] }, "forbidden"],
    "a kind that does not exist": [{ room: "planet:mars" }, "unknown_room"],
    "no kind": [{ room: "nonsense" }, "unknown_room"],
    "an empty name": [{ room: "" }, "unknown_room"],
    "no room": [{}, "bad_request"],
    "a number": [{ room: 5 }, "bad_request"],
    "no object": ["project:123", "bad_request"],
  };
  let socket;
  before(async () => (socket = await connect(shared.url, jwt(right))));
  after(() => socket.disconnect());
  for (const [name, [argument, wanted]] of Object.entries(asked)) {
    test(name, async () => {
      const answer = await ask(socket, "subscribe", argument);
      assert.equal(answer.ok, false);
      assert.equal(answer.error.code, wanted, JSON.stringify(answer));
    });
  }
  test("a token for everything may join anything but other users' rooms", async () => {
    const all = await connect(shared.url, jwt({ ...right, projects: "*", agents: "*" }));
    assert.equal((await ask(all, "subscribe", { room: "project:999" })).ok, true);
    assert.equal((await ask(all, "subscribe", { room: "agent:a9" })).ok, true);
    assert.equal((await ask(all, "subscribe", { room: "user:bob" })).error.code, "forbidden");
    all.disconnect();
  });
});

describe("publishing", () => {
  const valid = { type: "project.updated", data: { project_id: "123", changes: {} } };
  const wrong = {
    "an unknown type": [{ ...valid, type: "project.exploded" }, 400, "/type"],
    "a missing field": [{ type: "project.updated", data: { project_id: "123" } }, 400, "/data/changes"],
    "a wrong type": [{ type: "project.updated", data: { project_id: "123", changes: "x" } }, 400, "/data/changes"],
    "a number out of range": [
      { type: "workflow.progress", data: { workflow_id: "w", project_id: "123", progress: 101 } }, 400, "/data/progress"],
    "an enum's stranger": [{ type: "agent.status_changed", data: { agent_id: "a", status: "asleep" } }, 400, "/data/status"],
    "the second of a batch": [[valid, { type: "project.updated", data: { changes: {} } }], 400, "/1/data/project_id"],
    "a connection's own type": [{ type: "pong", data: {} }, 400, "/type"],
    "no JSON": ["{", 400, null],
    "no object": ["7", 400, null],
  };
  for (const [name, [body, status, pointer]] of Object.entries(wrong)) {
    test(name, async () => {
      const answer = await shared.publish(body);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.match(answer.headers, /content-type: application\/problem\+json/i);
      if (pointer !== null) assert.equal(answer.body.pointer ?? answer.body.errors?.[0]?.pointer, pointer, JSON.stringify(answer.body));
    });
  }

  test("nothing of a refused batch is sent", async () => {
    const socket = await connect(shared.url, jwt(right));
    await ask(socket, "subscribe", { room: "project:123" });
    const seen = [];
    socket.onAny((name) => name.startsWith("project") && seen.push(name));
    assert.equal((await shared.publish([valid, { type: "project.exploded", data: {} }])).status, 400);
    await ask(socket, "ping", {});
    assert.deepEqual(seen, []);
    socket.disconnect();
  });
  test("a body too large", async () => {
    const answer = await shared.publish({ ...valid, data: { project_id: "123", changes: { x: "y".repeat(30000) } } });
    assert.equal(answer.status, 413);
  });
  test("a wrong service key", async () => assert.equal((await shared.publish(valid, { key: "wrong" })).status, 401));
  test("no key", async () => assert.equal((await shared.publish(valid, { key: null })).status, 401));
  test("a token without the scope", async () => assert.equal((await shared.publish(valid, { key: jwt(right) })).status, 403));
  test("a token with the scope is taken", async () => {
    assert.equal((await shared.publish(valid, { key: jwt({ ...right, scope: "events:publish" }) })).status, 202);
  });
  test("a wrong media type", async () => {
    const answer = await curl(shared.url + "/api/v1/events",
      ["-H", `Authorization: Bearer ${serviceKey}`, "-H", "Content-Type: text/plain", "--data-binary", "@-"], "{}");
    assert.equal(answer.status, 415);
  });
});
