import type { Filter } from "./events.js";

/**
 * Whether an event passes, by the server's rules. The server filters what it sends for a room, but what comes for one
 * room may belong to another one too, whose filter it does not pass.
 */
export function passes(filter: Filter, event: unknown): boolean {
  if ("all" in filter) return filter.all.every((part) => passes(part, event));
  if ("any" in filter) return filter.any.some((part) => passes(part, event));
  if ("not" in filter) return !passes(filter.not, event);
  return Object.entries(filter).every(([dialect, terms]) =>
    Object.entries(terms as object).every(([key, operand]) => holds(dialect, valueAt(event, key), operand)),
  );
}

function holds(dialect: string, content: unknown, operand: unknown): boolean {
  switch (dialect) {
    case "exact":
      return content === operand;
    case "in":
      return (operand as unknown[]).includes(content);
    case "prefix":
      return typeof content === "string" && content.startsWith(operand as string);
    case "suffix":
      return typeof content === "string" && content.endsWith(operand as string);
  }
  if (typeof content !== "number" || typeof operand !== "number") return false;
  switch (dialect) {
    case "lt":
      return content < operand;
    case "lte":
      return content <= operand;
    case "gt":
      return content > operand;
    case "gte":
      return content >= operand;
  }
  return false;
}

/** An attribute of the envelope by name, or what a JSON Pointer (RFC 6901) into it names. */
function valueAt(event: unknown, key: string): unknown {
  const path = key.startsWith("/") ? key.slice(1).split("/").map(unescaped) : [key];
  let place = event;
  for (const step of path) {
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, step)) return undefined;
    place = (place as Record<string, unknown>)[step];
  }
  return place;
}

function unescaped(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
