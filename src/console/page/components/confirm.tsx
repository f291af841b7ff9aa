/** "Do this?", with what will happen, and a way out. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { wordsOf } from "../session.ts";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";

interface ConfirmProps {
  readonly title: string;
  /** What the button that does it says. */
  readonly action: string;
  /** Does it; what it throws is shown, and the dialog stays. */
  readonly act: () => Promise<unknown>;
  readonly close: () => void;
  /** It cannot be undone. */
  readonly isDangerous?: boolean;
  /** What will happen. */
  readonly children: ComponentChildren;
}

export function Confirm({ title, action, act, close, isDangerous = false, children }: ConfirmProps) {
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const doIt = async (): Promise<void> => {
    isBusy.value = true;
    try {
      await act();
      close();
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={title} close={close}>
      {children}
      {problem.value === null ? null : <Notice kind="error">{problem.value}</Notice>}
      <div class="row">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class={`button ${isDangerous ? "danger" : "primary"}`} disabled={isBusy.value} onClick={() => void doIt()}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
