// docs/guide/troubleshooting.md: each row of its tables is brought about, and shows what the page says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { WebSocket, ask, connect, io, next } from "../interop/client.mjs";
import { Browser } from "../interop/browser.mjs";
import { Server, curl, jwt, program, serviceKey, within } from "../interop/server.mjs";
import { Workplace, rowsIn, rowsOf } from "./guide.mjs";
import { nginx } from "./nginx.mjs";

const run = promisify(execFile);
const page = "docs/guide/troubleshooting.md";
const proxied = (place, lines) => `server { listen 443 ssl; location / { proxy_pass http://${new URL(place.server.url).host}; proxy_http_version 1.1; ${lines} } }`;

let server, shared;
before(async () => { server = await Server.start({ settings: { "engine.max_payload_bytes": 2000, "limits.event_bytes": 2000 } }); });
after(() => server.stop());

const refusal = (url, token, options) => connect(url, token, options).then(() => assert.fail("connected"), (error) => error);
const code = async (url, token) => (await refusal(url, token)).data?.code;
const gone = async () => { const other = createServer(); await once(other.listen(0, "127.0.0.1"), "listening"); const { port } = other.address(); other.close(); await once(other, "close"); return `http://127.0.0.1:${port}`; };
const elsewhere = async (t, answer) => {
  const web = createServer(answer);
  await once(web.listen(0, "127.0.0.1"), "listening");
  t.after(() => { web.closeAllConnections(); web.close(); });
  return `http://127.0.0.1:${web.address().port}`;
};

/** A page with the official client, and what its browser's console says until it has said `wanted`. */
async function consoleOf(t, script, wanted) {
  const client = await readFile(new URL("../interop/node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url));
  const url = await elsewhere(t, ({ url: path }, response) => {
    if (path === "/client.js") return response.end(client);
    if (path === "/") return response.writeHead(200, { "Content-Type": "text/html" }).end('<!doctype html><link rel="icon" href="data:,"><script src="/client.js"></script>');
    response.writeHead(404).end();
  });
  const browser = await Browser.open(`${url}/`);
  try {
    await browser.evaluate(`globalThis.socket = ${script}; undefined`);
    // Each round trip brings what has been logged meanwhile.
    await within(30000, (async () => { while (!browser.log.some((line) => wanted.test(line))) await browser.evaluate("new Promise((resolve) => setTimeout(resolve))"); })(),
      `${wanted} in ${browser.log}`);
    return browser.log.find((line) => wanted.test(line));
  } finally { await browser.close(); }
}

const options = (transport) => `{ auth: { token: "${jwt()}" }, transports: ["${transport}"] }`;
const inBrowser = {
  "Access to XMLHttpRequest": () => `io("${server.url}", ${options("polling")})`,
  "WebSocket connection to": () => `io("${server.url}", ${options("websocket")})`,
  "net::ERR_CONNECTION_REFUSED": async () => `io("${await gone()}", ${options("polling")})`,
  "404 (Not Found)": () => `io(${options("polling")})`,
};
const pattern = (text) => new RegExp(text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*"));
const shown = ([cell]) => /`([^`]+)`/.exec(cell)[1];

test("the browser's console", async (t) => {
  const rows = rowsIn(page, "In the browser's console");
  assert.equal(rows.length, Object.keys(inBrowser).length + 1);
  for (const row of rows) {
    const [, make] = Object.entries(inBrowser).find(([part]) => shown(row).includes(part)) ?? [];
    if (make) await consoleOf(t, await make(), pattern(shown(row)));
  }
  // The last: a session of a server that was restarted.
  const { status, body } = await curl(`${server.url}/socket.io/?EIO=4&transport=polling&sid=of-the-server-before`);
  assert.deepEqual([status, body.message], [400, "Session ID unknown"]);
  assert.match(shown(rows.at(-1)), /status of 400 \(Bad Request\)/);
});

test("connect_error", async (t) => {
  const past = Math.floor(Date.now() / 1000) - 100;
  const full = await Server.start({ settings: { "limits.connections_per_user": 1 } });
  const first = await connect(full.url, jwt());
  const page200 = await elsewhere(t, (_, response) => response.end("<!doctype html>"));
  const bring = {
    token_missing: () => code(server.url),
    token_invalid: () => code(server.url, "<!doctype html>"),
    token_expired: () => code(server.url, jwt({ exp: past })),
    over_limit: () => code(full.url, jwt()),
    draining: async () => {
      const ending = await Server.start({ settings: { "server.drain_ms": 3000 } });
      const kept = await connect(ending.url, jwt(), { transports: ["websocket"] });
      process.kill(ending.pid, "SIGTERM");
      await within(20000, (async () => { while ((await curl(`${ending.url}/readyz`)).status === 200); })(), "draining");
      const found = await code(ending.url, jwt());
      kept.disconnect();
      await ending.exited;
      return found;
    },
    "Invalid namespace": async () => (await refusal(`${server.url}/some/path`, jwt())).message,
    "xhr poll error": async () => (await refusal(await gone(), jwt(), { transports: ["polling"] })).message,
    "websocket error": async () => (await refusal(await gone(), jwt(), { transports: ["websocket"] })).message,
    "server error": async () => (await refusal(page200, jwt(), { transports: ["polling"] })).message,
    "One or more namespaces failed to connect": async () => (await run("/usr/bin/python3", ["-c", `
import socketio
try: socketio.Client().connect("${server.url}", auth={"token": "x"})
except socketio.exceptions.ConnectionError as failure: print(failure)`])).stdout.trim(),
  };
  const rows = rowsIn(page, "connect_error in a client").map(shown);
  assert.deepEqual(rows, Object.keys(bring));
  for (const row of rows) assert.equal(await bring[row](), row);
  first.disconnect();
  await full.stop();
});

test("disconnect", async () => {
  const other = await Server.start(), silent = await Server.start({ settings: { "engine.ping_interval_ms": 500, "engine.ping_timeout_ms": 500 } });
  const leaves = async (act, { url } = other) => {
    const socket = await connect(url, jwt(), { transports: ["websocket"] });
    const reason = next(socket, "disconnect");
    await act(socket);
    return reason.finally(() => socket.disconnect());
  };
  const bring = {
    "io server disconnect": () => leaves(() => curl(`${other.url}/api/v1/users/alice/connections`, ["-X", "DELETE", "-H", `X-API-Key: ${serviceKey}`])),
    "transport close": async () => {
      const killed = async (transports) => {
        const ending = await Server.start();
        const reason = next(await connect(ending.url, jwt(), { transports }), "disconnect");
        ending.kill();
        return reason;
      };
      assert.equal(await killed(["polling"]), "transport error");
      return killed(["websocket"]);
    },
    "ping timeout": () => leaves(() => process.kill(silent.pid, "SIGSTOP"), silent).finally(() => process.kill(silent.pid, "SIGCONT")),
    "io client disconnect": () => leaves((socket) => socket.disconnect()),
  };
  const rows = rowsIn(page, "disconnect in a client").map(shown);
  assert.deepEqual(rows, Object.keys(bring));
  for (const row of rows) assert.equal(await bring[row](), row);
  await Promise.all([other.stop(), silent.stop()]);
});

test("close codes", async () => {
  const mortal = await Server.start();
  const closed = async (act, { url } = server) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
    await once(socket, "message");
    act(socket);
    return (await within(20000, once(socket, "close"), "the close"))[0];
  };
  const bring = {
    1002: () => closed((socket) => socket._socket.write(Buffer.from([0x81, 0x01, 0x34]))),
    1005: () => closed((socket) => socket.send("no packet")),
    1006: () => closed(() => mortal.kill(), mortal),
    1007: () => closed((socket) => socket._socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]))),
    1009: () => closed((socket) => socket.send("4" + "x".repeat(5000))),
  };
  const rows = rowsIn(page, "WebSocket close codes").map(shown);
  assert.deepEqual(rows, Object.keys(bring));
  for (const row of rows) assert.equal(await bring[row](), Number(row));
});

test("behind a proxy", async (t) => {
  const place = new Workplace(t, page);
  place.server = { url: await gone(), stop: async () => {} };
  const headers = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
  const nowhere = await nginx(t, place, proxied(place, ""));
  const behind = async (lines) => { const one = new Workplace(t, page); one.server = { url: server.url, stop: async () => {} }; return nginx(t, one, proxied(one, lines)); };
  const plain = await behind("proxy_set_header Host $host;");
  const bring = {
    "502 Bad Gateway": async () => (await curl(`${nowhere}/healthz`)).body,
    "504 Gateway Time-out": async () => {
      const hasty = await behind("proxy_read_timeout 1s;");
      const { body } = await curl(`${hasty}/socket.io/?EIO=4&transport=polling`);
      return (await curl(`${hasty}/socket.io/?EIO=4&transport=polling&sid=${JSON.parse(String(body).slice(1)).sid}`)).body;
    },
    "413 Request Entity Too Large": async () => (await curl(`${await behind("client_max_body_size 1k;")}/api/v1/events`, ["--data-binary", "@-"], "x".repeat(5000))).body,
    "Unexpected server response: 400": async () => {
      (await connect(plain, jwt(), { transports: ["polling"] })).disconnect();
      const [failure] = await once(new WebSocket(`${plain.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`), "error");
      return failure.message;
    },
    403: async () => {
      const renamed = await behind(`proxy_set_header Host inner.example; ${headers}`);
      const { status, body } = await curl(`${renamed}/socket.io/?EIO=4&transport=polling`, ["-H", `Origin: ${renamed}`]);
      assert.equal(body.detail, "the origin is not allowed");
      return String(status);
    },
  };
  const rows = rowsIn(page, "Behind a proxy").map(shown);
  assert.deepEqual(new Set(rows), new Set(Object.keys(bring)));
  for (const row of rows) assert.ok(String(await bring[row]()).includes(row), row);
});

test("a command's answer", async () => {
  const slow = await Server.start({ settings: { "limits.commands_per_second": 1, "limits.commands_burst": 1 } });
  const [socket, hurried] = [await connect(server.url, jwt()), await connect(slow.url, jwt())];
  const bring = {
    forbidden: () => ask(socket, "subscribe", { room: "project:other" }),
    unknown_room: () => ask(socket, "subscribe", { room: "projects-123" }),
    bad_request: () => ask(socket, "subscrbe", { room: "project:123" }),
    rate_limited: async () => { let answer; do answer = await ask(hurried, "subscribe", { room: "project:123" }); while (answer.ok); assert.ok(answer.error.retry_after_ms > 0); return answer; },
  };
  const rows = rowsIn(page, "A command's answer").map(shown);
  assert.deepEqual(rows, Object.keys(bring));
  for (const row of rows) assert.equal((await bring[row]()).error.code, row);
  const why = await curl(`${server.url}/api/v1/access?user=alice&room=project%3Aother`, ["-H", `X-API-Key: ${serviceKey}`]);
  assert.equal(why.status, 200);
  assert.match(server.stderr, /"access refused".*"user":"alice".*"room":"project:other".*"why":/);
  await refusal(server.url, "no token");
  assert.match(server.stderr, /"connect refused".*"reason":"not three parts"/);
  socket.disconnect();
  hurried.disconnect();
  await slow.stop();
});

test("publishing", async () => {
  const good = { type: "project.updated", data: { project_id: "123", changes: {} } };
  const headers = [`Idempotency-Key: k`];
  await server.publish(good, { headers });
  const answers = [
    () => server.publish(good, { key: null, headers: ["X-API-Key: wrong"] }),
    () => server.publish(good, { key: "wrong" }),
    () => server.publish(good, { key: jwt() }),
    () => server.publish({ ...good, data: {} }),
    () => curl(`${server.url}/api/v1/events`, ["-H", `X-API-Key: ${serviceKey}`, "-d", JSON.stringify(good)]),
    () => server.publish({ ...good, data: { ...good.data, name: "another" } }, { headers }),
    () => server.publish({ ...good, data: { ...good.data, name: "x".repeat(5000) } }),
    () => server.publish(good),
  ];
  const rows = rowsIn(page, "Publishing");
  assert.equal(rows.length, answers.length);
  for (const [at, [cell]] of rows.entries()) {
    const { status, body } = await answers[at]();
    const [wanted, name] = [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);
    assert.deepEqual([String(status), body.code], [wanted, name], cell);
  }
});

test("what HTTP itself refuses", async () => {
  const hasty = await Server.start({ settings: { "http.header_timeout_ms": 300, "limits.publish_body_bytes": 2000, "http.target_bytes": 1024 } });
  const cut = async (text) => {
    const socket = connectTo(Number(new URL(hasty.url).port), "127.0.0.1");
    let all = "";
    socket.setEncoding("utf8").on("data", (part) => (all += part)).write(text);
    await within(20000, once(socket, "close"), "the end");
    return { status: Number(all.split(" ")[1]), body: JSON.parse(all.split("\r\n\r\n")[1]) };
  };
  const bring = {
    400: () => curl(`${hasty.url}/healthz`, ["-H", "Content-Length: x"]),
    408: () => cut("GET / HTTP/1.1\r\nHost:"),
    413: () => curl(`${hasty.url}/api/v1/events`, ["-H", `X-API-Key: ${serviceKey}`, "-H", "Content-Type: application/json", "--data-binary", "@-"], "x".repeat(5000)),
    414: () => curl(`${hasty.url}/healthz?${"x".repeat(2000)}`),
    431: () => curl(`${hasty.url}/healthz`, ["-H", `X: ${"x".repeat(40000)}`]),
  };
  const rows = rowsOf(page, "status");
  assert.deepEqual(rows.map(shown), Object.keys(bring));
  for (const [cell] of rows) {
    const [status, detail] = [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);
    const { status: got, body } = await bring[status]();
    assert.deepEqual([String(got), body.code], [status, undefined], cell);
    if (detail) assert.equal(body.detail, detail);
  }
  await hasty.stop();
});

test("nothing comes, or twice", async () => {
  const socket = io(server.url, { auth: { token: jwt() }, forceNew: true, reconnectionDelay: 10, transports: ["websocket"] });
  const came = [];
  const publish = () => server.publish({ type: "project.updated", data: { project_id: "123", changes: {} } });
  const settled = () => ask(socket, "ping", {});
  const again = async () => { const back = next(socket, "connection.established"); socket.io.engine.close(); await back; };
  await next(socket, "connection.established");
  socket.on("project.updated", () => came.push("once"));
  await publish(); await settled();
  assert.equal(came.length, 0, "not subscribed");
  await ask(socket, "subscribe", { room: "project:123" });
  await publish(); await settled();
  assert.equal(came.length, 1);
  await again();
  await publish(); await settled();
  assert.equal(came.length, 1, "not subscribed after the break");
  socket.on("connect", () => socket.on("project.updated", () => came.push("once more")));
  await again(); await again();
  await ask(socket, "subscribe", { room: "project:123" });
  came.length = 0;
  await publish(); await settled();
  assert.equal(came.length, 3, "one handler more for each connect");
  const answer = await ask(socket, "subscribe", { room: "project:123", since: "1zqCqIqAGhg-1" });
  assert.equal(answer.recovered, false);
  socket.disconnect();
  assert.equal(rowsIn(page, "Nothing comes, or twice").length, 4);
});

test("when the server starts", async (t) => {
  const place = new Workplace(t, page);
  const start = async (name, text, ...args) => {
    place.write(name, text);
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("FANFARE_")));
    return (await run(program, ["serve", "--config", join(place.folder, name), ...args], { env }).catch((failure) => failure)).stderr;
  };
  const kept = `${place.readme}\n[history]\npath = "kept.db"\n`;
  place.write("kept.toml", kept);
  const running = await place.serve({ config: "kept.toml" });
  const bring = [
    () => start("empty.toml", ""),
    () => start("short.toml", '[auth]\nsecret = "short"\n'),
    () => start("misspelt.toml", '[auth]\nsecrt = "short"\n'),
    () => start("port.toml", place.readme, "--listen", new URL(running.url).host),
    () => start("kept.toml", kept, "--listen", "127.0.0.1:0"),
  ];
  const rows = rowsIn(page, "When the server starts").map(shown);
  assert.equal(rows.length, bring.length);
  for (const [at, row] of rows.entries()) assert.ok((await bring[at]()).includes(row), row);
});

test("every table of the page is in a test", async () => {
  const text = await readFile(new URL(`../../${page}`, import.meta.url), "utf8");
  const own = await readFile(new URL(import.meta.url), "utf8");
  shared = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  for (const title of shared) assert.ok(own.includes(`"${title}"`), title);
});
