// The same exchanges with our fixtures and with Node's own servers, and what differs must stand in a table here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Peer, startFixture, startReference } from "./fixture.mjs";

const compared = ["content-type", "cache-control", "access-control-allow-origin", "set-cookie"];
/** What differs on purpose, and why. */
const chosen = [
  { exchange: "refusal of transport=websocket", why: "Node upgrades before it looks at EIO, and closes; we refuse with its code and message" },
  { exchange: "OPTIONS", why: "Node answers a preflight only with the headers of its cors package; status alone is compared" },
];

const clean = (text) => String(text).replace(/"sid":"[^"]*"/g, '"sid":""').replace(/Expires=[^;]*GMT/g, "Expires=");

async function http(server, method, target, { body, headers = "" } = {}) {
  const length = body === undefined ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  const answer = await server.ask(`${method} ${target} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n${headers}${length}\r\n${body ?? ""}`);
  const fields = Object.fromEntries(compared.map((name) => [name, answer.headers[name] && clean(answer.headers[name])]));
  return { status: answer.status, body: clean(answer.body), ...fields };
}

async function both(name, script) {
  const [ours, nodes] = await Promise.all([startFixture(name, 2), startReference(name)]);
  const [a, b] = await Promise.all([script(ours), script(nodes)]);
  for (const [what, outcome] of Object.entries(b)) {
    if (!chosen.some((one) => one.exchange === what)) assert.deepEqual(a[what], outcome, `${name}: ${what}`);
  }
  assert.deepEqual(Object.keys(a), Object.keys(b));
  await ours.stop();
  nodes.child.kill();
}

for (const [name, path] of [["engineio-echo", "/engine.io/"], ["engine-lab", "/engine.io/"], ["socketio-echo", "/socket.io/"]]) {
  test(`${name} over polling`, { timeout: 60000 }, () => both(name, async (server) => {
    const seen = {};
    const polling = `${path}?EIO=4&transport=polling`;
    const open = async () => JSON.parse((await server.ask(`GET ${polling} HTTP/1.1\r\nHost: x\r\n\r\n`)).body.slice(1)).sid;
    const first = name === "engine-lab" ? 1 : 0;
    seen["the handshake"] = await http(server, "GET", polling);
    for (const query of ["", "EIO=4", "EIO=4&transport=abc", "EIO=abc&transport=polling", "EIO=5&transport=polling", "EIO=4&transport=polling&sid=none",
      "EIO=4&transport=websocket", "EIO=4&transport=websocket&sid=none", "EIO=4&transport=polling&b64=1&x=%zz"]) {
      seen[`GET ${query}`] = await http(server, "GET", `${path}?${query}`);
    }
    for (const method of ["POST", "PUT", "DELETE"]) seen[`${method} without a session`] = await http(server, method, polling, { body: "" });
    const sid = await open();
    if (first) seen["the greeting"] = await http(server, "GET", `${polling}&sid=${sid}`);
    const bodies = path === "/engine.io/" ? ["4hello", "4a\x1e4b\x1ebAQIDBA==", "4€"] : ["40", '42["message",1]\x1e42["message",{"a":[]}]'];
    for (const body of bodies) {
      seen[`POST ${body}`] = await http(server, "POST", `${polling}&sid=${sid}`, { body, headers: "Content-Type: text/plain;charset=UTF-8\r\n" });
      let answer = await http(server, "GET", `${polling}&sid=${sid}`);
      const packets = [];
      // How many packets one poll takes is a matter of timing; their order is not.
      const wanted = body === "40" ? 2 : body.split("\x1e").length;
      for (;;) {
        packets.push(...answer.body.split("\x1e").filter((packet) => packet !== "2"));
        if (packets.length >= wanted) break;
        answer = await http(server, "GET", `${polling}&sid=${sid}`);
      }
      seen[`echo of ${body}`] = { ...answer, body: packets };
    }
    seen["POST that closes"] = await http(server, "POST", `${polling}&sid=${sid}`, { body: "1" });
    seen["GET after the close"] = await http(server, "GET", `${polling}&sid=${sid}`);
    const other = await open();
    seen["POST of what cannot be read"] = await http(server, "POST", `${polling}&sid=${other}`, { body: "abc" });
    seen["GET after that"] = await http(server, "GET", `${polling}&sid=${other}`);
    seen["OPTIONS"] = (await http(server, "OPTIONS", polling, { headers: "Access-Control-Request-Method: POST\r\n" })).status;
    return seen;
  }));
}

test("engineio-echo over WebSocket", { timeout: 60000 }, () => both("engineio-echo", async (server) => {
  const seen = {};
  const url = `${server.ws}/engine.io/?EIO=4&transport=websocket`;
  const peer = new Peer(url);
  seen.open = clean(await peer.next());
  peer.send("4hello", Buffer.from([1, 2]), "4");
  seen.echoes = await peer.take(3);
  peer.send("1");
  seen["the close"] = await peer.end();
  for (const sent of ["abc", "", "2"]) {
    const wrong = new Peer(url);
    await wrong.next();
    wrong.send(sent);
    seen[`the end after "${sent}"`] = await wrong.end();
  }
  const large = new Peer(url);
  await large.next();
  large.send("4" + "x".repeat(1000000));
  seen["the end after too much"] = await large.end();
  for (const query of ["EIO=4&transport=abc", "transport=websocket", "EIO=4&transport=websocket&sid=none"]) {
    const refused = new Peer(`${server.ws}/engine.io/?${query}`);
    seen[`refusal of ${query}`] = await Promise.race([refused.refused, refused.end()]);
    refused.close();
  }
  return seen;
}));

test("socketio-echo over WebSocket", { timeout: 60000 }, () => both("socketio-echo", async (server) => {
  const seen = {};
  const talk = async (sent, answers) => {
    const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    peer.skipPings = true;
    await peer.next();
    // Node takes events only after its answer to CONNECT.
    peer.send(sent[0]);
    const heard = await peer.take(2);
    peer.send(...sent.slice(1));
    heard.push(...await peer.take(answers - 2));
    heard.forEach((one, i) => { if (typeof one === "string") heard[i] = clean(one); });
    peer.close();
    return heard;
  };
  const mark = '{"_placeholder":true,"num":0}';
  seen.connects = await talk(["40", '40/custom,{"token":"x"}', "40/none"], 5).then((all) => all.sort());
  seen.events = await talk(["40", '42["message",1,"2",{"3":[true]}]', '42["nobody"]', '4212["message-with-ack",[],null]'], 4);
  seen.binary = await talk(["40", `451-["message",${mark}]`, Buffer.from([1]), `451-7["message-with-ack",${mark}]`, Buffer.from([2]), '42["get-binary"]'], 8);
  seen.rooms = await talk(["40", '421["join","r"]', '42["to-room","r",{"a":1}]', '422["leave","r"]', '42["to-room","r",2]', '42["message","end"]'], 6);
  for (const sent of [["4abc"], ["40", "40"], ['42["message"]'], ["40", "42{}"], ["40", '42["close-transport"]'], ["40", "46"]]) {
    const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    await peer.next();
    peer.send(sent[0]);
    if (sent.length > 1) await peer.take(2);
    peer.send(...sent.slice(1));
    seen[`the end after ${sent}`] = await peer.end();
  }
  return seen;
}));
