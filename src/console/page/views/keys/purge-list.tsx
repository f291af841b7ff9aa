/** Deletions that wait, go on and are over, above the keys. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Table } from "../../components/table.tsx";
import { toast } from "../../components/toast.tsx";
import { count, duration, bytes as size } from "../../format.ts";
import { usePoll } from "../../poll.ts";
import { listOf } from "../../reply.ts";
import { call, callForBytes, wordsOf } from "../../session.ts";
import { amountOf, isUnderWay, type Purge, placeOf, purgeOf } from "./purges.ts";

const UNDER_WAY_MS = 500;
const OTHERWISE_MS = 5000;

interface PurgeListProps {
  /** Counts up when something is to be seen at once. */
  readonly turn: number;
  /** Keys have been deleted. */
  readonly deleted: () => void;
}

export function PurgeList({ turn, deleted }: PurgeListProps) {
  const isBusy = useSignal(false);
  const read = async (): Promise<readonly Purge[]> => listOf(await callForBytes("REPLICANT.PURGE", "LIST")).map(purgeOf);
  /** Who may not ask does not ask again and again, which would fill the log of refusals. */
  const isRefused = useSignal(false);
  const { data, error, refresh } = usePoll(read, isRefused.value ? 0 : isBusy.value ? UNDER_WAY_MS : OTHERWISE_MS, [turn]);
  isRefused.value = error.value !== null;
  const purges = data.value ?? [];
  const underWay = purges.filter(isUnderWay);
  const staged = purges.filter(({ state }) => state === "staged");
  const over = purges.filter((purge) => !isUnderWay(purge) && purge.state !== "staged").toReversed();
  const calledOff = over.filter(({ state, deleted }) => state === "cancelled" && deleted === 0).length;
  isBusy.value = underWay.length > 0;
  /** Of deletions that are over: one may begin and end between two looks. */
  const gone = over.reduce((sum, purge) => sum + purge.deleted, 0);
  const before = useRef<number | null>(null);
  useEffect(() => {
    if (before.current !== null && before.current !== gone) deleted();
    if (data.value !== null) before.current = gone;
  }, [gone, data.value === null]);
  const callOff = (id: number): void => {
    call("REPLICANT.PURGE", "CANCEL", id).then(refresh, (error) => toast(wordsOf(error), "error"));
  };
  if (purges.length === 0) return null;
  return (
    <section class="stack" aria-label="Deletions">
      {underWay.map((purge) => (
        <UnderWay key={purge.id} purge={purge} callOff={() => callOff(purge.id)} />
      ))}
      {over.length + staged.length === 0 ? null : (
        <details class="purges">
          <summary>Deletions: {summaryOf({ over: over.length - calledOff, calledOff, counted: staged.length })}</summary>
          <Table
            caption="Deletions"
            rows={[...staged, ...over]}
            rowKey={({ id }) => id}
            columns={[
              { id: "state", label: "State", cell: (purge) => <State purge={purge} forget={() => callOff(purge.id)} /> },
              { id: "keys", label: "Keys", cell: ({ meant }) => meant || "all" },
              { id: "database", label: "Database", isNumber: true, cell: ({ database }) => database },
              { id: "deleted", label: "Deleted", isNumber: true, cell: (purge) => `${count(purge.deleted)} of ${count(purge.keys)}` },
              { id: "freed", label: "Freed", isNumber: true, cell: ({ freed }) => size(freed) },
              { id: "user", label: "By", cell: ({ user }) => user },
              {
                id: "counted",
                label: "Counted",
                cell: (purge) => <span class="nowrap soft">{duration(Math.max(1, (Date.now() - purge.staged) / 1000))} ago</span>,
              },
            ]}
          />
        </details>
      )}
    </section>
  );
}

/** "1 over, 2 called off before anything was deleted". */
function summaryOf({ over, calledOff, counted }: { readonly over: number; readonly calledOff: number; readonly counted: number }): string {
  const parts: [number: number, is: string][] = [
    [over, "over"],
    [calledOff, "called off before anything was deleted"],
    [counted, "counted and not confirmed"],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, is]) => `${count(number)} ${is}`)
    .join(", ");
}

const STATES: Readonly<Record<string, string>> = { staged: "counted", done: "done", cancelled: "called off", ended: "ended" };

function State({ purge: { state, reason }, forget }: { readonly purge: Purge; readonly forget: () => void }) {
  const kind = { done: "good", ended: "bad" }[state] ?? "";
  return (
    <span class="nowrap">
      <span class={`badge ${kind}`}>{STATES[state] ?? state}</span>
      {reason === "" ? null : <span class="soft"> {reason}</span>}
      {state === "staged" ? (
        <button type="button" class="button quiet" onClick={forget}>
          Forget it
        </button>
      ) : null}
    </span>
  );
}

function UnderWay({ purge, callOff }: { readonly purge: Purge; readonly callOff: () => void }) {
  const isWaiting = purge.state === "confirmed";
  const left = Math.max(0, Math.ceil(((purge.starts ?? 0) - Date.now()) / 1000));
  const most = useRef(Math.max(1, left));
  return (
    <section class="notice warning" aria-label="Deletion under way">
      <div class="stack purge">
        <p>
          {isWaiting ? "About to delete" : "Deleting"} {amountOf(purge)}
          {placeOf(purge)}.{" "}
          <strong>{isWaiting ? `It begins in ${left} s.` : `${count(purge.deleted)} deleted, ${size(purge.freed)} freed.`}</strong>
        </p>
        <progress
          aria-label={isWaiting ? "Until it begins" : "Deleted"}
          max={isWaiting ? most.current : 1}
          value={isWaiting ? most.current - left : purge.progress}
        />
      </div>
      <button type="button" class="button danger" onClick={callOff}>
        {isWaiting ? "Call it off" : "Stop"}
      </button>
    </section>
  );
}
