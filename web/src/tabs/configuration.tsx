import { useState } from "preact/hooks";
import { usePolled } from "../polling.js";
import { Search } from "./rooms.js";

interface Key {
  key: string;
  value: unknown;
  source: string;
  masked: boolean;
  reloadable: boolean;
  explanation: string;
}

function shown({ value }: Key): string {
  if (value === "") return "empty";
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(", ") || "none" : JSON.stringify(value);
}

export function Configuration() {
  const { data, failure } = usePolled<{ keys: Key[] }>("/api/v1/configuration", 10000);
  const [search, setSearch] = useState("");
  const [changed, setChanged] = useState(false);
  const keys = (data?.keys ?? []).filter((item) =>
    (item.key.includes(search) || item.explanation.toLowerCase().includes(search.toLowerCase())) && (!changed || item.source !== "default"));
  return (
    <>
      <header class="bar">
        <h1>Configuration</h1>
        <Search label="Search keys" text={search} onText={setSearch} />
        <label class="check"><input type="checkbox" checked={changed} onChange={(event) => setChanged(event.currentTarget.checked)} /> Only what is set</label>
      </header>
      {failure && <p class="fault" role="alert">{failure.message}</p>}
      {data && keys.length === 0 ? <p class="empty">No key matches.</p> : (
        <div class="rows" tabIndex={0} role="region" aria-label="Configuration">
          <table class="configuration">
            <thead><tr><th scope="col">Key</th><th scope="col">Value</th><th scope="col">From</th></tr></thead>
            <tbody>
              {keys.map((item) => (
                <tr key={item.key} class={item.source === "default" ? undefined : "set"}>
                  <th scope="row"><code>{item.key}</code><small>{item.explanation}{item.reloadable ? " Reloadable." : ""}</small></th>
                  <td><code class={item.masked ? "quiet" : undefined}>{shown(item)}</code></td>
                  <td>{item.source}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
