import { useMemo, useState } from "preact/hooks";
import { usePages } from "../pages_of.js";
import { usePolled } from "../polling.js";
import { Rows, type Column } from "../rows.js";
import { count, counted } from "../text.js";

interface RoomRow { room: string; connections: number }
interface Member { user: string; connections: number }

const columns: Column<RoomRow>[] = [
  { title: "Room", cell: (row) => row.room, order: "name" },
  { title: "Connections", cell: (row) => count(row.connections), number: true, order: "connections" },
];
const rowsOf = (answer: { rooms: RoomRow[] }) => answer.rooms;

export function Search({ label, text, onText }: { label: string; text: string; onText: (text: string) => void }) {
  return (
    <input type="search" aria-label={label} placeholder={label} value={text} autocomplete="off" spellcheck={false}
      onInput={(event) => onText(event.currentTarget.value)} />
  );
}

export function Rooms() {
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState("name");
  const { total, row, inSight, failure } =
    usePages<RoomRow>(`/api/v1/rooms?order=${order}&search=${encodeURIComponent(search)}`, rowsOf, 3000);
  return (
    <>
      <header class="bar">
        <h1>Rooms</h1>
        <Search label="Search rooms" text={search} onText={setSearch} />
        <span role="status" class="quiet">{total === undefined ? "" : counted(total, "room")}</span>
      </header>
      {failure && <p class="fault" role="alert">{failure.message}</p>}
      {total === 0
        ? <p class="empty">{search ? "No room has that in its name." : "Nobody is connected, so there are no rooms."}</p>
        : <Rows label="Rooms" columns={columns} total={total ?? 0} row={row} id={(item) => item.room} inSight={inSight}
            order={order} onOrder={setOrder} href={(item) => `#/rooms/${encodeURIComponent(item.room)}`} />}
    </>
  );
}

const memberColumns: Column<Member>[] = [
  { title: "User", cell: (row) => row.user, order: "user" },
  { title: "Connections", cell: (row) => count(row.connections), number: true, order: "connections" },
];

export function Room({ room }: { room: string }) {
  const { data, failure } = usePolled<{ connections: number; members: Member[] }>(`/api/v1/rooms/${encodeURIComponent(room)}`, 5000);
  const [search, setSearch] = useState("");
  const [order, setOrder] = useState("user");
  const members = useMemo(() => {
    const found = (data?.members ?? []).filter((member) => member.user.includes(search));
    return order === "user" ? found : found.sort((a, b) => b.connections - a.connections);
  }, [data, search, order]);
  return (
    <>
      <nav aria-label="Breadcrumb" class="crumbs"><a href="#/rooms">Rooms</a></nav>
      <header class="bar">
        <h1><code>{room}</code></h1>
        <Search label="Search members" text={search} onText={setSearch} />
        <span role="status" class="quiet">{data && `${counted(data.members.length, "user")}, ${counted(data.connections, "connection")}`}</span>
        <a role="button" class="outline small" href={`#/live?room=${encodeURIComponent(room)}`}>Listen</a>
      </header>
      {failure && <p class="fault" role="alert">{failure.message}</p>}
      {data && members.length === 0
        ? <p class="empty">{search ? "No member has that in its name." : "Nobody is in this room now."}</p>
        : <Rows label="Members" columns={memberColumns} total={members.length} row={(at) => members[at]} id={(item) => item.user}
            order={order} onOrder={setOrder} href={(item) => `#/connections?user=${encodeURIComponent(item.user)}`} />}
    </>
  );
}
