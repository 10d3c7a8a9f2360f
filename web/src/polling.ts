import { useEffect, useRef, useState } from "preact/hooks";
import { call, Failure } from "./session.js";

export interface Polled<T> {
  data?: T;
  failure?: Failure;
  /** Asks at once. */
  again: () => void;
}

/** What a GET answers, asked again every `ms` while the page is looked at; 0 asks once. */
export function usePolled<T>(path: string | undefined, ms: number): Polled<T> {
  const [state, set] = useState<{ path: string | undefined; data?: T; failure?: Failure }>({ path });
  const asking = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === undefined) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      clearTimeout(timer);
      let next: typeof state;
      try {
        next = { path, data: await call<T>("GET", path) };
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        next = { path, failure };
      }
      if (over) return;
      // What is known stays on the page while the server is away.
      set((before) => (next.failure?.status === 0 && before.path === path ? { ...before } : next));
      const wait = next.failure?.status === 0 ? 1000 : ms;
      if (wait > 0) timer = setTimeout(() => void ask(), document.hidden ? wait * 5 : wait);
    };
    asking.current = () => void ask();
    void ask();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [path, ms]);
  const { data, failure } = state.path === path ? state : { data: undefined, failure: undefined };
  return { ...(data === undefined ? {} : { data }), ...(failure ? { failure } : {}), again: () => asking.current() };
}
