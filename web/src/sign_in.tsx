import { useState } from "preact/hooks";
import { notice, signIn } from "./session.js";
import { useStore } from "./store.js";

export function SignIn() {
  const why = useStore(notice);
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFault("");
    try {
      await signIn(token.trim());
    } catch (failure) {
      setFault((failure as Error).message);
      setBusy(false);
    }
  };
  return (
    <section class="card sign-in" aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">Sign in</h1>
      {why && <p role="status">{why}</p>}
      <form onSubmit={(event) => void submit(event)}>
        <label for="token">Token with the scope <code>admin</code></label>
        <input id="token" type="password" required autocomplete="off" spellcheck={false} value={token} aria-invalid={fault ? true : undefined}
          aria-describedby={fault ? "token-fault" : "token-note"} onInput={(event) => setToken(event.currentTarget.value)} />
        <p id="token-fault" class="fault" role="alert">{fault}</p>
        <button type="submit" aria-busy={busy} disabled={busy}>Sign in</button>
      </form>
      <p id="token-note" class="quiet">It stays in this page's memory and is forgotten when the page is closed or reloaded. Let it be a short one:</p>
      <pre tabIndex={0}><code>fanfare token --sub you --project '*' --agent '*' --scope admin --scope events:publish --ttl 1h</code></pre>
    </section>
  );
}
