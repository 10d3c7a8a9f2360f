// What each fixture promises and no other suite here holds to the byte: values of the handshake, frames of every answer,
// CORS, the addresses it listens on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Peer, Poller, startFixture, suite } from "./fixture.mjs";

const names = ["websocket-echo", "engineio-echo", "socketio-echo", "client-lab", "engine-lab"];
const path = (name) => (name === "engineio-echo" || name === "engine-lab" ? "/engine.io/" : "/socket.io/");
const sid = "[\\w-]{20}";
const same = (heard, patterns) => {
  assert.equal(heard.length, patterns.length, JSON.stringify(heard));
  heard.forEach((one, i) => {
    if (patterns[i] instanceof RegExp) assert.match(one, patterns[i]);
    else assert.deepEqual(one, patterns[i]);
  });
};

for (const name of names) {
  test(`${name} listens on both loopbacks and lets every origin in`, async () => {
    const server = await startFixture(name, 1, ["--listen", "localhost:0"]);
    for (const host of ["127.0.0.1", "[::1]"]) {
      const peer = new Peer(`ws://${host}:${server.port}${path(name)}?EIO=4&transport=websocket`);
      await peer.opened;
      peer.close();
      const answer = await fetch(`http://${host}:${server.port}${path(name)}?EIO=4&transport=polling`, {
        method: name === "websocket-echo" ? "OPTIONS" : "GET",
        headers: { Origin: "http://elsewhere.example", "Access-Control-Request-Method": "GET" },
      });
      assert.ok(answer.ok, `${answer.status}`);
      assert.equal(answer.headers.get("access-control-allow-origin"), "*");
      await answer.arrayBuffer();
    }
    await server.stop();
  });
}

suite("websocket-echo", async (server, it) => {
  await it("knows every path and no Engine.IO", async () => {
    for (const where of ["/", "/chat/1", "/engine.io/?EIO=4&transport=websocket", "/socket.io/?EIO=4&transport=websocket"]) {
      const peer = new Peer(`${server.ws}${where}`);
      peer.socket.once("open", () => peer.send("2", Buffer.from([0, 255]), ""));
      same(await peer.take(3), ["2", Buffer.from([0, 255]), ""]);
      peer.close();
    }
    const plain = await fetch(`${server.http}/engine.io/?EIO=4&transport=polling`);
    assert.ok(plain.status >= 400 && plain.status < 500);
    assert.doesNotMatch(await plain.text(), /sid/);
  });
});

suite("engine-lab", async (server, it) => {
  const open = new RegExp(`^0\\{"sid":"${sid}","upgrades":\\[\\],"pingInterval":500,"pingTimeout":20000,"maxPayload":100\\}$`);
  await it("opens, greets and answers over WebSocket", async () => {
    const peer = new Peer(`${server.ws}/engine.io/?EIO=4&transport=websocket`);
    peer.skipPings = true;
    same(await peer.take(2), [open, "4hi"]);
    peer.send("4give binary", "4give utf8", "4sendHeaders", Buffer.from([9, 0]), "4give");
    const heard = await peer.take(5);
    const headers = JSON.parse(heard[2].slice(1));
    assert.deepEqual([headers.host, headers.upgrade], [`127.0.0.1:${server.port}`, "websocket"]);
    same(heard, [Buffer.from([0, 1, 2, 3, 4]), "4пойду спать всем спокойной ночи", /^4\{/, Buffer.from([9, 0]), "4give"]);
    peer.send("4" + "x".repeat(99));
    assert.equal(await peer.next(), "4" + "x".repeat(99));
    peer.send("4" + "x".repeat(100));
    assert.deepEqual(await peer.end(), { code: 1009, reason: "" });
  });
  await it("opens, greets and answers by polling", async () => {
    const one = await new Poller(server, "/engine.io/").open();
    assert.deepEqual({ ...one.handshake, sid: "" },
      { sid: "", upgrades: ["websocket"], pingInterval: 500, pingTimeout: 20000, maxPayload: 100 });
    const heard = [];
    const take = async (count) => {
      while (heard.length < count) {
        const { status, body } = await one.get();
        assert.equal(status, 200);
        for (const packet of body.split("\x1e")) {
          if (packet === "2") await one.post("3");
          else heard.push(packet);
        }
      }
      return heard.splice(0, count);
    };
    same(await take(1), ["4hi"]);
    await one.post("4give binary\x1e4give utf8\x1ebCQA=\x1e4sendHeaders", { "X-Of-This-Post": "yes" });
    const answers = await take(4);
    assert.equal(JSON.parse(answers[3].slice(1))["x-of-this-post"], "yes");
    same(answers.slice(0, 3), ["bAAECAwQ=", "4пойду спать всем спокойной ночи", "bCQA="]);
    assert.deepEqual(await one.post("4" + "€".repeat(33)), { status: 200, body: "ok" }, "100 bytes in 34 characters");
    same(await take(1), ["4" + "€".repeat(33)]);
    assert.deepEqual(await one.post("4" + "€".repeat(34)), { status: 413, body: "" });
    assert.deepEqual(await one.get(), { status: 400, body: '{"code":1,"message":"Session ID unknown"}' });
  });
  await it("sets a cookie that expires now", async () => {
    const answer = await fetch(`${server.http}/engine.io/?EIO=4&transport=polling`);
    const expires = /, 4=4; Expires=(.*)$/.exec(answer.headers.get("set-cookie"))[1];
    assert.ok(Math.abs(Date.parse(expires) - Date.now()) < 60000, expires);
  });
});

suite("client-lab", async (server, it) => {
  const offset = "[\\w-]+\\.\\d+";
  const event = (text) => new RegExp(`^42${text.replace(/[[\](){}.$]/g, "\\$&")},"${offset}"\\]$`);
  const open = async (query = "") => {
    const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket${query}`);
    peer.skipPings = true;
    same([await peer.next()],
      [new RegExp(`^0\\{"sid":"${sid}","upgrades":\\[\\],"pingInterval":2000,"pingTimeout":20000,"maxPayload":1000000\\}$`)]);
    return peer;
  };
  const connect = async (nsp = "", query = "") => {
    const peer = await open(query);
    peer.send(`40${nsp}`);
    same([await peer.next()], [new RegExp(`^40${nsp}\\{"sid":"${sid}","pid":"${sid}"\\}$`)]);
    return peer;
  };
  const mark = '{"_placeholder":true,"num":0}';
  const bytes = Buffer.from("asdfasdf");

  await it("answers in these frames", async () => {
    const peer = await connect();
    const iso = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z";
    const dated = (text) => new RegExp(`^42\\["${text.replace("#", iso)},"${offset}"\\]$`);
    const talk = async (sent, expected) => {
      peer.send(...sent);
      same(await peer.take(expected.length), expected);
    };
    await talk(['42["hi"]'], [event('["hi"')]);
    await talk(['421["echo",{"a":[1,null]}]', '422["echo"]'], ['431[{"a":[1,null]}]', "432[null]"]);
    await talk(['42["ack"]'], ['420["ack"]']);
    await talk(['430[5,{"test":true}]'], [event('["got it"')]);
    await talk(['42["ack"]'], ['421["ack"]']);
    await talk(['431[5,{"test":false}]', '423["getAckDate",{"test":true}]'], [new RegExp(`^433\\["${iso}"\\]$`)]);
    await talk(['42["getDate"]', '42["getDateObj"]'], [dated('takeDate","#"'), dated('takeDateObj",\\{"date":"#"\\}')]);
    const texts = ["てすと", "Я Б Г Д Ж Й", "Ä ä Ü ü ß", "utf8 — string", "utf8 — string"];
    await talk(['42["getUtf8"]'], texts.map((text) => event(`["takeUtf8","${text}"`)));
    await talk(['42["false"]'], [event('["false",false')]);
    for (const [sent, name] of [["doge", "doge"], ["getbin", "takebin"]]) {
      await talk([`42["${sent}"]`], [new RegExp(`^451-\\["${name}",\\{"_placeholder":true,"num":0\\},"${offset}"\\]$`), bytes]);
    }
    await talk(['424["getId"]'], [new RegExp(`^434\\["${sid}"\\]$`)]);
    await talk(['425["getHandshake"]'], [/^435\[\{"headers":\{.*"url":"\/socket\.io\/\?EIO=4&transport=websocket","query":\{"EIO":"4","transport":"websocket"\},"auth":\{\}\}\]$/]);
    await talk(['426["unknown"]', '42["unknown",1]', '427["echo",0]'], ["437[0]"]);
    peer.close();
  });
  await it("tells binary from what is not", async () => {
    const peer = await connect();
    const silent = ['42["buffa","text"]', '42["blob",1]', '42["jsonbuff",{"hello":"lol","message":"x","goodbye":"gotcha"}]',
      '42["abuff1","x"]', '42["abuff2","second"]', '42["blob1","x"]', '42["blob2","second"]', '42["getUtf8x"]'];
    peer.send(...silent, `451-["blob3",${mark}]`, bytes, `451-["jsonblob",{"hello":"no","message":${mark},"goodbye":"gotcha"}]`, bytes,
      '421["echo",1]');
    same(await peer.take(1), ["431[1]"]);
    const answered = [["buffa", mark, "buffack"], ["blob", mark, "back"],
      ["jsonbuff", `{"hello":"lol","message":${mark},"goodbye":"gotcha"}`, "jsonbuff-ack"],
      ["jsonblob", `{"hello":"lol","message":${mark},"goodbye":"gotcha"}`, "jsonblob-ack"]];
    for (const [name, data, answer] of answered) {
      peer.send(`451-["${name}",${data}]`, bytes);
      same(await peer.take(1), [event(`["${answer}"`)]);
    }
    peer.send(`451-["abuff1",${mark}]`, bytes, '42["abuff2","please arrive second"]');
    same(await peer.take(1), [event('["abuff2-ack"')]);
    peer.send(`451-["blob1",${mark}]`, bytes, '42["blob2","second"]', `451-["blob3",${mark}]`, bytes);
    same(await peer.take(1), [event('["blob3-ack"')]);
    peer.close();
  });
  await it("has its namespaces, silent but for their own", async () => {
    for (const nsp of ["/timeout_socket,", "/valid,", "/asd,", "/foo,"]) {
      const peer = await connect(nsp);
      peer.send(`42${nsp}["hi"]`, `42${nsp}1["echo",1]`, "40");
      same([await peer.next()], [/^40\{/]);
      peer.close();
    }
    const foo = await connect("/foo,");
    foo.send('42/foo,5["getId"]');
    same([await foo.next()], [new RegExp(`^43/foo,5\\["${sid}"\\]$`)]);
    foo.close();
    const abc = await connect("/abc,", "&%26a=%26%3D%3Fa&b=1+2");
    const said = JSON.parse((await abc.next()).slice("42/abc,".length));
    assert.deepEqual([said[0], said[1].query], ["handshake", { EIO: "4", transport: "websocket", "&a": "&=?a", b: "1 2" }]);
    assert.deepEqual([said[1].auth, said[1].xdomain, said[1].secure], [{}, false, false]);
    abc.close();
  });
  await it("rejects in Node's words", async () => {
    const no = await open();
    no.send("40/no,");
    same([await no.next()], ['44/no,{"message":"Auth failed (custom namespace)"}']);
    no.close();
    const fail = await open("&fail=1");
    fail.send("40");
    same([await fail.next()], ['44{"message":"Auth failed (main namespace)"}']);
    fail.close();
  });
});

suite("socketio-echo", async (server, it) => {
  await it("gives /custom its auth and nothing else", async () => {
    const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    peer.skipPings = true;
    await peer.next();
    peer.send('40/custom,{"token":"x"}');
    same(await peer.take(2), [new RegExp(`^40/custom,\\{"sid":"${sid}"\\}$`), '42/custom,["auth",{"token":"x"}]']);
    peer.send('42/custom,["message",1]', '42/custom,1["message-with-ack",1]', '42/custom,["get-binary"]', "40");
    same(await peer.take(2), [new RegExp(`^40\\{"sid":"${sid}"\\}$`), '42["auth",{}]']);
    peer.send("40/x");
    same(await peer.take(1), ['44/x,{"message":"Invalid namespace"}']);
    peer.close();
  });
  await it("carries to a room, the sender included only while it is in it", async () => {
    const peer = new Peer(`${server.ws}/socket.io/?EIO=4&transport=websocket`);
    peer.skipPings = true;
    await peer.next();
    peer.send("40");
    await peer.take(2);
    peer.send('42["to-room","r",1]', '421["join","r"]', '42["to-room","r",{"a":[2]}]', '422["leave","r"]', '42["to-room","r",3]', '42["message"]');
    same(await peer.take(4), ["431[]", '42["room-msg",{"a":[2]}]', "432[]", '42["message-back"]']);
    peer.send('42["close-transport"]');
    assert.deepEqual(await peer.end(), { code: 1005, reason: "" });
  });
});
