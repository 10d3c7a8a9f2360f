// A form made of an event type's JSON Schema. What the schema asks of a field that no control can hold (an object, a list of
// anything) is written as JSON.
import { useEffect, useState } from "preact/hooks";
import { call, Failure, session } from "./session.js";
import { useStore } from "./store.js";

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  description?: string;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  examples?: unknown[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}
type Texts = Record<string, string>;
interface OpenApi { components: { schemas: { Event: { properties: { type: { enum: string[] } } } } } }

function kindOf(schema: Schema): string {
  if (schema.enum) return "choice";
  const types = ([] as string[]).concat(schema.type ?? []).filter((type) => type !== "null");
  if (types.length !== 1) return "json";
  return ["string", "integer", "number", "boolean"].includes(types[0]!) ? types[0]! : "json";
}

function textOf(schema: Schema, content: unknown): string {
  if (content === undefined) return "";
  const kind = kindOf(schema);
  return kind === "json" ? JSON.stringify(content, null, 2) : String(content);
}

/** What the fields say together. Throws a sentence for people, with the field's name before a colon. */
function dataOf(schema: Schema, texts: Texts): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const text = texts[name] ?? "";
    if (text === "") continue; // an empty field is one that is not sent
    const kind = kindOf(field);
    if (kind === "string") data[name] = text;
    else if (kind === "integer" || kind === "number") data[name] = Number(text);
    else if (kind === "boolean") data[name] = text === "true";
    else if (kind === "choice") data[name] = field.enum!.find((each) => String(each) === text);
    else {
      try { data[name] = JSON.parse(text); } catch (fault) { throw new Error(`${name}: this is no JSON: ${(fault as Error).message}`); }
    }
  }
  return data;
}

/** The field that leads an event into the room that is listened to: what goes elsewhere would not be seen. */
function idOf(room: string): Texts {
  const [kind, id] = room.trim().split(/:(.*)/);
  return id && (kind === "project" || kind === "agent") ? { [`${kind}_id`]: id } : {};
}

function exampleFor(schema: Schema, room: string): Texts {
  const { user_id: _, ...example } = (schema.examples?.[0] ?? {}) as Record<string, unknown>;
  const texts = Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, textOf(field, example[name])]));
  return { ...texts, ...idOf(room) };
}

function written(json: string): unknown {
  try { return JSON.parse(json); } catch (fault) { throw new Error(`data: this is no JSON: ${(fault as Error).message}`); }
}

function Field({ name, schema, required, text, fault, onText }:
  { name: string; schema: Schema; required: boolean; text: string; fault: string; onText: (text: string) => void }) {
  const kind = kindOf(schema);
  const id = `data-${name}`;
  const shared = { id, required, "aria-invalid": fault ? true : undefined, "aria-describedby": fault ? `${id}-fault` : undefined } as const;
  const choices = kind === "boolean" ? ["true", "false"] : kind === "choice" ? schema.enum!.map(String) : undefined;
  const typed = (event: Event) => onText((event.currentTarget as HTMLInputElement).value);
  return (
    <div class="field">
      <label for={id}>{name}{required && <span aria-hidden="true"> *</span>}</label>
      {choices ? (
        <select {...shared} value={text} onChange={typed}><option value="">{required ? "choose" : "not sent"}</option>{choices.map((each) => <option key={each}>{each}</option>)}</select>
      ) : kind === "json" ? (
        <textarea {...shared} rows={Math.min(6, Math.max(2, text.split("\n").length))} spellcheck={false} value={text} onInput={typed} />
      ) : (
        <input {...shared} type={kind === "string" ? "text" : "number"} step={kind === "integer" ? 1 : "any"} value={text}
          min={schema.minimum} max={schema.maximum} autocomplete="off" onInput={typed} />
      )}
      {fault && <small id={`${id}-fault`} class="fault">{fault}</small>}
    </div>
  );
}

export function PublishForm({ room }: { room: string }) {
  const who = useStore(session);
  const [types, setTypes] = useState<string[]>([]);
  const [type, setType] = useState("project.updated");
  const [form, setForm] = useState<{ type: string; schema: Schema; texts: Texts }>();
  const [json, setJson] = useState<string>(); // what is written instead of the fields
  const [rooms, setRooms] = useState("");
  const [told, setTold] = useState({ text: "", field: "" });
  const [published, setPublished] = useState("");
  const failed = (failure: unknown) => setTold({ text: (failure as Error).message, field: "" });
  useEffect(() => {
    void call<OpenApi>("GET", "/api/v1/openapi.json").then((api) => setTypes(api.components.schemas.Event.properties.type.enum), failed);
  }, []);
  useEffect(() => {
    let over = false;
    void call<Schema>("GET", `/api/v1/schemas/${encodeURIComponent(type)}`).then((found) => {
      if (over) return;
      setForm({ type, schema: found, texts: exampleFor(found, room) });
      // A schema without properties of its own makes no fields.
      setJson(found.properties ? undefined : JSON.stringify(found.examples?.[0] ?? {}, null, 2));
    }, failed);
    return () => { over = true; };
  }, [type]);
  useEffect(() => setForm((before) => before && { ...before, texts: { ...before.texts, ...idOf(room) } }), [room]);
  const { schema, texts } = form?.type === type ? form : { schema: undefined, texts: {} as Texts };
  const choose = (next: string) => {
    setType(next);
    setTold({ text: "", field: "" });
    setPublished("");
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setTold({ text: "", field: "" });
    setPublished("");
    try {
      const named = rooms.split(",").map((each) => each.trim()).filter(Boolean);
      const answer = await call<{ events: { id: string }[] }>("POST", "/api/v1/events",
        { type, data: json === undefined ? dataOf(schema!, texts) : written(json), ...(named.length ? { rooms: named } : {}) });
      setPublished(`Published ${type} as ${answer.events[0]!.id}`);
    } catch (failure) {
      const message = (failure as Error).message;
      const pointer = failure instanceof Failure ? failure.pointer : "";
      const field = pointer ? /^\/(?:data\/)?([^/]+)/.exec(pointer)?.[1] ?? "" : /^([a-z_0-9]+): /.exec(message)?.[1] ?? "";
      setTold({ text: pointer ? `${message} (${pointer})` : message, field });
    }
  };
  const turn = () => {
    setTold({ text: "", field: "" });
    if (json !== undefined) return setJson(undefined);
    try { setJson(JSON.stringify(dataOf(schema!, texts), null, 2)); } catch (failure) { failed(failure); }
  };
  const fields = json === undefined ? Object.entries(schema?.properties ?? {}) : [];
  const placed = fields.some(([name]) => name === told.field);
  return (
    <section class="card" aria-labelledby="publish-title">
      <h2 id="publish-title">Publish</h2>
      {!who?.mayPublish && <p class="quiet">Your token lacks the scope <code>events:publish</code>.</p>}
      <form id="publish" onSubmit={(event) => void submit(event)}>
        <div class="field">
          <label for="type">Event type</label>
          <select id="type" value={type} onChange={(event) => choose(event.currentTarget.value)}>
            {types.map((each) => <option key={each} value={each}>{each}</option>)}
          </select>
        </div>
        <fieldset key={type}>
          <legend>Data</legend>
          {schema?.properties && <button type="button" class="plain link" onClick={turn}>{json === undefined ? "Write it as JSON" : "Back to the fields"}</button>}
          {json !== undefined && (
            <textarea id="data" aria-label="Data as JSON" rows={8} spellcheck={false} value={json} onInput={(event) => setJson(event.currentTarget.value)} />
          )}
          {fields.map(([name, field]) => (
            <Field key={name} name={name} schema={field} required={schema!.required?.includes(name) ?? false} text={texts[name] ?? ""}
              fault={told.field === name ? told.text : ""} onText={(text) => setForm((before) => before && { ...before, texts: { ...before.texts, [name]: text } })} />
          ))}
        </fieldset>
        <div class="field">
          <label for="rooms">Rooms, instead of the type's own</label>
          <input id="rooms" value={rooms} placeholder="project:p1, global" autocomplete="off" onInput={(event) => setRooms(event.currentTarget.value)} />
        </div>
        <button type="submit" disabled={!who?.mayPublish || !schema}>Publish</button>
      </form>
      <p id="publish-note" role="status" class={published ? "quiet" : "fault"}>{published || (placed ? "The server refused it; the field says why." : told.text)}</p>
    </section>
  );
}
