// A table of any length that draws the rows in sight alone. All rows are of one height, so where each stands is a product.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** Right-aligned figures. */
  number?: boolean;
  /** Left out where the window is narrow. */
  wide?: boolean;
  /** What sorting by this column is called; no button without. */
  order?: string;
}

interface Props<Row> {
  label: string;
  columns: readonly Column<Row>[];
  total: number;
  /** Nothing while it is being fetched. */
  row: (at: number) => Row | undefined;
  id: (row: Row, at: number) => string | number;
  /** Told which rows are in sight, the last one excluded. */
  inSight?: (first: number, end: number) => void;
  order?: string;
  onOrder?: (order: string) => void;
  href?: (row: Row) => string;
  chosen?: string | number | undefined;
}

const height = 34;
const beyond = 12; // rows above and below, so that a turn of the wheel shows no gap
const narrow = matchMedia("(max-width: 40rem)");

function useNarrow(): boolean {
  const [is, set] = useState(narrow.matches);
  useEffect(() => {
    const look = () => set(narrow.matches);
    narrow.addEventListener("change", look);
    return () => narrow.removeEventListener("change", look);
  }, []);
  return is;
}

export function Rows<Row>(props: Props<Row>) {
  const { label, total, row, id, inSight, order, onOrder, href, chosen } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const columns = useNarrow() ? props.columns.filter((column) => !column.wide) : props.columns;
  const look = () => {
    const { scrollTop, clientHeight } = box.current!;
    setView((before) =>
      before.top === scrollTop && before.height === clientHeight ? before : { top: scrollTop, height: clientHeight });
  };
  useLayoutEffect(() => {
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);
  const first = Math.max(0, Math.min(Math.floor(view.top / height) - beyond, total - 1));
  const end = Math.min(total, Math.ceil((view.top + view.height) / height) + beyond);
  useEffect(() => {
    if (end > first) inSight?.(first, end);
  }, [first, end, inSight]);

  const drawn = [];
  for (let at = first; at < end; ++at) {
    const item = row(at);
    drawn.push(
      <tr key={item === undefined ? `at ${at}` : id(item, at)} aria-rowindex={at + 2}
        class={item !== undefined && chosen !== undefined && id(item, at) === chosen ? "chosen" : undefined}>
        {columns.map((column, place) => (
          <td class={column.number ? "number" : undefined}>
            {item === undefined ? (place === 0 ? "…" : "") : place === 0 && href ? <a href={href(item)}>{column.cell(item)}</a> : column.cell(item)}
          </td>
        ))}
      </tr>,
    );
  }
  return (
    <div class="rows" ref={box} onScroll={look} tabIndex={0} role="region" aria-label={`${label}, scrolling`}>
      <table aria-rowcount={total + 1} aria-label={label}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th scope="col" class={column.number ? "number" : undefined}
                aria-sort={column.order && column.order === order ? (column.number ? "descending" : "ascending") : undefined}>
                {column.order && onOrder
                  ? <button type="button" class="plain" onClick={() => onOrder(column.order!)}>
                      {column.title}<span aria-hidden="true">{column.order === order ? (column.number ? " ↓" : " ↑") : ""}</span>
                    </button>
                  : column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr aria-hidden="true"><td class="gap" style={{ height: `${first * height}px` }} colSpan={columns.length} /></tr>}
          {drawn}
          {end < total && <tr aria-hidden="true"><td class="gap" style={{ height: `${(total - end) * height}px` }} colSpan={columns.length} /></tr>}
        </tbody>
      </table>
    </div>
  );
}
