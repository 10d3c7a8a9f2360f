import { useState } from "preact/hooks";

function brief(content: unknown): string {
  if (Array.isArray(content)) return content.length === 1 ? "1 item" : `${content.length} items`;
  const names = Object.keys(content as object);
  return names.length === 0 ? "{}" : `{ ${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""} }`;
}

function Leaf({ content }: { content: unknown }) {
  const kind = content === null ? "null" : typeof content;
  return <span class={`json-${kind}`}>{JSON.stringify(content)}</span>;
}

/** A JSON value whose parts open and close: native disclosures, so keyboard and screen reader know them. A closed part is
 * not drawn: an event may hold a megabyte. */
export function JsonTree({ name, content, depth = 0 }: { name?: string; content: unknown; depth?: number }) {
  const [open, setOpen] = useState(depth < 3);
  const label = name === undefined ? null : <span class="json-name">{name}: </span>;
  if (typeof content !== "object" || content === null) return <div class="json-row">{label}<Leaf content={content} /></div>;
  const entries = Object.entries(content);
  if (entries.length === 0) return <div class="json-row">{label}<span class="json-brief">{Array.isArray(content) ? "[]" : "{}"}</span></div>;
  return (
    <details class="json" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}<span class="json-brief">{brief(content)}</span></summary>
      {open && entries.slice(0, 500).map(([key, part]) => <JsonTree name={key} content={part} depth={depth + 1} />)}
      {open && entries.length > 500 && <div class="json-row">and {entries.length - 500} more</div>}
    </details>
  );
}
