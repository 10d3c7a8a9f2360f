import { useEffect, useState } from "preact/hooks";

/** One value that pages look at and that outlives them. */
export class Store<T> {
  #value: T;
  #watchers = new Set<(value: T) => void>();

  constructor(value: T) { this.#value = value; }

  get value(): T { return this.#value; }
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const watcher of [...this.#watchers]) watcher(value);
  }
  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, set] = useState<T>(store.value);
  useEffect(() => {
    set(() => store.value); // it may have changed between the first drawing and now
    return store.watch((next) => set(() => next));
  }, [store]);
  return value;
}
