// An identity provider: signing keys, and the endpoint that serves their set over HTTP or HTTPS.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { after } from "node:test";
import { jwt } from "./server.mjs";

/**
 * A key set at a URL: `keys` are what it serves, `fetches` how often it was asked, `status` what it answers with. With `tls`
 * ({cert, key}) over HTTPS, as `host`; `/hook` answers {"allow": true} and counts `asked`.
 */
export async function keySet(keys, { tls, host = "127.0.0.1" } = {}) {
  const set = { keys, fetches: 0, asked: 0, status: 200 };
  const answer = (request, response) => {
    if (request.url === "/hook") {
      ++set.asked;
      response.writeHead(200, { "content-type": "application/json" });
      return response.end('{"allow":true}');
    }
    ++set.fetches;
    response.writeHead(set.status, { "content-type": "application/jwk-set+json" });
    response.end(JSON.stringify({ keys: set.keys.map(({ jwk }) => jwk) }));
  };
  const listener = tls ? createSecureServer(tls, answer) : createServer(answer);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  set.close = () => { listener.closeAllConnections(); listener.close(); };
  after(set.close);
  set.origin = `${tls ? "https" : "http"}://${host}:${listener.address().port}`;
  set.url = set.origin + "/jwks.json";
  return set;
}

export function keyPair(kid) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
  return { jwk, token: (claims = {}) => jwt(claims, { header: { alg: "RS256", typ: "JWT", kid }, key: privateKey }) };
}
