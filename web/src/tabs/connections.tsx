import { useState } from "preact/hooks";
import { usePages } from "../pages_of.js";
import { Rows, type Column } from "../rows.js";
import { ago, bytes, count } from "../text.js";
import { Search } from "./rooms.js";

export interface ConnectionRow {
  id: string;
  user: string;
  namespace: string;
  address: string;
  connected_at: string;
  rooms: string[];
  queued_bytes?: number;
}

const columns: Column<ConnectionRow>[] = [
  { title: "User", cell: (row) => row.user },
  { title: "Connection", cell: (row) => <code>{row.id}</code>, wide: true },
  { title: "Namespace", cell: (row) => row.namespace, wide: true },
  { title: "Address", cell: (row) => row.address, wide: true },
  { title: "Rooms", cell: (row) => count(row.rooms.length), number: true },
  { title: "Connected", cell: (row) => ago(row.connected_at) },
];
const queued: Column<ConnectionRow> = { title: "Unsent", cell: (row) => bytes(row.queued_bytes ?? 0), number: true };
const rowsOf = (answer: { connections: ConnectionRow[] }) => answer.connections;
const orders = [["oldest", "Oldest first"], ["newest", "Newest first"], ["queue", "Slowest first"]] as const;

export function Connections({ user }: { user: string | undefined }) {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState("oldest");
  const of = user === undefined ? "" : `&user=${encodeURIComponent(user)}`;
  const { total, row, inSight, failure } =
    usePages<ConnectionRow>(`/api/v1/connections?order=${order}&search=${encodeURIComponent(search)}${of}`, rowsOf, 3000);
  return (
    <>
      {user !== undefined && <nav aria-label="Breadcrumb" class="crumbs"><a href="#/connections">Connections</a></nav>}
      <header class="bar">
        <h1>{user === undefined ? "Connections" : <>Connections of <code>{user}</code></>}</h1>
        <Search label="Search user, id or address" text={search} onText={setSearch} />
        <select aria-label="Order" value={order} onChange={(event) => setOrder(event.currentTarget.value)}>
          {orders.map(([name, title]) => <option key={name} value={name}>{title}</option>)}
        </select>
        <span role="status" class="quiet">{total === undefined ? "" : `${count(total)} on this node`}</span>
      </header>
      {failure && <p class="fault" role="alert">{failure.message}</p>}
      {total === 0
        ? <p class="empty">{search || user !== undefined ? "No connection to this node matches." : "Nobody is connected."}</p>
        : <Rows label="Connections" columns={order === "queue" ? [...columns, queued] : columns} total={total ?? 0} row={row}
            id={(item) => item.id} inSight={inSight} href={(item) => `#/connections/${encodeURIComponent(item.id)}`} />}
    </>
  );
}
