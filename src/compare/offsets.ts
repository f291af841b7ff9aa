/** Waiting until both servers have got as far in the history they share, so that what differs then differs. */

import { setTimeout as sleep } from "node:timers/promises";
import { askBoth, type Pair } from "./pair.ts";
import type { Value } from "./reply-decoder.ts";

/**
 * How the two stand: "equal", both had what either had when that was asked; "apart", they share a history and one did not catch up in time;
 * "unrelated", neither replicates from the other, nor both from a third.
 */
export type Offsets = "equal" | "apart" | "unrelated";

/** How long one may take to catch up, in ms, and how often that is asked. */
const CATCH_UP_MS = 10_000;
const ASK_MS = 20;

/** Errors: CompareError. */
export async function waitForEqualOffsets(pair: Pair): Promise<Offsets> {
  let target: number | null = null;
  for (const end = Date.now() + CATCH_UP_MS; Date.now() < end; await sleep(ASK_MS)) {
    const [here, there] = (await askBoth(pair, [["INFO", "replication"]])).map(([text]) => positionOf(text));
    if (here.id !== there.id || here.id === "") return "unrelated";
    target ??= Math.max(here.offset, there.offset);
    if (Math.min(here.offset, there.offset) >= target) return "equal";
  }
  return "apart";
}

function positionOf(info: Value): { readonly id: string; readonly offset: number } {
  const text = String(info);
  const offset = /^master_repl_offset:(\d+)/m.exec(text)?.[1] ?? "0";
  return { id: /^master_replid:(\w+)/m.exec(text)?.[1] ?? "", offset: Number(offset) };
}
