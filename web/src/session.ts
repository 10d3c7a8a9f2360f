// Who is signed in. The token lives in this page's memory alone: closing or reloading the page forgets it.
import { Store } from "./store.js";

export interface Session {
  token: string;
  user: string;
  /** Unix milliseconds; nothing for a token that never ends. */
  expiresAt?: number;
  mayPublish: boolean;
}

/** What the server tells before anybody has signed in; `dev` with `fanfare serve --dev` only. */
export interface Greeting {
  version: string;
  dev?: { token: string; key: string; hints: { title: string; line: string }[] };
}

export const session = new Store<Session | undefined>(undefined);
export const greeting = new Store<Greeting | undefined>(undefined);
/** Why the sign-in is shown, when there is a reason to give. */
export const notice = new Store("");
/** Whether the server was not reached when it was last asked. */
export const away = new Store(false);

export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly pointer = "",
  ) { super(message); }
}

/** What a token says of itself. It is the server that checks it. Throws a sentence for people. */
export function read(token: string): Session {
  const parts = token.split(".");
  if (parts.length !== 3) throw new Error("This is no token: one has three parts, with dots between them.");
  let claims: { sub?: unknown; exp?: unknown; scope?: unknown };
  try {
    const bytes = Uint8Array.from(atob(parts[1]!.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    claims = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Error("This is no token: its middle part cannot be read.");
  }
  const scopes = typeof claims.scope === "string" ? claims.scope.split(" ") : Array.isArray(claims.scope) ? claims.scope : [];
  const made: Session = { token, user: String(claims.sub ?? ""), mayPublish: scopes.includes("events:publish") };
  if (typeof claims.exp === "number") made.expiresAt = claims.exp * 1000;
  return made;
}

let end: ReturnType<typeof setTimeout> | undefined;

export function signOut(reason = ""): void {
  clearTimeout(end);
  notice.set(reason);
  session.set(undefined);
}

/** Signs in with a token that the server takes for one with the scope admin. Throws a sentence for people. */
export async function signIn(token: string): Promise<void> {
  const made = read(token);
  try {
    await call("GET", "/api/v1/websocket/stats", undefined, made.token);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.status === 403) throw new Error("This token may not see the dashboard: it lacks the scope admin.");
    if (failure.status !== 401) throw failure;
    throw new Error(
      failure.code === "token_expired" ? "This token has expired." : "The server does not accept this token.");
  }
  clearTimeout(end);
  // A timer counts to 2^31 ms; what ends later than that is asked again by then.
  const left = made.expiresAt === undefined ? Infinity : made.expiresAt - Date.now();
  if (left < 2 ** 31) end = setTimeout(() => signOut("Your token has expired. Sign in again."), left);
  notice.set("");
  session.set(made);
}

/** One call of the HTTP API. Throws Failure for what the server refuses, and for a server that cannot be reached (0). */
export async function call<T>(method: string, path: string, body?: unknown, token = session.value?.token): Promise<T> {
  const headers: Record<string, string> = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  } catch {
    away.set(true);
    throw new Failure(0, "away", "The server cannot be reached.");
  }
  away.set(false);
  const text = await answer.text();
  let content: unknown = text;
  try { content = JSON.parse(text); } catch { /* a proxy's page, or plain text */ }
  if (answer.ok) return content as T;
  const problem = (typeof content === "object" && content !== null ? content : {}) as Record<string, string>;
  const message = [problem.title, problem.detail].filter(Boolean).join(" ") || `The server answered ${answer.status}.`;
  if (answer.status === 401 && token === session.value?.token && session.value) {
    const known = greeting.value?.dev;
    signOut(known ? "" : "The server no longer accepts your token. Sign in again.");
    if (known) void greet(); // a server started anew has another throw-away token
  }
  throw new Failure(answer.status, problem.code ?? "", message, problem.pointer);
}

/** Asks what the server tells of itself, and signs in by itself where it gives a token away. */
export async function greet(): Promise<void> {
  try {
    const told = await call<Greeting>("GET", "/dashboard/session.json");
    for (const hint of told.dev?.hints ?? []) hint.line = hint.line.replaceAll("{url}", location.origin);
    greeting.set(told);
    if (told.dev && !session.value) await signIn(told.dev.token);
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 0) setTimeout(() => void greet(), 1000);
    else notice.set((failure as Error).message);
  }
}
