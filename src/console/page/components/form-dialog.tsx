/** A dialog that asks for something and does it: what goes wrong is said in it. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { wordsOf } from "../session.ts";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";

interface FormDialogProps {
  readonly title: string;
  /** What the button says: what will be done. */
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly isReady?: boolean;
  /** Does it; false keeps the dialog open, and errors are shown in it. */
  readonly submit: (form: FormData) => Promise<boolean>;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

export function FormDialog({ title, action, isDangerous = false, isReady = true, submit, close, children }: FormDialogProps) {
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);
  const submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    problem.value = null;
    try {
      if (await submit(new FormData(event.currentTarget as HTMLFormElement))) close();
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={title} close={close}>
      <form class="stack" onSubmit={submitted}>
        {children}
        {problem.value === null ? null : <Notice kind="error">{problem.value}</Notice>}
        <div class="row">
          <button type="submit" class={`button ${isDangerous ? "danger" : "primary"}`} disabled={isBusy.value || !isReady}>
            {action}
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
