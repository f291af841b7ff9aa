/** Deletions that wait, go on and are over, above the keys. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast } from "../../components/toast.tsx";
import { count, duration, bytes as size } from "../../format.ts";
import { usePoll } from "../../poll.ts";
import { listOf } from "../../reply.ts";
import { call, callForBytes, wordsOf } from "../../session.ts";
import { amountOf, isUnderWay, type Purge, purgeOf } from "./purges.ts";

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
  const { data, refresh } = usePoll(read, isBusy.value ? UNDER_WAY_MS : OTHERWISE_MS, [turn]);
  const purges = data.value ?? [];
  const underWay = purges.filter(isUnderWay);
  const staged = purges.filter(({ state }) => state === "staged");
  const over = purges.filter((purge) => !isUnderWay(purge) && purge.state !== "staged").toReversed();
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
          <summary>
            {count(over.length)} {over.length === 1 ? "deletion is" : "deletions are"} over
            {staged.length === 0 ? "" : `, ${count(staged.length)} counted and not confirmed`}
          </summary>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">State</th>
                  <th scope="col">Keys</th>
                  <th scope="col">Database</th>
                  <th scope="col" class="number">
                    Deleted
                  </th>
                  <th scope="col" class="number">
                    Freed
                  </th>
                  <th scope="col">By</th>
                  <th scope="col">Counted</th>
                </tr>
              </thead>
              <tbody>
                {[...staged, ...over].map((purge) => (
                  <tr key={purge.id}>
                    <td class="nowrap">
                      <span class={`badge ${{ done: "good", ended: "bad" }[purge.state] ?? ""}`}>{STATES[purge.state] ?? purge.state}</span>
                      {purge.reason === "" ? null : <span class="soft"> {purge.reason}</span>}
                      {purge.state === "staged" ? (
                        <button type="button" class="button quiet" onClick={() => callOff(purge.id)}>
                          Forget it
                        </button>
                      ) : null}
                    </td>
                    <td>{purge.meant}</td>
                    <td>{purge.database}</td>
                    <td class="number">
                      {count(purge.deleted)} of {count(purge.keys)}
                    </td>
                    <td class="number">{size(purge.freed)}</td>
                    <td>{purge.user}</td>
                    <td class="nowrap soft">{duration(Math.max(1, (Date.now() - purge.staged) / 1000))} ago</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </section>
  );
}

const STATES: Readonly<Record<string, string>> = { staged: "counted", done: "done", cancelled: "called off", ended: "ended" };

function UnderWay({ purge, callOff }: { readonly purge: Purge; readonly callOff: () => void }) {
  const isWaiting = purge.state === "confirmed";
  const left = Math.max(0, Math.ceil(((purge.starts ?? 0) - Date.now()) / 1000));
  const most = useRef(Math.max(1, left));
  return (
    <section class="notice warning" aria-label="Deletion under way">
      <div class="stack purge">
        <p>
          {isWaiting ? "About to delete" : "Deleting"} {amountOf(purge)}, {purge.meant}, in database {purge.database}.{" "}
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
