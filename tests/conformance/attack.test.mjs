// What hostile peers do to `fanfare serve`, one attack after the other, while well-behaved clients go on: the process
// stays up and small, each cause is counted under its own name, the bystanders are served in time, and nothing is left
// of the attackers when they have gone. No wait but for what the server says of itself in /metrics and the stats.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { Worker } from "node:worker_threads";
import { connect } from "../interop/client.mjs";
import { Server, curl, jwt, serviceKey, within } from "../interop/server.mjs";
import { startFixture } from "./fixture.mjs";
import { Attackers, bomb, frame, heard } from "./attackers.mjs";

const settings = {
  "http.header_timeout_ms": 700, "http.body_timeout_ms": 700, "http.idle_timeout_ms": 3000, "http.write_timeout_ms": 700,
  "http.header_bytes": 8192, "engine.ping_interval_ms": 1000, "engine.ping_timeout_ms": 6000,
  "engine.upgrade_timeout_ms": 700, "engine.connect_timeout_ms": 2000, "engine.max_payload_bytes": 100000,
  "engine.compression": true, "limits.connections": 40, "limits.connections_per_user": 20,
  "limits.rooms_per_connection": 30, "limits.commands_per_second": 60, "limits.commands_burst": 100,
  "limits.send_queue_bytes": 65536, "limits.publish_per_second": 1000, "limits.publish_burst": 1000,
  "limits.batch_events": 100, "limits.publish_body_bytes": 1000000, "log.level": "warn",
};
// 40 clients with 64 KiB queued each, 1,040 TCP connections with their buffers, and what any process has.
const residentMax = 256 * 1048576;
const polling = "/socket.io/?EIO=4&transport=polling", webSocket = "/socket.io/?EIO=4&transport=websocket";

let server, port, bystanders = [], sanitized = false, highest = 0;
const quiet = [];
const token = (sub, claims = {}) => jwt({ sub, projects: "*", ...claims });

async function resident(key = "VmRSS") {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)[1]) * 1024;
}

async function report(bystander) {
  bystander.postMessage("report");
  const [said] = await within(60000, once(bystander, "message"), "the bystander's report");
  return said;
}

function leave(bystander) {
  bystander.postMessage("stop");
  return within(30000, once(bystander, "exit"), "the bystander's end");
}

/** Polls the server's own numbers until they satisfy. */
async function until(what, satisfied, ms = 60000) {
  const end = performance.now() + ms;
  for (;;) {
    const samples = await server.metrics().catch(() => null); // while it refuses everybody
    if (samples && satisfied(samples)) return samples;
    if (performance.now() > end) assert.fail(`waited ${ms} ms for ${what}: ${JSON.stringify([...(samples ?? [])].filter(([, n]) => n))}`);
  }
}

/** `causes`: how far each counter must rise. `work` attacks, with connections that are closed when all has been counted. */
function attack(name, causes, work) {
  test(name, { timeout: 240000 }, async (t) => {
    const attackers = new Attackers(port);
    const first = await server.metrics();
    try {
      await work(attackers, first);
      for (const [counter, least] of Object.entries(causes)) {
        await until(counter, (now) => (now.get(counter) ?? 0) - (first.get(counter) ?? 0) >= least);
      }
    } finally {
      attackers.close();
    }
    await until("the attackers' end", (now) => now.get("fanfare_connections") === bystanders.length &&
      now.get('fanfare_engineio_sessions{transport="websocket"}') === 1 &&
      now.get('fanfare_engineio_sessions{transport="polling"}') === bystanders.length - 1);
    const memory = await resident();
    highest = Math.max(highest, await resident("VmHWM"));
    if (!sanitized) assert.ok(highest < residentMax, `${highest} bytes resident`);
    for (const [n, bystander] of bystanders.entries()) {
      const seen = await report(bystander);
      t.diagnostic(`${n ? "polling" : "websocket"}: ${seen.pings} pings, p50 ${seen.p50.toFixed(1)} ms, p99 ` +
        `${seen.p99.toFixed(1)} ms, max ${seen.max.toFixed(1)} ms; ${(memory / 1048576).toFixed(0)} MiB resident`);
      // Whether it is served at all; how fast depends on the machine and on what else runs there.
      assert.ok(seen.p99 < 2000, `p99 ${seen.p99}, quiet ${quiet[n].p99}`);
    }
  });
}

before(async () => {
  server = await Server.start({ settings, workers: 2 });
  port = Number(new URL(server.url).port);
  // By the symbol in the file: the list of mapped libraries has missed the runtime.
  sanitized = /__[at]san_init/.test((await readFile(process.env.FANFARE_PROGRAM)).toString("latin1"));
  for (const transport of ["websocket", "polling"]) {
    const bystander = new Worker(new URL("bystander.mjs", import.meta.url), {
      workerData: { url: server.url, token: token(`good-${transport}`), transports: [transport] } });
    bystander.once("error", (fault) => { console.error(fault); server.kill(); process.exit(1); });
    await within(30000, once(bystander, "message"), "the bystander");
    bystanders.push(bystander);
  }
  for (const bystander of bystanders) quiet.push(await report(bystander));
});

test("quiet", (t) => {
  for (const [n, seen] of quiet.entries()) t.diagnostic(`${n ? "polling" : "websocket"} p50 ${seen.p50.toFixed(1)}, p99 ${seen.p99.toFixed(1)} ms`);
});

const http = (cause) => `fanfare_http_errors_total{cause="${cause}"}`;
const engine = (cause) => `fanfare_engineio_errors_total{cause="${cause}"}`;
const ends = (reason) => `fanfare_engineio_closes_total{reason="${reason}"}`;
const frames = (cause) => `fanfare_websocket_closes_total{cause="${cause}"}`;
const packets = (cause) => `fanfare_socketio_refused_total{cause="${cause}"}`;
const commands = (cause) => `fanfare_commands_refused_total{cause="${cause}"}`;
const connects = (code) => `fanfare_connects_refused_total{code="${code}"}`;
const published = (cause) => `fanfare_publish_refused_total{cause="${cause}"}`;

/** Drips bytes on each until the server has closed it. */
async function drip(sockets, bytes) {
  const timer = setInterval(() => { for (const socket of sockets) socket.write(bytes); }, 50);
  await within(30000, Promise.all(sockets.map((socket) => socket.ended)), "the end of the slow").finally(() => clearInterval(timer));
}

attack("slow headers", { [http("header_timeout")]: 50 }, async (attackers) => {
  await drip(await attackers.many(50, "GET /healthz HTTP/1.1\r\nHost: x\r\n"), "X-A: b\r\n");
});

attack("slow bodies", { [http("body_timeout")]: 50 }, async (attackers) => {
  await drip(await attackers.many(50, "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"), "x");
});

attack("connections that never ask", { [http("no_request")]: 100 }, (attackers) => attackers.many(100));

attack("pipelined requests whose answers nobody reads", { [http("write_timeout")]: 10 }, async (attackers) => {
  const asked = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
  for (const socket of await attackers.many(10)) {
    socket.pause();
    socket.write(asked);
  }
});

attack("half-open upgrades", { [engine("upgrade_timeout")]: 20, [packets("connect_timeout")]: 40, [ends("ping_timeout")]: 5 },
  async (attackers) => {
    for (let n = 0; n < 20; n++) {
      const { body } = await curl(server.url + polling);
      const probe = await attackers.webSocket(`${webSocket}&sid=${JSON.parse(body.slice(1)).sid}`);
      if (n % 2) probe.write(frame("2probe"));
      await attackers.webSocket(webSocket);
    }
    for (let n = 0; n < 5; n++) await attackers.client(token("mute"));
  });

attack("more handshakes than there are places", { [engine("over_limit")]: 50 }, async (attackers) => {
  const asked = `GET ${polling} HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (const socket of await attackers.many(30, asked.repeat(20))) {
    socket.on("data", () => {});
  }
});

attack("more clients than limits.connections", { [connects("over_limit")]: 20 }, async (attackers) => {
  for (let n = 0; n < 60; n++) {
    const socket = await attackers.webSocket(webSocket);
    socket.write(frame(`40${JSON.stringify({ token: token(`crowd-${n % 4}`) })}`));
  }
});

attack("guessed tokens and keys", { [connects("token_invalid")]: 100,
  'fanfare_requests_refused_total{cause="token_invalid"}': 1 }, async (attackers) => {
  const socket = await attackers.webSocket(webSocket);
  for (let n = 0; n < 100; n++) {
    socket.write(frame(`40${JSON.stringify({ token: jwt({ sub: "eve" }, { key: `guess ${n}, padded to the 32 bytes it needs` }) })}`));
    await heard(socket, "token_invalid");
    socket.text = "";
  }
  assert.equal((await server.publish([], { key: "a-wrong-key" })).status, 401);
});

attack("a flood of packets", { [commands("rate_limited")]: 10000 }, async (attackers) => {
  const flood = (from, count) => Buffer.concat(Array.from({ length: count }, (_, n) => frame(`42${from + n}["ping",{}]`)));
  const socket = await attackers.client(token("flood"));
  for (let n = 0; n < 2000; n += 200) {
    socket.write(flood(n, 200));
    await heard(socket, `43${n + 199}[`);
    socket.text = "";
  }
  // Nobody waits for these answers; but who reads them is not closed for their number.
  const mute = await attackers.client(token("flood-mute"));
  mute.write(flood(0, 10000));
  await heard(mute, "439999[");
});

attack("a flood of Engine.IO packets in one POST", { [engine("over_limit")]: 1 }, async () => {
  const { body } = await curl(server.url + polling);
  const sid = JSON.parse(body.slice(1)).sid;
  await curl(`${server.url}${polling}&sid=${sid}`, ["--data-binary", "@-"], "6\x1e".repeat(20000) + "6");
});

attack("a flood of namespaces", { 'fanfare_socketio_connect_errors_total{cause="invalid_namespace"}': 500 },
  async (attackers) => {
    const socket = await attackers.client(token("names"));
    socket.write(Buffer.concat(Array.from({ length: 5000 }, (_, n) => frame(`40/n${n},`))));
  });

attack("acks of nothing, and events whose acks never come", { 'fanfare_socketio_packets_total{direction="in",type="ack"}': 5000 },
  async (attackers) => {
    const socket = await attackers.client(token("acks"));
    socket.write(Buffer.concat(Array.from({ length: 5000 }, (_, n) => frame(`43${n}[1]`))));
    socket.write(Buffer.concat(Array.from({ length: 5000 }, (_, n) => frame(`42${n}["unheard-of",1]`))));
  });

attack("subscribing to many rooms", { [commands("over_limit")]: 3 }, async (attackers) => {
  const socket = await attackers.client(token("rooms"));
  const list = (from, count) => JSON.stringify({ room: Array.from({ length: count }, (_, n) => `project:${from + n}`) });
  socket.write(frame(`421["subscribe",${list(0, 101)}]`));
  socket.write(frame(`422["subscribe",${list(0, 99)}]`));
  for (let n = 0; n < 50; n++) socket.write(frame(`42["subscribe",${list(1000 + n, 1)}]`));
});

attack("deflate bombs", { [frames("too_big")]: 10 }, async (attackers) => {
  const packed = bomb(64 * 1048576);
  for (let n = 0; n < 10; n++) {
    const socket = await attackers.webSocket(webSocket, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    assert.match(socket.text, /permessage-deflate/);
    socket.write(frame(packed, 0xc1));
    await within(20000, socket.ended, "the close");
  }
});

attack("huge and deep JSON", { [frames("too_big")]: 1, [packets("too_deep")]: 1, [published("too_deep")]: 1,
  [published("payload_too_large")]: 1 }, async (attackers) => {
  const deep = (depth) => "[".repeat(depth) + "]".repeat(depth);
  (await attackers.client(token("json-1"))).write(frame(`42["ping","${"x".repeat(200000)}"]`));
  (await attackers.client(token("json-2"))).write(frame(`42["ping",${deep(40000)}]`));
  const answer = await server.publish(`{"type":"project.updated","data":{"project_id":"1","changes":{"a":${deep(100000)}}}}`);
  assert.equal(answer.status, 400);
  const many = Array.from({ length: 101 }, () => ({ type: "project.deleted", data: { project_id: "1" } }));
  assert.ok((await server.publish(many)).status >= 400);
});

attack("text that is no UTF-8, split across frames", { [frames("invalid_payload")]: 2 }, async (attackers) => {
  const euro = Buffer.from("€");
  const cut = await attackers.client(token("utf8-1"));
  cut.write(Buffer.concat([frame(Buffer.concat([Buffer.from('42["ping","'), euro.subarray(0, 2)]), 0x01), frame('"]', 0x80)]));
  const surrogate = await attackers.client(token("utf8-2"));
  surrogate.write(Buffer.concat([frame(Buffer.from([0xed]), 0x01), frame(Buffer.from([0xa0]), 0x00), frame(Buffer.from([0x80]), 0x80)]));
});

attack("frames that RFC 6455 forbids", { [frames("protocol_error")]: 4 }, async (attackers) => {
  const bad = [frame("40", 0x81, false), frame("x", 0xb1), frame("x", 0x83), frame("x".repeat(126), 0x89)];
  for (const bytes of bad) (await attackers.webSocket(webSocket)).write(bytes);
});

attack("packets that Socket.IO forbids", { [packets("bad_request")]: 1, [packets("invalid_state")]: 1,
  [packets("over_limit")]: 3, [engine("parse_error")]: 1 }, async (attackers) => {
  const bad = ["42[", '42/nowhere,["x"]', `42["${"n".repeat(300)}"]`, `40/${"n".repeat(300)},`, '4511-["x",{"_placeholder":true,"num":0}]', "9"];
  for (const [n, text] of bad.entries()) (await attackers.client(token(`forbidden-${n}`))).write(frame(text));
});

attack("requests smuggled in bodies", { [http("framing")]: 6 }, async (attackers) => {
  const hidden = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  const post = "POST /api/v1/events HTTP/1.1\r\nHost: x\r\n";
  const tricks = [
    `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${post}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    `${post}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n${hidden}`,
    `${post}Content-Length: +5\r\n\r\nhello${hidden}`,
  ];
  for (const bytes of tricks) {
    const socket = await attackers.connect(bytes);
    await within(20000, socket.ended, "the close");
    assert.equal(socket.text.match(/HTTP\/1\.1 \d/g)?.length, 1, socket.text);
    assert.match(socket.text, /^HTTP\/1\.1 (400|501) /);
  }
  const honest = await attackers.connect(`${post}Connection: close\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
  await within(20000, honest.ended, "the answer");
  assert.equal(honest.text.match(/HTTP\/1\.1 \d/g).length, 1, "the body is no request");
});

attack("what is too large", { [http("target_too_long")]: 1, [http("header_too_large")]: 1, [http("body_too_large")]: 2 },
  async (attackers) => {
    const big = "x".repeat(20000), body = "x".repeat(200000);
    const asked = {
      414: `GET /${big} HTTP/1.1\r\nHost: x\r\n\r\n`,
      431: `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${big}\r\n\r\n`,
      413: `POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n`,
    };
    for (const [status, bytes] of Object.entries(asked)) await heard(await attackers.connect(bytes), `HTTP/1.1 ${status} `);
    const chunked = `POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}`;
    await heard(await attackers.connect(chunked), "HTTP/1.1 413 ");
  });

attack("readers that never read", { [ends("overload")]: 3 }, async (attackers, first) => {
  const slow = [await attackers.client(token("slow-1")), await attackers.client(token("slow-2"))];
  for (const socket of slow) {
    socket.write(frame('42["subscribe",{"room":"project:slow"}]'));
    await heard(socket, "subscribed");
    socket.pause();
  }
  // By polling, one that stops polling once it is in the room.
  const poller = await connect(server.url, token("slow-3"), { transports: ["polling"] });
  await poller.timeout(20000).emitWithAck("subscribe", { room: "project:slow" });
  poller.io.engine.transport.poll = () => {};
  try {
    const event = { type: "ai.suggestion", data: { project_id: "slow", suggestion_id: "s", kind: "k", content: "x".repeat(60000) } };
    for (let n = 0; n < 60; n++) {
      const answer = await server.publish([...Array(8)].map(() => event));
      assert.ok(answer.status === 202 || answer.status === 429, JSON.stringify(answer.body));
      if ((await server.metrics()).get(ends("overload")) - first.get(ends("overload")) >= 3) break;
    }
  } finally {
    poller.disconnect();
  }
});

// The program asks its clients for no acks; a server on the library may.
test("acks that are asked for and never come", { timeout: 120000 }, async () => {
  const fixture = await startFixture("client-lab", 2);
  const attackers = new Attackers(fixture.port);
  const socket = await attackers.webSocket(webSocket);
  socket.write(frame("40"));
  await heard(socket, '40{"sid"');
  const asked = Buffer.concat(Array.from({ length: 1000 }, () => frame('42["ack"]')));
  for (let n = 1000; n <= 10000; n += 1000) {
    socket.write(asked);
    await heard(socket, `42${n - 1}["ack"]`);
    socket.text = "";
  }
  // pending_acks_max is reached: no more are sent, and all else goes on.
  socket.write(asked);
  socket.write(frame('427["echo",1]'));
  await heard(socket, "437[1]");
  assert.equal(socket.text.includes('["ack"]'), false);
  attackers.close();
  await fixture.stop();
});

// Each poll may need a TCP connection of its own, of which there are none to be had in what follows.
test("the polling bystander leaves", () => leave(bystanders.pop()));

attack("more TCP connections than limits.connections allows", { 'fanfare_connections_refused_total{cause="over_limit"}': 100 },
  async (attackers) => {
    const sockets = await attackers.many(1300);
    // All have come when as many as were refused have been told or dropped.
    let refused = 0;
    await within(60000, new Promise((resolve) => {
      for (const socket of sockets) socket.ended.then(() => { if (++refused === 200) resolve(); });
    }), "200 refusals");
    assert.ok(sockets.some((socket) => socket.text.startsWith("HTTP/1.1 503 ")));
    attackers.close();
  });

test("nothing is left", { timeout: 60000 }, async (t) => {
  const { body } = await curl(server.url + "/api/v1/websocket/stats", ["-H", `Authorization: Bearer ${serviceKey}`]);
  assert.equal(body.connections.total, bystanders.length);
  assert.equal(body.connections.sessions, bystanders.length);
  // One of the websocket, one or two of the polling client's agent, this request's; idle ones end by their timeout.
  await until("the last idle connection's end", (now) => now.get("fanfare_http_connections") <= 5);
  assert.equal((await server.metrics()).get("fanfare_handler_exceptions_total") ?? 0, 0);
  t.diagnostic(`at most ${(highest / 1048576).toFixed(0)} MiB resident`);
  await leave(bystanders.pop());
  await server.stop();
});
