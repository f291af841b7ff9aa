/** Reading parts of the key that is shown, again after each change. */

import { useSignal } from "@preact/signals";
import { type Polled, usePoll } from "../../poll.ts";
import { listOf, wordOf } from "../../reply.ts";
import type { Reply } from "../../resp.ts";
import type { ShownKey } from "./shown-key.ts";

/** What was read, and since when changes of it are noticed. */
export interface Read<T> {
  readonly value: T;
  readonly since: number;
}

/** Reads now, when one of `inputs` changes, and after each change of the key. */
export function useRead<T>(shown: ShownKey, read: () => Promise<T>, inputs: readonly unknown[] = []): Polled<Read<T>> {
  const ask = async (): Promise<Read<T>> => {
    const { since } = shown;
    return { since, value: await read() };
  };
  return usePoll(ask, 0, [shown, shown.looked.value, ...inputs]);
}

/** A walk by cursors, which only leads forward: where it has been is kept for the way back. */
export interface CursorPages {
  readonly cursor: string;
  readonly back: (() => void) | null;
  readonly forward: (next: string) => (() => void) | null;
  readonly reset: () => void;
}

export function useCursorPages(): CursorPages {
  const path = useSignal<readonly string[]>(["0"]);
  const { value } = path;
  return {
    cursor: value.at(-1) ?? "0",
    back: value.length > 1 ? () => (path.value = value.slice(0, -1)) : null,
    forward: (next) => (next === "0" ? null : () => (path.value = [...value, next])),
    reset: () => (path.value = ["0"]),
  };
}

export interface Scanned {
  readonly next: string;
  readonly items: readonly Reply[];
}

/** Most requests for a page that finds little. */
const MOST_ROUNDS = 50;
export const PAGE = 100;

/** A page of HSCAN, SSCAN or ZSCAN: goes on until it has a page full, or has looked for a while. Errors: ReplyError, LinkError. */
export async function scan(shown: ShownKey, command: string, cursor: string, pattern: Uint8Array, width: number): Promise<Scanned> {
  const items: Reply[] = [];
  const match = pattern.length === 0 ? [] : ["MATCH", pattern];
  let next = cursor;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const [at, found] = listOf(await shown.ask(command, next, ...match, "COUNT", match.length === 0 ? PAGE : PAGE * 10));
    next = wordOf(at);
    items.push(...listOf(found));
    if (next === "0" || items.length >= PAGE * width) break;
  }
  return { next, items };
}
