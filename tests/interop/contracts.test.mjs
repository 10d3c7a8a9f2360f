// The machine-readable contracts, read by the validators that others use: the AsyncAPI and OpenAPI parsers and Ajv for
// JSON Schema 2020-12. Examples and what is really sent are held to the same schemas.
import SwaggerParser from "@apidevtools/swagger-parser";
import { Parser } from "@asyncapi/parser";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { next, subscriber } from "./client.mjs";
import { Server, curl, program } from "./server.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "fanfare-contracts-"));
after(() => rmSync(folder, { recursive: true }));
const own = join(folder, "deploy.finished.json");
writeFileSync(own, JSON.stringify({
  title: "deploy.finished", description: "A deployment's own type.", type: "object", required: ["project_id"],
  properties: { project_id: { type: "string" }, took_ms: { type: "integer", minimum: 0 } },
  examples: [{ project_id: "p1", took_ms: 12 }], "x-fanfare-rooms": ["project:{project_id}"],
}));

let server;
before(async () => { server = await Server.start({ settings: { "events.schemas": own } }); });
after(() => server.stop());

const document = async (path) => {
  const { status, body } = await curl(server.url + path);
  assert.equal(status, 200, path);
  return body;
};
const printed = async (format) =>
  (await run(program, ["events", "--format", format], { env: server.env, maxBuffer: 1 << 24 })).stdout;

function ajv() {
  const made = new Ajv2020({ strict: true, allErrors: true });
  (formats.default ?? formats)(made);
  for (const name of ["type", "rooms", "conflate", "kept"]) made.addKeyword(`x-fanfare-${name}`);
  return made;
}

const envelope = (type, data) => ({
  specversion: "1.0", id: "e1", type, source: "/tests", subject: "global", time: "2026-01-02T03:04:05.678Z", data, cursor: "c-1",
});

/** The parser's diagnostics that are errors or warnings. */
async function asyncapiFaults(text) {
  const { diagnostics } = await new Parser().parse(text);
  return diagnostics.filter(({ severity }) => severity <= 1).map(({ message, path }) => `${path.join("/")}: ${message}`);
}

test("asyncapi.json is AsyncAPI 3.0, served and printed alike", async () => {
  const served = await document("/api/v1/asyncapi.json");
  assert.match(served.asyncapi, /^3\./);
  assert.deepEqual(await asyncapiFaults(JSON.stringify(served)), []);
  assert.deepEqual(JSON.parse(await printed("asyncapi")), served);
  const parsed = (await new Parser().parse(JSON.stringify(served))).document;
  const names = parsed.allMessages().all().map((message) => message.name());
  for (const name of ["pr.created", "connection.error", "deploy.finished", "subscribe"]) assert.ok(names.includes(name), name);
  delete served.info.version;
  assert.notDeepEqual(await asyncapiFaults(JSON.stringify(served)), [], "the validator must see a fault");
});

test("openapi.json is OpenAPI 3.1", async () => {
  const served = await document("/api/v1/openapi.json");
  assert.match(served.openapi, /^3\.1\./);
  await SwaggerParser.validate(structuredClone(served));
  for (const path of ["/api/v1/events", "/webhooks/github", "/api/v1/rooms/{room}/history"]) assert.ok(served.paths[path], path);
  delete served.info.version;
  await assert.rejects(SwaggerParser.validate(served), "the validator must see a fault");
});

test("every type's schema takes its example and refuses each missing member", async () => {
  const bundle = JSON.parse(await printed("json-schema"));
  const whole = ajv().compile(bundle);
  const types = Object.keys(bundle.$defs);
  assert.equal(types.length, 24);
  for (const type of types) {
    const schema = await document(`/api/v1/schemas/${type}`);
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    const validate = ajv().compile(schema);
    assert.ok(schema.examples?.length > 0, `${type} has an example`);
    for (const data of schema.examples) {
      assert.ok(validate(data), `${type}: ${JSON.stringify(validate.errors)}`);
      assert.ok(whole(envelope(type, data)), `${type}: ${JSON.stringify(whole.errors)}`);
      for (const name of schema.required) {
        const { [name]: _, ...less } = data;
        assert.equal(validate(less), false, `${type} without ${name}`);
        assert.equal(whole(envelope(type, less)), false, `an envelope of ${type} without ${name}`);
      }
    }
  }
});

test("every example can be published, and arrives as its schema says", async () => {
  const bundle = JSON.parse(await printed("json-schema"));
  const whole = ajv().compile(bundle);
  const openapi = await document("/api/v1/openapi.json");
  const publishable = openapi.components.schemas.Event.properties.type.enum;
  assert.equal(publishable.length, 18);
  const token = await server.token("--sub", "alice", "--project", "*", "--agent", "*");
  const { socket } = await subscriber(server.url, token, ["project:p1", "agent:a1"]);
  assert.ok(whole(await socket.established), JSON.stringify(whole.errors));
  for (const type of publishable) {
    // ai.suggestion's example is for one user, who is another.
    const { user_id: _, ...data } = bundle.$defs[type].examples[0];
    const arrives = next(socket, type);
    const { status, body } = await server.publish({ type, data });
    assert.equal(status, 202, JSON.stringify(body));
    const event = await arrives;
    assert.deepEqual(event.data, data);
    assert.ok(whole(event), `${type}: ${JSON.stringify(whole.errors)}`);
  }
  socket.disconnect();
});
