// docs/guide/events.md as it stands; then the types that `fanfare events` writes for schemas of pydantic, zod and TypeBox, given to
// the compilers of the three languages.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { next, subscriber } from "./client.mjs";
import { Server, jwt, program } from "./server.mjs";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url).pathname;
const schemas = `${root}tests/unit/domain/catalogue/schemas/`;
const folder = mkdtempSync(join(tmpdir(), "fanfare-own-types-"));
after(() => rmSync(folder, { recursive: true }));

const guide = readFileSync(`${root}docs/guide/events.md`, "utf8");
const blocks = new Map([...guide.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name, text]));

test("the guide's files and commands", async () => {
  assert.equal(guide.match(/^```\w/gm).length, blocks.size);
  for (const name of ["note.json", "events.toml"]) writeFileSync(join(folder, name), blocks.get(name));
  for (const name of ["check", "types"]) {
    await run("bash", ["-euc", `fanfare() { ${program} "$@"; }\n${blocks.get(name)}`], { cwd: folder });
  }
  for (const name of ["events.ts", "events.py", "events.hpp"]) assert.match(readFileSync(join(folder, name), "utf8"), /note/i, name);
  writeFileSync(join(folder, "note.json"), blocks.get("note.json").replace("project:{", "projct:{"));
  await assert.rejects(run(program, ["events", "--check", "note.json"], { cwd: folder }),
    /note\.json: at \/x-fanfare-rooms\/0: there is no such kind of room; did you mean "project"\?/);
  writeFileSync(join(folder, "note.json"), blocks.get("note.json"));

  const server = await Server.start({ args: ["-c", join(folder, "events.toml")] });
  const { socket } = await subscriber(server.url, jwt({ projects: ["1"] }), "project:1");
  const arrives = next(socket, "note.added");
  const data = { note_id: "n", project_id: "1", text: "Hello", tags: ["a"] };
  assert.equal((await server.publish({ type: "note.added", data })).status, 202);
  assert.deepEqual((await arrives).data, data);
  const refused = await server.publish({ type: "note.added", data: { ...data, tags: ["a", "a"] } });
  assert.deepEqual([refused.status, refused.body.pointer], [400, "/data/tags/1"]);
  socket.disconnect();
  await server.stop();
});

for (const tool of ["pydantic", "zod", "typebox"]) {
  const write = (name, text) => (writeFileSync(join(folder, name), text), join(folder, name));
  const events = async (format) => (await run(program, ["events", "--format", format],
    { env: { ...process.env, FANFARE_EVENTS__SCHEMAS: `${schemas}${tool}.json` }, maxBuffer: 1 << 24 })).stdout;
  const name = `Task${tool[0].toUpperCase()}${tool.slice(1)}`;

  test(`${tool}: TypeScript`, async () => {
    write(`${tool}.ts`, await events("typescript"));
    const file = write(`use_${tool}.ts`, `import type { ${name} } from "./${tool}.js";
      const task: ${name} = { task_id: "t", priority: "low", state: "open", tags: ["a"], notes: [{ text: "x", pinned: true }], estimate: "1h", level: 2 };
      export const texts: string[] = task.notes.map((note) => note.text);
      export const nobody: ${name} = { ...task, estimate: 3 };
      // @ts-expect-error: no such priority
      export const wrong: ${name} = { ...task, priority: "urgent" };
      // @ts-expect-error: no such level
      export const level: ${name} = { ...task, level: 3 };
      // @ts-expect-error: a note has a text
      export const empty: ${name} = { ...task, notes: [{}] };
      // @ts-expect-error: it may be missing
      export const assignee: string = task.assignee;
    `);
    await run(process.execPath, [`${root}sdk/typescript/node_modules/typescript/bin/tsc`, "--strict", "--noEmit", "--skipLibCheck",
      "--target", "es2022", "--module", "nodenext", file]).catch((failure) => assert.fail(failure.stdout));
  });

  test(`${tool}: Python`, async () => {
    write(`${tool}_events.py`, await events("python"));
    const method = `broadcast_task_${tool}`;
    const file = write(`use_${tool}.py`, `from ${tool}_events import BroadcastMixin

async def right(to: BroadcastMixin) -> None:
    await to.${method}(task_id="t", priority="low", state="open", tags=["a"], notes=[{"text": "x"}], estimate="1h", level=2, assignee=None)

async def wrong(to: BroadcastMixin) -> None:
    await to.${method}(task_id="t", priority="urgent", state="open", tags=["a"], notes=[], estimate=1, level=1)  # type: ignore[arg-type]
    await to.${method}(task_id="t", priority="low", state="open", tags=[1], notes=[], estimate=1, level=1)  # type: ignore[list-item]
    await to.${method}(task_id="t", priority="low", state="open", tags=[], notes=[], estimate=1, level=3)  # type: ignore[arg-type]
`);
    await run(`${root}build/venv/bin/python`, ["-m", "mypy", "--strict", "--cache-dir", "/dev/null", file], { cwd: folder })
      .catch((failure) => assert.fail(failure.stdout + failure.stderr));
  });

  test(`${tool}: C++`, async () => {
    write(`${tool}_events.hpp`, await events("cpp"));
    const struct = `task_${tool}`;
    const file = write(`use_${tool}.cpp`, `#include "${tool}_events.hpp"
      using namespace fanfare::events;
      fanfare::object right() {
        return ${struct}{.task_id = "t", .priority = task_priority::low, .state = task_state::open, .tags = fanfare::array{"a"},
          .notes = fanfare::array{}, .estimate = "1h", .level = ${tool === "pydantic" ? 2 : "2.0"}}.data();
      }
      template <class Event>
      concept takes_a_number = requires { Event{.task_id = 7}; };
      static_assert(!takes_a_number<${struct}>);
    `);
    await run("c++", ["-std=c++20", "-fsyntax-only", `-I${root}sdk/cpp/include`, `-I${root}include`, `-I${folder}`, file])
      .catch((failure) => assert.fail(failure.stderr));
  });
}
