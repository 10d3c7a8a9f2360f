import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { call, Failure } from "./session.js";

const size = 200;

export interface Paged<Row> {
  total: number | undefined;
  row: (at: number) => Row | undefined;
  inSight: (first: number, end: number) => void;
  failure?: Failure;
}

/** The rows of a list that the server gives in parts: those in sight are fetched, and again every `ms`. `path` holds the
 * search and the order; offset and limit are added. */
export function usePages<Row>(path: string, rows: (answer: never) => Row[], ms: number): Paged<Row> {
  const known = useRef({ path: "", fresh: false, pages: new Map<number, Row[]>(), asked: new Set<number>(), sight: [0, 0] as [number, number] });
  const [, draw] = useState(0);
  const [total, setTotal] = useState<number>();
  const [failure, setFailure] = useState<Failure>();
  if (known.current.path !== path) {
    // What was there stays in sight until the answer to the new question is.
    known.current = { path, fresh: false, pages: known.current.pages, asked: new Set(), sight: [0, 0] };
  }
  const fetchPage = useCallback(async (page: number) => {
    const mine = known.current;
    if (mine.asked.has(page)) return;
    mine.asked.add(page);
    const mark = path.includes("?") ? "&" : "?";
    try {
      const answer = await call<{ total: number }>("GET", `${path}${mark}offset=${page * size}&limit=${size}`);
      if (known.current !== mine) return;
      if (!mine.fresh) mine.pages = new Map();
      mine.fresh = true;
      mine.pages.set(page, rows(answer as never));
      setTotal(answer.total);
      setFailure(undefined);
    } catch (fault) {
      if (!(fault instanceof Failure)) throw fault;
      if (known.current === mine && fault.status !== 0) setFailure(fault);
    } finally {
      mine.asked.delete(page);
      if (known.current === mine) draw((before) => before + 1);
    }
  }, [path]);
  const ask = useCallback(() => {
    const [first, last] = known.current.sight;
    for (let page = first; page <= last; ++page) void fetchPage(page);
  }, [fetchPage]);
  useEffect(() => {
    ask();
    const timer = setInterval(() => {
      if (!document.hidden) ask();
    }, ms);
    return () => clearInterval(timer);
  }, [ask, ms]);
  const inSight = useCallback((first: number, end: number) => {
    known.current.sight = [Math.floor(first / size), Math.floor(Math.max(first, end - 1) / size)];
    for (let page = known.current.sight[0]; page <= known.current.sight[1]; ++page) {
      if (!known.current.pages.has(page)) void fetchPage(page);
    }
  }, [fetchPage]);
  return {
    total,
    row: (at) => known.current.pages.get(Math.floor(at / size))?.[at % size],
    inSight,
    ...(failure ? { failure } : {}),
  };
}
