// Bulk publishing, one event a line: published while the body is still on its way, in bounded memory, at the publisher's
// rate, and never by halves.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as tcp } from "node:net";
import { test } from "node:test";
import { createGzip } from "node:zlib";
import { Server, jwt, program, serviceKey, within } from "./server.mjs";
import { subscriber } from "./client.mjs";

const line = (n, more = {}) => JSON.stringify({ type: "project.updated", data: { project_id: "1", changes: { n } }, ...more }) + "\n";
const bodyMax = 100000;
const start = (settings = {}) => Server.start({ settings: { "limits.publish_body_bytes": bodyMax, "limits.event_bytes": 20000,
  "limits.publish_per_second": 1000000, "limits.publish_burst": 1000000, "limits.send_queue_bytes": 64000000, ...settings } });

/** A request whose body is written piece by piece. */
class Stream {
  constructor(server, headers = {}) {
    this.request = request(server.url + "/api/v1/events", { method: "POST",
      headers: { "Content-Type": "application/x-ndjson", "X-API-Key": serviceKey, ...headers } });
    this.answer = new Promise((resolve, reject) => {
      this.request.on("error", reject);
      this.request.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }));
      });
    });
    this.answer.catch(() => {});
  }
  async write(text) {
    if (!this.request.write(text)) await within(60000, once(this.request, "drain"), "room for more");
  }
  end(text) {
    this.request.end(text);
    return within(120000, this.answer, "the answer");
  }
}
const whole = (server, text, headers) => new Stream(server, headers).end(text);

/** A subscriber of project:1, and what has come to it; `until(n)` waits for the event with that number. */
async function reader(server) {
  const { socket } = await subscriber(server.url, jwt({ projects: "*" }), "project:1");
  const seen = [];
  let check = () => {};
  socket.on("project.updated", ({ data }) => { seen.push(data.changes.n); check(); });
  const until = (n) => within(120000, new Promise((resolve) => {
    check = () => { if (seen.at(-1) === n) resolve(); };
    check();
  }), `event ${n}`);
  return { socket, seen, until };
}

test("20,000 events in one body, received while it is still being sent", async () => {
  const server = await start();
  const { seen, until } = await reader(server);
  const total = 20000, stream = new Stream(server);
  await stream.write(line(1));
  await until(1);
  assert.equal(stream.request.writableEnded, false, "the request is still open");
  let bytes = 0;
  for (let n = 2; n <= total; n += 100) {
    let part = "";
    for (let k = n; k < n + 100 && k <= total; ++k) part += line(k);
    if (n === 10002) part += '{"type":"project.updated","data":{"project_id":7}}\n' + line(5, { id: "twice" }) + line(5, { id: "twice" });
    bytes += part.length;
    await stream.write(part);
    if (n === 5002) await until(5001 + 100);
  }
  assert.ok(bytes > 10 * bodyMax, `${bytes}`);
  const { status, body } = await stream.end();
  assert.equal(status, 202);
  assert.deepEqual([body.accepted, body.duplicates, body.refused, body.lines], [total + 2, 1, 1, total + 3]);
  assert.deepEqual(body.errors.map(({ line, code, pointer }) => [line, code, pointer]), [[10102, "bad_request", "/data/project_id"]]);
  assert.equal(body.events.length, 1000, "limits.batch_events of them are named");
  assert.deepEqual([body.events[0].line, body.events[999].line], [1, 1000]);
  await until(total);
  const wanted = Array.from({ length: total }, (_, n) => n + 1);
  wanted.splice(10101, 0, 5);
  assert.deepEqual(seen, wanted, "each once, in order");
  await server.stop();
});

test("80 MB through a bound of 100 kB: memory stays where it was", async () => {
  const server = await start({ "history.events_max": 100 });
  const resident = async (key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(await readFile(`/proc/${server.pid}/status`, "utf8"))[1]) * 1024;
  const text = line(0, { data: { project_id: "1", changes: { text: "x".repeat(16000) } } });
  assert.equal((await whole(server, text.repeat(50))).body.accepted, 50);
  const before = await resident("VmRSS");
  const stream = new Stream(server);
  const part = text.repeat(10);
  for (let n = 0; n < 500; ++n) await stream.write(part);
  const { status, body } = await stream.end();
  assert.deepEqual([status, body.accepted], [202, 5000]);
  const grown = (await resident("VmHWM")) - before;
  const sanitized = /__[at]san_init/.test((await readFile(program)).toString("latin1"));
  if (!sanitized) assert.ok(grown < 24 * 1048576, `${grown} bytes more at the highest`);
  await server.stop();
});

test("past its rate a stream is slowed down, and the sender with it", async () => {
  const rate = 200, burst = 20;
  const server = await start({ "limits.publish_per_second": rate, "limits.publish_burst": burst });
  const { seen, until, socket } = await reader(server);
  const text = line(1, { data: { project_id: "1", changes: { n: 1, text: "x".repeat(10000) } } });
  const received = "fanfare_http_received_bytes_total", began = (await server.metrics()).get(received);
  const stream = new Stream(server);
  let sent = 0;
  const sending = (async () => {
    while (!stream.request.destroyed) { await stream.write(text); sent += text.length; }
  })().catch(() => {});
  await within(60000, new Promise((resolve) => {
    socket.on("project.updated", () => { if (seen.length >= burst + 60) resolve(); });
  }), "what the rate allows");
  const metrics = await server.metrics();
  assert.ok(metrics.get("fanfare_publish_waits_total") > 0);
  assert.equal(metrics.get('fanfare_publish_refused_total{cause="rate_limited"}') ?? 0, 0, "slowed, not refused");
  // What has been published, what is read ahead (64 KiB, and one read more), a part, and the reader's own requests.
  const read = metrics.get(received) - began, published = metrics.get("fanfare_events_published_total");
  assert.ok(read < (published + 20) * text.length + 3 * 65536, `${read} bytes read for ${published} events`);
  stream.request.destroy();
  await sending;
  await server.stop();
});

test("a peer that breaks off: whole lines are published, nothing half; with an Idempotency-Key it begins again", async () => {
  const server = await start();
  const { seen, until } = await reader(server);
  const key = { "Idempotency-Key": "night-run-7" };
  const all = Array.from({ length: 200 }, (_, n) => line(n + 1));
  const broken = new Stream(server, key);
  await broken.write(all.slice(0, 100).join("") + all[100].slice(0, 30));
  await until(100);
  broken.request.destroy();
  const { status, body } = await whole(server, all.join(""), key);
  assert.deepEqual([status, body.accepted, body.duplicates], [202, 200, 100]);
  await until(200);
  assert.deepEqual(seen, all.map((_, n) => n + 1), "each once");
  // A JSON text that is whole, but the line is not.
  const cut = new Stream(server);
  await cut.write(line(201) + line(202).trimEnd());
  await until(201);
  cut.request.destroy();
  assert.equal((await whole(server, line(203))).status, 202);
  await until(203);
  assert.ok(!seen.includes(202));
  await server.stop();
});

test("silence ends a stream, with what was accepted before it", async () => {
  const server = await start({ "http.body_timeout_ms": 1500 });
  const stream = new Stream(server);
  await stream.write(line(1));
  const { status, body } = await within(20000, stream.answer, "the answer");
  assert.deepEqual([status, body.status, body.accepted, body.lines], [408, 408, 1, 1]);
  assert.equal((await server.metrics()).get('fanfare_http_errors_total{cause="body_timeout"}'), 1);
  await server.stop();
});

test("credential and content type are looked at before the body", async () => {
  const server = await start();
  const ask = async (headers) => {
    const stream = new Stream(server, { Expect: "100-continue", ...headers });
    let invited = false;
    stream.request.on("continue", () => { invited = true; stream.request.end(line(1)); });
    stream.request.flushHeaders();
    const { status, body } = await within(20000, stream.answer, "the answer");
    return [status, invited, body.code];
  };
  assert.deepEqual(await ask({}), [202, true, undefined]);
  assert.deepEqual(await ask({ "X-API-Key": "wrong" }), [401, false, "unauthorized"]);
  assert.deepEqual(await ask({ "Content-Type": "application/x-ndjson; charset=latin1" }), [415, false, "unsupported_media_type"]);
  assert.deepEqual(await ask({ "Content-Encoding": "br" }), [415, false, "unsupported_media_type"]);
  await server.stop();
});

test("lines in gzip are published as they come", async () => {
  const server = await start();
  const { until } = await reader(server);
  const stream = new Stream(server, { "Content-Encoding": "gzip" });
  const coder = createGzip();
  coder.on("data", (bytes) => stream.request.write(bytes));
  coder.write(line(1));
  coder.flush();
  await until(1);
  const rest = Array.from({ length: 5000 }, (_, n) => line(n + 2)).join("");
  coder.end(rest);
  await once(coder, "end");
  const { status, body } = await stream.end();
  assert.deepEqual([status, body.accepted, body.refused], [202, 5001, 0]);
  await until(5001);
  await server.stop();
});

test("hostile lines", async () => {
  const server = await start();
  const { seen, until } = await reader(server);
  const good = line(1).trimEnd();
  const bytes = Buffer.concat([Buffer.from("\ufeff" + good + "\r\n\r\n" + "\n".repeat(1000)), Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    Buffer.from("{\n" + "[".repeat(5000) + "\n\ufeff" + good + "\n" + "x".repeat(30000) + "\n\0\n" + line(2))]);
  const { status, body } = await whole(server, bytes);
  assert.deepEqual([status, body.accepted, body.refused, body.lines], [202, 2, 6, 1009]);
  assert.deepEqual(body.errors.map(({ line, code }) => [line, code]), [[1003, "bad_request"], [1004, "bad_request"],
    [1005, "bad_request"], [1006, "bad_request"], [1007, "over_limit"], [1008, "bad_request"]]);
  await until(2);
  assert.deepEqual(seen, [1, 2]);

  // No newline ever: refused, read over, and ended once it is past any request's bound.
  const { hostname, port } = new URL(server.url);
  const socket = tcp(Number(port), hostname);
  socket.on("error", () => {});
  let answer = "";
  socket.setEncoding("utf8").on("data", (part) => (answer += part));
  const closed = once(socket, "close");
  socket.write(`POST /api/v1/events HTTP/1.1\r\nHost: a\r\nX-API-Key: ${serviceKey}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let n = 0; n < bodyMax / 1000 + 10; ++n) socket.write(`3e8\r\n${"x".repeat(1000)}\r\n`);
  await within(20000, closed, "the end of the connection");
  assert.match(answer, /^HTTP\/1\.1 413 [^]*"accepted":0/);
  const metrics = await server.metrics();
  assert.equal(metrics.get('fanfare_publish_refused_total{cause="payload_too_large"}'), 3, "two lines, and one request");
  await server.stop();
});
