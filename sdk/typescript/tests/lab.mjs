// A client and what its handlers got, for the tests against the real server.
import { FanfareClient } from "../dist/index.js";
import { jwt, serviceKey, within } from "../../../tests/interop/server.mjs";

/** A list that can be waited for. */
export class Arrivals {
  list = [];
  #waiting = [];

  push(item) {
    this.list.push(item);
    this.#waiting = this.#waiting.filter(({ wanted, resolve }) => !wanted(this.list) || resolve(this.list));
  }

  /** Resolves once `wanted`, a number of items or a predicate of the list, is fulfilled. */
  until(wanted, ms = 30000) {
    const reached = typeof wanted === "number" ? (list) => list.length >= wanted : wanted;
    const told = new Promise((resolve) => {
      if (reached(this.list)) resolve(this.list);
      else this.#waiting.push({ wanted: reached, resolve });
    });
    return within(ms, told, "arrivals").catch((late) => {
      throw new Error(`${late.message}; there are ${JSON.stringify(this.list)}`);
    });
  }

  get ids() { return this.list.map((event) => event.id); }
}

/** A client whose errors are kept. Reconnects fast. */
export function open(t, url, { claims = {}, ...options } = {}) {
  const errors = new Arrivals();
  const client = new FanfareClient({
    url,
    getToken: () => jwt(claims),
    onError: (failure) => errors.push(failure),
    ...options,
    socket: { forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 50, ...options.socket },
  });
  t.after(() => client.close());
  return { client, errors };
}

/** Subscribes to all of a room's events and waits for the answer. */
export async function everything(client, room, options) {
  const arrivals = new Arrivals();
  const subscription = client.subscribe(room, { "*": (event) => arrivals.push(event) }, options);
  arrivals.subscription = subscription;
  await within(20000, subscription.ready, `the answer about ${room}`);
  return arrivals;
}

/** Publishes over HTTP; gives the answer's events: {id, cursor} each. */
export async function publish(server, events) {
  const answer = await fetch(`${server.url}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${serviceKey}` },
    body: JSON.stringify(events),
  });
  const body = await answer.json();
  if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(body)}`);
  return body.events;
}

export const updated = (n, project = "123") => ({ type: "project.updated", data: { project_id: project, changes: { n } } });
export const started = (n, agent = "7") => ({
  type: "workflow.started",
  data: { workflow_id: `w${n}`, project_id: "123", name: "build", agent_id: agent },
});
