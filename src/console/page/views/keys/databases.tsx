/** Which database: with how many keys each has. */

import { useSignal } from "@preact/signals";
import { count } from "../../format.ts";
import { usePoll } from "../../poll.ts";
import { fieldsOf, numberOf, wordOf } from "../../reply.ts";
import { call } from "../../session.ts";

const REFRESH_MS = 5000;
const USUAL = 16;

interface DatabasesProps {
  readonly database: number;
  readonly turn: number;
  readonly choose: (database: number) => void;
}

export function Databases({ database, turn, choose }: DatabasesProps) {
  const isRefused = useSignal(false);
  const counts = usePoll(async () => keysOf(wordOf(await call("INFO", "keyspace"))), isRefused.value ? 0 : REFRESH_MS, [turn]);
  isRefused.value = counts.error.value !== null;
  // Who may not ask for it sees sixteen, as most servers have.
  const most = usePoll(async () => numberOf(fieldsOf(await call("CONFIG", "GET", "databases")).databases), 0);
  const known = counts.data.value;
  const total = Math.max(most.data.value ?? USUAL, database + 1);
  return (
    <label class="row">
      <span class="soft">Database</span>
      <select value={String(database)} onChange={({ currentTarget }) => choose(Number(currentTarget.value))}>
        {Array.from({ length: total }, (_, number) => (
          <option key={number} value={String(number)}>
            {number}
            {known === null ? "" : `: ${count(known.get(number) ?? 0)} keys`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Keys by database, from INFO's section Keyspace. */
function keysOf(info: string): Map<number, number> {
  return new Map(Array.from(info.matchAll(/^db(\d+):keys=(\d+)/gm), ([, database, keys]) => [Number(database), Number(keys)]));
}
