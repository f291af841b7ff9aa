/** Before many keys are deleted: they are counted, shown, and deleted only when a person says so once more. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { Dialog } from "../../components/dialog.tsx";
import { Failure } from "../../components/notice.tsx";
import { count, bytes as size } from "../../format.ts";
import { useOwnLink } from "../../own-link.ts";
import type { Word } from "../../resp.ts";
import { call, wordsOf } from "../../session.ts";
import { amountOf, type Purge, placeOf, purgeOf } from "./purges.ts";

/** From so many keys on their number is to be typed. */
const MANY = 1000;

interface PurgeDialogProps {
  /** As REPLICANT.PURGE STAGE takes them. */
  readonly filters: readonly Word[];
  /** It has been confirmed, or something about it has changed. */
  readonly changed: () => void;
  readonly close: () => void;
}

export function PurgeDialog({ filters, changed, close }: PurgeDialogProps) {
  const link = useOwnLink(0);
  const staged = useSignal<Purge | null>(null);
  const problem = useSignal<string | null>(null);
  const typed = useSignal("");
  const isBusy = useSignal(false);
  const isConfirmed = useRef(false);
  const id = useId();
  useEffect(() => {
    let isOver = false;
    link.callForBytes("REPLICANT.PURGE", "STAGE", ...filters).then(
      (reply) => {
        const purge = purgeOf(reply);
        if (isOver) drop(purge);
        else staged.value = purge;
      },
      (error) => {
        problem.value = wordsOf(error);
      },
    );
    return () => {
      isOver = true;
      if (staged.value !== null && !isConfirmed.current) drop(staged.value);
    };
  }, []);
  const drop = (purge: Purge): void => {
    // Forgotten by the server in ten minutes, if this does not reach it.
    call("REPLICANT.PURGE", "CANCEL", purge.id).then(changed, () => {});
  };
  const confirm = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (staged.value === null) return;
    isBusy.value = true;
    try {
      await call("REPLICANT.PURGE", "CONFIRM", staged.value.id);
      isConfirmed.current = true;
      changed();
      close();
    } catch (error) {
      problem.value = wordsOf(error);
      isBusy.value = false;
    }
  };
  const purge = staged.value;
  const isMany = (purge?.keys ?? 0) >= MANY;
  const isReady = purge !== null && purge.keys > 0 && (!isMany || typed.value.replace(/\D/g, "") === String(purge.keys));
  return (
    <Dialog title="Delete keys" close={close}>
      <form class="stack" onSubmit={confirm}>
        {problem.value === null ? null : <Failure text={problem.value} />}
        {purge === null ? (
          problem.value === null ? (
            <p role="status">Counting the keys …</p>
          ) : null
        ) : purge.keys === 0 ? (
          <p role="status">There are no keys{placeOf(purge)}, or none that you may see.</p>
        ) : (
          <>
            <p role="status">
              <strong>{amountOf(purge)}</strong>
              {placeOf(purge)} will be deleted.
            </p>
            <p>
              The deletion begins ten seconds (purge-delay) after you confirm it, and can be called off until it is done. Keys that match by
              then go with them. What is deleted cannot be brought back.
            </p>
            {isMany ? (
              <div class="field">
                <label for={id}>Type the number of keys, {count(purge.keys)}, to confirm</label>
                <input
                  id={id}
                  inputMode="numeric"
                  autocomplete="off"
                  value={typed.value}
                  onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
                />
              </div>
            ) : null}
          </>
        )}
        <div class="row">
          <button type="submit" class="button danger" disabled={!isReady || isBusy.value}>
            {purge === null || purge.keys === 0 ? "Delete" : `Delete ${count(purge.keys)} keys, ${size(purge.bytes)}`}
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
