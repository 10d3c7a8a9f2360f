// HTTP by hand against engineio-echo: what must be refused, what must not be read as a second request, what must work.
import assert from "node:assert/strict";
import { suite } from "./fixture.mjs";

const target = "/engine.io/?EIO=4&transport=polling";
const handshake = `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

suite("engineio-echo", async (server, it) => {
  const session = async () => JSON.parse((await server.ask(handshake)).body.slice(1)).sid;
  /** One answer with that status, then the end: nothing behind it was taken for a request. */
  const refused = async (text, statuses = [400]) => {
    const connection = await server.raw();
    connection.write(text);
    const answer = await connection.answer();
    assert.ok(statuses.includes(answer.status), `${answer.status} to ${JSON.stringify(text.slice(0, 120))}`);
    assert.equal((await connection.rest()).toString(), "", JSON.stringify(text.slice(0, 120)));
  };
  const post = (fields, body, version = "1.1") => `POST ${target} HTTP/${version}\r\nHost: x\r\n${fields}\r\n\r\n${body}`;
  const hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

  await it("refuses requests whose length is in doubt", async () => {
    const bodies = [
      post("Content-Length: 5\r\nContent-Length: 6", "hello" + hidden),
      post("Content-Length: 5, 6", "hello" + hidden),
      post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked, identity", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: xchunked", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding: \x0bchunked", "0\r\n\r\n" + hidden),
      post("Transfer-Encoding : chunked", "0\r\n\r\n" + hidden),
      post("Content-Length : 5", "hello" + hidden),
      post("Content-Length: +5", "hello" + hidden),
      post("Content-Length: -1", hidden),
      post("Content-Length: 0x5", "hello" + hidden),
      post("Content-Length: 5 5", "hello" + hidden),
      post("Content-Length: 99999999999999999999999", hidden),
      post("Content-Length:", hidden),
      post("Transfer-Encoding: chunked", "5;\nhello\r\n0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked", "0x5\r\nhello\r\n0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked", "-1\r\nhello\r\n0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked", "ffffffffffffffff1\r\n" + hidden),
      post("Transfer-Encoding: chunked", "5\r\nhelloXX0\r\n\r\n" + hidden),
      post("Transfer-Encoding: chunked", "0\r\n\r\n" + hidden, "1.0"),
    ];
    for (const text of bodies) await refused(text, [400, 413, 501]);
  });
  await it("refuses requests that are not well formed", async () => {
    const texts = [
      handshake.replaceAll("\r\n", "\n") + hidden,
      `GET ${target} HTTP/1.1\nHost: x\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\nX: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\rX: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x/y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n` + hidden,
      `GET  ${target} HTTP/1.1\r\nHost: x\r\n\r\n` + hidden,
      `GET ${target}  HTTP/1.1\r\nHost: x\r\n\r\n` + hidden,
      `GET ${target}\r\nHost: x\r\n\r\n` + hidden,
      `GET ${target} HTTP/1.1.1\r\nHost: x\r\n\r\n` + hidden,
      `GET ${target} http/1.1\r\nHost: x\r\n\r\n` + hidden,
      `G@T ${target} HTTP/1.1\r\nHost: x\r\n\r\n` + hidden,
      "\0\x01\x02\x03\r\n\r\n",
    ];
    for (const text of texts) await refused(text, [400, 505]);
  });
  await it("bounds headers and targets", async () => {
    await refused(`GET /${"a".repeat(100000)} HTTP/1.1\r\nHost: x\r\n\r\n`, [400, 414, 431]);
    await refused(`GET ${target} HTTP/1.1\r\nHost: x\r\nX: ${"a".repeat(100000)}\r\n\r\n`, [400, 431]);
    await refused(`GET ${target} HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(5000)}\r\n`, [400, 431]);
  });
  await it("keeps connections alive, and closes where it is asked to", async () => {
    const connection = await server.raw();
    for (let i = 0; i < 5; ++i) {
      connection.write(handshake);
      assert.equal((await connection.answer()).status, 200);
    }
    connection.write(handshake.replace("Host: x", "Host: x\r\nConnection: close"));
    const last = await connection.answer();
    assert.deepEqual([last.status, last.headers.connection], [200, "close"]);
    assert.equal((await connection.rest()).length, 0);
    const old = await server.raw();
    old.write(`GET ${target} HTTP/1.0\r\n\r\n`);
    assert.equal((await old.answer()).status, 200);
    assert.equal((await old.rest()).length, 0);
  });
  await it("answers pipelined requests in their order", async () => {
    const connection = await server.raw();
    connection.write(handshake + "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + handshake.replace("EIO=4", "EIO=9") + handshake);
    const statuses = [];
    for (let i = 0; i < 4; ++i) statuses.push((await connection.answer()).status);
    assert.deepEqual(statuses, [200, 404, 400, 200]);
    connection.close();
  });
  await it("reads requests however they are split", async () => {
    const connection = await server.raw();
    for (const byte of handshake) connection.write(byte);
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });
  await it("reads chunked bodies", async () => {
    const sid = await session();
    const to = (body, fields = "") => `POST ${target}&sid=${sid} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${fields}\r\n${body}`;
    const connection = await server.raw();
    connection.write(to("3\r\n4he\r\n3;ext=1\r\nllo\r\n0\r\n\r\n"));
    assert.equal((await connection.answer()).body, "ok");
    connection.write(to("A\r\n4012345678\r\n0\r\nTrailer: x\r\n\r\n", "Trailer: Trailer\r\n"));
    assert.equal((await connection.answer()).body, "ok");
    connection.write(`GET ${target}&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal((await connection.answer()).body, "4hello\x1e4012345678");
    connection.close();
  });
  await it("continues when asked to", async () => {
    const sid = await session();
    const connection = await server.raw();
    connection.write(`POST ${target}&sid=${sid} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    assert.equal((await connection.head()).status, 100);
    connection.write("4a");
    assert.equal((await connection.answer()).body, "ok");
    connection.close();
  });
  await it("answers preflights, OPTIONS and HEAD", async () => {
    const preflight = await server.ask(`OPTIONS ${target} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n` +
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-custom\r\n\r\n");
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers["access-control-allow-origin"], "*");
    assert.match(preflight.headers["access-control-allow-methods"], /POST/);
    assert.match(preflight.headers["access-control-allow-headers"], /x-custom/i);
    const connection = await server.raw();
    connection.write("HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.equal((await connection.answer({ bodiless: true })).status, 404);
    connection.write(handshake);
    assert.equal((await connection.answer()).status, 200);
    connection.close();
  });
  await it("names what it does not have", async () => {
    for (const method of ["GET", "POST", "DELETE"]) {
      const answer = await server.ask(`${method} /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      assert.equal(answer.status, 404);
    }
    const cross = await server.ask(handshake.replace("Host: x", "Host: x\r\nOrigin: http://a.example"));
    assert.equal(cross.headers["access-control-allow-origin"], "*");
    assert.equal(cross.headers["content-type"], "text/plain; charset=UTF-8");
    assert.equal(cross.headers["cache-control"], "no-store");
  });
  await it("refuses a body past the bound before it comes", () =>
    refused(post("Content-Length: 100000000", ""), [413]));
  await it("refuses WebSocket handshakes that are not", async () => {
    const ask = (fields, method = "GET", version = "1.1") => server.ask(
      `${method} /engine.io/?EIO=4&transport=websocket HTTP/${version}\r\nHost: x\r\n${fields}\r\n\r\n`);
    const good = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
    const text = (fields) => Object.entries(fields).map(([name, content]) => `${name}: ${content}`).join("\r\n");
    for (const wrong of [{ Connection: "close" }, { Upgrade: "h2c" }, { "Sec-WebSocket-Key": "short" }, { "Sec-WebSocket-Key": "" }]) {
      assert.equal((await ask(text({ ...good, ...wrong }))).status, 400, JSON.stringify(wrong));
    }
    const version = await ask(text({ ...good, "Sec-WebSocket-Version": "12" }));
    assert.ok([400, 426].includes(version.status));
    assert.equal((await ask(text(good), "POST")).status, 400);
  });
});
