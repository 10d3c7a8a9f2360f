import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Confirm } from "../confirm.js";
import { usePolled } from "../polling.js";
import { call } from "../session.js";
import { ago, bytes, count, counted, date, span } from "../text.js";
import type { ConnectionRow } from "./connections.js";

interface Details extends ConnectionRow {
  transport: string;
  queued_bytes: number;
  token: { jti?: string; issued_at?: string; expires_at?: string; roles: string[]; scopes: string[]; projects: string[] | "*"; agents: string[] | "*" };
}

interface Step {
  button: string;
  title: string;
  says: ComponentChildren;
  act: () => Promise<{ disconnected: number }>;
}

function steps(of: Details): Step[] {
  const user = <strong>{of.user}</strong>;
  const all: Step[] = [
    { button: "Disconnect", title: "Disconnect this client?",
      says: <p>The connection of {user} is closed. Its client may come back at once.</p>,
      act: () => call("DELETE", `/api/v1/connections/${encodeURIComponent(of.id)}`) },
    { button: "Disconnect user", title: "Disconnect this user everywhere?",
      says: <p>Every connection of {user}, on every node, is closed. Its clients may come back at once.</p>,
      act: () => call("DELETE", `/api/v1/users/${encodeURIComponent(of.user)}/connections`) },
    { button: "Revoke user", title: "Revoke this user's tokens?",
      says: <p>Every token that {user} was issued so far is refused from now on, and whoever uses one is disconnected. A new token lets the user in again.</p>,
      act: () => call("POST", "/api/v1/revocations", { user: of.user }) },
  ];
  const { jti, expires_at } = of.token;
  if (jti) {
    all.splice(2, 0, { button: "Revoke token", title: "Revoke this token?",
      says: <p>The token <code>{jti}</code> of {user} is refused from now on, and whoever uses it is disconnected.</p>,
      act: () => call("POST", "/api/v1/revocations", { jti, ...(expires_at ? { expires_at } : {}) }) });
  }
  return all;
}

const list = (names: string[] | "*") => (names === "*" ? "all" : names.length === 0 ? "none" : names.join(", "));

function Facts({ of }: { of: Details }) {
  const { token } = of;
  return (
    <div class="cards">
      <section class="card" aria-labelledby="link-title">
        <h2 id="link-title">Connection</h2>
        <dl class="facts">
          <dt>Id</dt><dd><code>{of.id}</code></dd>
          <dt>Namespace</dt><dd><code>{of.namespace}</code></dd>
          <dt>Transport</dt><dd>{of.transport}</dd>
          <dt>Address</dt><dd>{of.address}</dd>
          <dt>Connected</dt><dd>{date(of.connected_at)}, {ago(of.connected_at)}</dd>
          <dt>Queue</dt><dd>{of.queued_bytes === 0 ? "empty" : `${bytes(of.queued_bytes)} not sent yet`}</dd>
        </dl>
      </section>
      <section class="card" aria-labelledby="token-title">
        <h2 id="token-title">Token</h2>
        <dl class="facts">
          <dt>Expires</dt>
          <dd>{token.expires_at ? `${date(token.expires_at)}, in ${span(new Date(token.expires_at).getTime() - Date.now())}` : "never"}</dd>
          {token.jti && <><dt>jti</dt><dd><code>{token.jti}</code></dd></>}
          <dt>Projects</dt><dd>{list(token.projects)}</dd>
          <dt>Agents</dt><dd>{list(token.agents)}</dd>
          <dt>Roles</dt><dd>{list(token.roles)}</dd>
          <dt>Scopes</dt><dd>{list(token.scopes)}</dd>
        </dl>
      </section>
      <section class="card" aria-labelledby="rooms-title">
        <h2 id="rooms-title">Rooms ({count(of.rooms.length)})</h2>
        <ul class="chips">{of.rooms.map((room) => <li key={room}><a href={`#/rooms/${encodeURIComponent(room)}`}>{room}</a></li>)}</ul>
      </section>
    </div>
  );
}

export function Connection({ id }: { id: string }) {
  const { data, failure, again } = usePolled<Details>(`/api/v1/connections/${encodeURIComponent(id)}`, 2000);
  const [step, setStep] = useState<Step>();
  const [done, setDone] = useState("");
  const gone = failure?.status === 404;
  return (
    <>
      <nav aria-label="Breadcrumb" class="crumbs"><a href="#/connections">Connections</a></nav>
      <header class="bar">
        <h1>{data ? data.user : gone ? "Gone" : "Connection"}</h1>
        {data && steps(data).map((each) => (
          <button key={each.button} type="button" class="outline danger small" onClick={() => setStep(each)}>{each.button}</button>
        ))}
      </header>
      <p role="status" class="quiet">{done}</p>
      {gone && <p class="empty">This connection has ended, or it is one of another node.</p>}
      {failure && !gone && <p class="fault" role="alert">{failure.message}</p>}
      {data && <Facts of={data} />}
      {step && (
        <Confirm title={step.title} action={step.button} onClose={() => setStep(undefined)}
          onAction={async () => {
            const { disconnected } = await step.act();
            setDone(`Done: ${counted(disconnected, "connection")} told to go.`);
            again();
          }}>
          {step.says}
        </Confirm>
      )}
    </>
  );
}
