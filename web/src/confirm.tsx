import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  title: string;
  children: ComponentChildren;
  action: string;
  /** What fails is shown, and the question stays. */
  onAction: () => Promise<void>;
  onClose: () => void;
}

/** A question before what cannot be undone. The browser's own modal: it holds the focus, and gives it back. */
export function Confirm({ title, children, action, onAction, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  useEffect(() => dialog.current!.showModal(), []);
  const act = async () => {
    setBusy(true);
    try {
      await onAction();
      dialog.current?.close();
    } catch (failure) {
      setFault((failure as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="confirm-title">
      <article>
        <h2 id="confirm-title">{title}</h2>
        {children}
        <p class="fault" role="alert">{fault}</p>
        <footer>
          <button type="button" class="secondary outline" autofocus onClick={() => dialog.current!.close()}>Cancel</button>
          <button type="button" class="danger" disabled={busy} aria-busy={busy} onClick={() => void act()}>{action}</button>
        </footer>
      </article>
    </dialog>
  );
}
